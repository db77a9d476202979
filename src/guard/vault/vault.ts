import type { FindingRecord, Origin } from "../../core/call.ts";
import type { GenerateRequest } from "../../core/chat.ts";
import type { Finding } from "../detector.ts";
import { mapTexts } from "../request-texts.ts";
import { replacementFor } from "../stream/output-scan.ts";
import { takeOut } from "../take-out.ts";
import { type Told, sameFor, withParts } from "./grouping.ts";
import { placeholderFor } from "./placeholder.ts";
import type { Mapping } from "./vault-keys.ts";

/** What was found in each text of a request. */
export type FoundIn = ReadonlyMap<string, readonly Finding[]>;

/** What stands for each value upstream, and what answers get back for it. */
export interface StandIns {
  /** Placeholders by values; one that stands for itself is left as it is. */
  readonly placeholders: ReadonlyMap<string, string>;
  readonly mappings: readonly Mapping[];
}

/** So long may a search for a placeholder that stands nowhere else go on. */
export const MOST_ATTEMPTS = 20;

/** The texts that the vault is for, each once: all but what developers and systems say. */
export function textsOf(request: GenerateRequest): string[] {
  const texts = new Set<string>();
  mapTexts(request, (text, origin) => {
    if (origin !== "developer") texts.add(text);
    return text;
  });
  return [...texts];
}

/** The values that were found, each once. */
export function valuesIn(found: FoundIn): Told[] {
  const values = new Map<string, Told>();
  for (const [text, findings] of found) {
    for (const { detector, start, end } of findings) {
      const value = text.slice(start, end);
      values.set(value, { detector, value });
    }
  }
  return [...values.values()];
}

/**
 * Placeholders that follow from a key: the same value gets the same one in each request, and another one
 * by another key. None of them stands in the request already.
 */
export function standInsFor(values: readonly Told[], key: Uint8Array): StandIns {
  const taken = new Map(values.map((told) => [sameFor(told), ""]));
  const placeholders = new Map<string, string>();
  const mappings: Mapping[] = [];
  for (const told of values) {
    const { detector, value } = told;
    const same = sameFor(told);
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const placeholder = placeholderFor(told, key, attempt);
      const made = sameFor({ detector, value: placeholder });
      if ((taken.get(made) ?? same) !== same) continue;
      taken.set(made, same);
      placeholders.set(value, placeholder);
      mappings.push(...withParts({ placeholder, original: value, detector, user: "" }));
      break;
    }
  }
  return { placeholders, mappings };
}

/** Personal data of one request, and what the guard says of it. */
export interface Masked {
  readonly request: GenerateRequest;
  readonly findings: readonly FindingRecord[];
}

/** Puts placeholders for what was found. What has none is taken out. */
export function masked(
  request: GenerateRequest,
  found: FoundIn,
  { placeholders }: Pick<StandIns, "placeholders">,
): Masked {
  const findings: FindingRecord[] = [];
  const changed = new Map<string, string>();
  const seen = mapTexts(request, (text, origin) => {
    const personal = origin === "developer" ? undefined : found.get(text);
    if (!personal?.length) return text;
    const standInOf = ({ start, end, detector }: Finding) =>
      placeholders.get(text.slice(start, end)) ?? replacementFor(detector);
    const news = personal.filter((one) => standInOf(one) !== text.slice(one.start, one.end));
    if (news.length === 0) return text;
    findings.push(...news.map((finding) => toRecord(finding, origin)));
    const without = takeOut(text, news, standInOf);
    changed.set(text, without);
    return without;
  });
  return { request: withChanges(seen, changed), findings };
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
