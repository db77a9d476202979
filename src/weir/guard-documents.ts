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
  return async (documents, { tenantId }) => {
    const place = { route: "/guard/documents", model: "", tenant: tenantId ?? DEFAULT_TENANT };
    const policy = house.live.gate.policy(place);
    const pieces = documents.map(({ text }) => ({ text, origin: "document" as const }));
    let seen: readonly Seen[];
    try {
      seen = await house.guard.see(pieces, place);
    } catch {
      throw unscanned();
    }
    return documents.map(({ id, text }, at) => ({
      ...(id !== undefined && { id }),
      ...toScanned(text, seen[at] ?? NOTHING, policy),
    }));
  };
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
