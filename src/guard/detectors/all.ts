import type { Category, Detector } from "../detector.ts";
import { cardNumber } from "./card-number.ts";
import { contacts } from "./contacts.ts";
import { decoys } from "./decoys.ts";
import { createExfiltration } from "./exfiltration.ts";
import { iban } from "./iban.ts";
import { nationalIds } from "./national-ids.ts";
import { injectionPhrases, jailbreakPhrases } from "./override-phrases.ts";
import type { Pattern } from "./pattern.ts";
import { payloads } from "./payloads.ts";
import { repetition } from "./repetition.ts";
import { roleTokens } from "./role-tokens.ts";
import { secretAssignments } from "./secret-assignments.ts";
import { secretRules } from "./secrets.ts";
import { both } from "../stream/both-rule-sets.ts";
import { type RuleSet, createRuleSet } from "../stream/rule-set.ts";

/** What looks at whole texts. */
export const ATTACKS: readonly Detector[] = [
  injectionPhrases,
  jailbreakPhrases,
  roleTokens,
  repetition,
];

/**
 * What is recognised while it arrives, in prompts and inside streams. In a group the leftmost match hides
 * those that it covers; a payload must not hide the key that stands in it.
 */
const LEAKS: readonly (readonly Pattern[])[] = [
  [...secretRules, ...secretAssignments, cardNumber, iban, ...nationalIds, ...contacts, ...decoys],
  payloads,
  createExfiltration(),
];

const ruleSets = new Map<string, RuleSet>();

/**
 * The patterns of these categories, without those that are silent, as a rule set whose parts all guards
 * share: making them takes a quarter of a second. Undefined where there are none.
 */
export function leaksOf(
  wanted: ReadonlySet<Category>,
  isSilent: (detector: string) => boolean = () => false,
): RuleSet | undefined {
  const groups = LEAKS.map((patterns) =>
    patterns.filter(({ category, name }) => wanted.has(category) && !isSilent(name)),
  ).filter((patterns) => patterns.length > 0);
  const [first, ...others] = groups.map(sharedRuleSet);
  return first && others.reduce(both, first);
}

function sharedRuleSet(patterns: readonly Pattern[]): RuleSet {
  const key = [...new Set(patterns.map(({ name }) => name))].join(" ");
  let ruleSet = ruleSets.get(key);
  if (!ruleSet) ruleSets.set(key, (ruleSet = createRuleSet(patterns)));
  return ruleSet;
}
