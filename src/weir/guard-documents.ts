import { DEFAULT_TENANT } from "../core/call.ts";
import { WeirError } from "../core/errors.ts";
import type { Seen } from "../guard/gate.ts";
import { type Action, type Policy, decide, onFailureOf } from "../guard/policy/policy.ts";
import { takeOut } from "../guard/take-out.ts";
import type { GuardNeeds, ScannedDocument } from "../http/routes/guard.ts";
import type { House } from "./house.ts";

const STRENGTH: readonly Action[] = ["allow", "flag", "redact", "hold", "block"];

/** Looks at documents as at those of a call of the same tenant. */
export function scanDocuments(house: House): GuardNeeds["scan"] {
  return async ({ documents, remember }, { tenantId }) => {
    const place = { route: "/guard/documents", model: "", tenant: tenantId ?? DEFAULT_TENANT };
    const policy = house.live.gate.policy(place);
    const pieces = documents.map(({ text }) => ({ text, origin: "document" as const }));
    let seen: readonly Seen[];
    try {
      seen = await house.guard.see(pieces, place);
    } catch {
      throw unscanned();
    }
    const scanned = documents.map(({ id, text }, at) => ({
      ...(id !== undefined && { id }),
      ...toScanned(text, seen[at] ?? NOTHING, policy),
    }));
    return remember ? remembered(scanned, place.tenant, house) : scanned;
  };
}

/** What may not be indexed is not remembered; of the rest, the text as it goes in. */
function remembered(
  scanned: readonly ScannedDocument[],
  tenant: string,
  { guardMemory }: Pick<House, "guardMemory">,
): ScannedDocument[] {
  const good = scanned.filter(({ verdict }) => verdict !== "block" && verdict !== "hold");
  const kept = guardMemory.remember(tenant, good);
  const known = new Set(good.filter((_, at) => kept[at]));
  return scanned.map((one) => ({ ...one, remembered: known.has(one) }));
}

const NOTHING: Seen = { findings: [], failures: [] };

function toScanned(text: string, { findings, failures }: Seen, policy: Policy): ScannedDocument {
  if (failures.some(({ category }) => onFailureOf(category, policy) === "closed")) {
    throw unscanned();
  }
  const judged = findings.map((finding) => ({
    finding,
    action: decide(finding, finding.origin, policy),
  }));
  const actions = new Set(judged.map(({ action }) => action));
  const taken = judged.filter(({ action }) => action === "redact");
  return {
    verdict: STRENGTH.findLast((action) => actions.has(action)) ?? "allow",
    findings: judged
      .filter(({ action }) => action !== "allow")
      .map(({ finding, action }) => {
        const { detector, start, end, confidence, falsePositiveRate } = finding;
        return {
          detector,
          action,
          start,
          end,
          confidence,
          ...(falsePositiveRate !== undefined && { falsePositiveRate }),
        };
      }),
    text: takeOut(
      text,
      taken.map(({ finding }) => finding),
    ),
  };
}

function unscanned(): WeirError {
  return new WeirError(
    "guard_failed",
    "The guard could not look at these documents: do not index them. Try again, with fewer at once.",
  );
}
