import type { Origin } from "../../core/call.ts";
import type { Category, Finding } from "../detector.ts";

export type Action = "flag" | "redact" | "block";

/** What weir.yaml's `guard` section says. */
export interface GuardRules {
  readonly mode: "enforce" | "monitor" | "off";
  readonly input: readonly Category[];
  readonly documents: readonly Category[];
  readonly output: { readonly redact: readonly Category[]; readonly block: readonly Category[] };
}

/** Below this an attack is only noted: one phrase that people also use innocently. */
const BLOCK_FROM = 0.8;

/** The categories that matter in a text of this origin. */
export function wantedFor(origin: Origin, rules: GuardRules): ReadonlySet<Category> {
  if (rules.mode === "off") return new Set();
  if (origin === "assistant") return new Set([...rules.output.redact, ...rules.output.block]);
  return new Set(origin === "user" ? rules.input : rules.documents);
}

/** What a finding leads to. Attacks are blocked, secrets and personal data taken out. Pure. */
export function decide(finding: Finding, origin: Origin, rules: GuardRules): Action {
  if (rules.mode !== "enforce") return "flag";
  if (origin === "assistant") {
    return rules.output.block.includes(finding.category) ? "block" : "redact";
  }
  if (finding.category === "secrets" || finding.category === "pii") return "redact";
  return finding.confidence >= BLOCK_FROM ? "block" : "flag";
}
