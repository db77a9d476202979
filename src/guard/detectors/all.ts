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
];
const anyHost = createExfiltration();

const ruleSets = new Map<string, RuleSet>();
/** By the list itself: a configuration's goes when the configuration does. */
const ofHosts = new WeakMap<readonly string[], Map<string, RuleSet>>();

export interface LeakOptions {
  readonly isSilent?: (detector: string) => boolean;
  /** The only hosts that texts may point to. */
  readonly allowedHosts?: readonly string[] | undefined;
}

/**
 * The patterns of these categories, without those that are silent, as a rule set whose parts all guards
 * share: making them takes a quarter of a second. Undefined where there are none.
 */
export function leaksOf(
  wanted: ReadonlySet<Category>,
  { isSilent = () => false, allowedHosts }: LeakOptions = {},
): RuleSet | undefined {
  const isWanted = ({ category, name }: Pattern) => wanted.has(category) && !isSilent(name);
  const shared = LEAKS.map((patterns) => sharedRuleSet(patterns.filter(isWanted), ruleSets));
  const hosts = wanted.has("exfiltration") ? hostRules(allowedHosts, isWanted) : undefined;
  const [first, ...others] = [...shared, hosts].filter((rules) => rules !== undefined);
  return first && others.reduce(both, first);
}

function hostRules(
  allowedHosts: readonly string[] | undefined,
  isWanted: (pattern: Pattern) => boolean,
): RuleSet | undefined {
  if (!allowedHosts) return sharedRuleSet(anyHost.filter(isWanted), ruleSets);
  let known = ofHosts.get(allowedHosts);
  if (!known) ofHosts.set(allowedHosts, (known = new Map()));
  return sharedRuleSet(createExfiltration({ allowedHosts }).filter(isWanted), known);
}

function sharedRuleSet(
  patterns: readonly Pattern[],
  known: Map<string, RuleSet>,
): RuleSet | undefined {
  if (patterns.length === 0) return undefined;
  const key = [...new Set(patterns.map(({ name }) => name))].join(" ");
  let ruleSet = known.get(key);
  if (!ruleSet) known.set(key, (ruleSet = createRuleSet(patterns)));
  return ruleSet;
}
