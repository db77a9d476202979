import { leaksOf } from "../detectors/all.ts";
import type { Finding } from "../detector.ts";
import { type RuleSet, createRuleSet } from "../stream/rule-set.ts";

let rules: RuleSet | undefined;

/** What personal data is known by its form: made once, since that takes a moment. */
export function personalRules(): RuleSet {
  return (rules ??= leaksOf(new Set(["pii"])) ?? createRuleSet([]));
}

export function personalIn(text: string): readonly Finding[] {
  return personalRules().look(text, true).findings;
}
