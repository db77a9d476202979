import type { Origin } from "../../core/call.ts";
import type { Category, Detector, Finding } from "../detector.ts";
import { leaksOf } from "../detectors/all.ts";
import { both, lookingPast } from "../stream/both-rule-sets.ts";
import { type RuleSet, createRuleSet } from "../stream/rule-set.ts";
import { ownDetectors, ownShapes } from "./own-detectors.ts";
import { isMeant, silencedBy } from "./silenced.ts";
import { shapeOf, toPattern } from "./own-patterns.ts";
import { type Policy, wantedFor } from "./policy.ts";

/** One way of looking at texts of one origin. */
export interface Looker {
  readonly origin: Origin;
  readonly detectors: readonly Detector[];
  /** What is recognised by its shape, in streams too. */
  readonly shapes: RuleSet | undefined;
  /** A text in which nothing that is allowed stands any more, at the same offsets. */
  readonly without: (text: string, detector: Detector) => string;
}

/** A detector that could not look. */
export interface Failure {
  readonly detector: string;
  readonly category: Category;
}

export interface Found {
  readonly findings: readonly Finding[];
  readonly failures: readonly Failure[];
}

export const NOTHING_FOUND: Found = { findings: [], failures: [] };

/** How texts of an origin are looked at under a policy; undefined where nothing is looked for. */
export function lookerFor(
  origin: Origin,
  policy: Policy,
  all: readonly Detector[],
): Looker | undefined {
  if (policy.mode === "off") return undefined;
  const wanted = wantedFor(origin, policy);
  const isSilent = silencedBy(policy.allow);
  const detectors = [
    ...all.filter(({ category, name }) => wanted.has(category) && !isSilent(name)),
    ...ownDetectors(origin, policy),
  ];
  const shapes = shapesFor(origin, policy, wanted);
  if (detectors.length === 0 && !shapes) return undefined;
  return { origin, detectors, shapes, without: blanking(policy.allow) };
}

/** Whoever looks may fail: what did not look is named, and the others look all the same. */
export function look(text: string, { origin, detectors, shapes, without }: Looker): Found {
  const findings: Finding[] = [];
  const failures: Failure[] = [];
  for (const detector of detectors) {
    try {
      findings.push(...detector.inspect(without(text, detector), origin));
    } catch {
      // A detector's error may quote the text that it looked at.
      failures.push({ detector: detector.name, category: detector.category });
    }
  }
  try {
    findings.push(...(shapes?.look(text, true).findings ?? []));
  } catch {
    failures.push({ detector: "secrets", category: "secrets" });
    failures.push({ detector: "pii", category: "pii" });
  }
  return findings.length + failures.length === 0 ? NOTHING_FOUND : { findings, failures };
}

function shapesFor(
  origin: Origin,
  policy: Policy,
  wanted: ReadonlySet<Category>,
): RuleSet | undefined {
  const { rules, allow, allowedHosts } = policy;
  const own = rules.filter((rule) => origin !== "history" && rule.in.includes(origin));
  const all = [
    own.length > 0 ? createRuleSet(own.map(toPattern)) : undefined,
    ownShapes(origin, policy),
    leaksOf(wanted, { isSilent: silencedBy(allow), allowedHosts }),
  ].reduce((one, other) => (one && other ? both(one, other) : (one ?? other)));
  return all && entriesOf(allow).reduce((rules, entry) => lookingPast(rules, entry), all);
}

interface Entry {
  readonly rule: RuleSet;
  readonly isFor: (detector: string) => boolean;
}

/** Allowed texts, each with who looks past it. */
function entriesOf(allow: Policy["allow"]): Entry[] {
  return allow.flatMap((one) => {
    const shape = shapeOf(one);
    if (shape === undefined) return [];
    const rule = createRuleSet([{ name: "allowed", category: "custom", confidence: 0, shape }]);
    const names = typeof one === "string" ? undefined : one.detectors;
    const isFor = (detector: string) => names?.some((name) => isMeant(name, detector)) ?? true;
    return [{ rule, isFor }];
  });
}

/** Blanks out allowed texts for those who look at a text as a whole. */
function blanking(allow: Policy["allow"]): Looker["without"] {
  const entries = entriesOf(allow);
  if (entries.length === 0) return (text) => text;
  return (text, { name }) => {
    let seen = text;
    for (const { rule, isFor } of entries) {
      if (!isFor(name)) continue;
      for (const { start, end } of rule.look(text, true).findings) {
        seen = seen.slice(0, start) + " ".repeat(end - start) + seen.slice(end);
      }
    }
    return seen;
  };
}
