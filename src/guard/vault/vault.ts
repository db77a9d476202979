import { createHmac } from "node:crypto";
import type { FindingRecord, Origin } from "../../core/call.ts";
import type { GenerateRequest } from "../../core/chat.ts";
import type { Finding } from "../detector.ts";
import { leaksOf } from "../detectors/all.ts";
import { mapTexts } from "../request-texts.ts";
import { takeOut } from "../take-out.ts";
import { placeholderFor } from "./placeholder.ts";

/** Personal data of one request, and what stands for it upstream. */
export interface Vaulted {
  readonly request: GenerateRequest;
  readonly findings: readonly FindingRecord[];
  /** Originals by their placeholders; empty where there was nothing. */
  readonly originals: ReadonlyMap<string, string>;
}

/** So long may a search for a placeholder that stands nowhere else in the request go on. */
const MOST_ATTEMPTS = 20;

/**
 * Puts placeholders for personal data into all that users, documents, tools and earlier turns say. A
 * tenant's placeholders follow from its own key: the same value gets the same one in each request, and
 * another one at another tenant's. What cannot be given one is taken out.
 */
export function vaulted(request: GenerateRequest, secret: Uint8Array, tenant: string): Vaulted {
  const rules = leaksOf(new Set(["pii"]));
  if (!rules) return { request, findings: [], originals: new Map() };
  const key = createHmac("sha256", secret).update(tenant).digest();
  const texts: string[] = [];
  mapTexts(request, (text) => (texts.push(text), text));
  const everything = texts.join("\n");
  const originals = new Map<string, string>();
  const placeholders = new Map<string, string>();
  const findings: FindingRecord[] = [];
  const changed = new Map<string, string>();

  function standIn(finding: Finding, text: string): string {
    const value = text.slice(finding.start, finding.end);
    const known = placeholders.get(value);
    if (known !== undefined) return known;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const made = placeholderFor({ detector: finding.detector, value }, key, attempt);
      if (originals.has(made) || everything.includes(made)) continue;
      placeholders.set(value, made);
      originals.set(made, value);
      return made;
    }
    return "[redacted]";
  }

  const seen = mapTexts(request, (text, origin) => {
    const found = rules.look(text, true).findings;
    if (found.length === 0 || origin === "developer") return text;
    findings.push(...found.map((finding) => toRecord(finding, origin)));
    const masked = takeOut(text, found, (finding) => standIn(finding, text));
    changed.set(text, masked);
    return masked;
  });
  return { request: withChanges(seen, changed), findings, originals };
}

function toRecord({ detector, confidence }: Finding, origin: Origin): FindingRecord {
  return { detector, action: "redact", origin, confidence };
}

/** A relay of the client's own body has to change what the guard changed before, and this. */
function withChanges(
  request: GenerateRequest,
  changed: ReadonlyMap<string, string>,
): GenerateRequest {
  const { source } = request;
  if (!source || changed.size === 0) return request;
  const redacted = new Map(changed);
  for (const [original, text] of source.redacted ?? []) {
    redacted.delete(text);
    redacted.set(original, changed.get(text) ?? text);
  }
  return { ...request, source: { ...source, redacted } };
}
