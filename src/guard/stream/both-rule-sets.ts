import type { Finding } from "../detector.ts";
import type { Looked, RuleSet } from "./rule-set.ts";

/**
 * Two rule sets that look at the same text, neither hiding what the other finds: findings may overlap,
 * in the order of their starts. What one is not sure of yet is held back for both.
 */
export function both(one: RuleSet, other: RuleSet): RuleSet {
  return {
    look(text, isEnd, before) {
      const first = one.look(text, isEnd, before);
      const second = other.look(text, isEnd, before);
      // This is asked at every token, and mostly there is nothing.
      if (first.findings.length + second.findings.length === 0) {
        return first.settled < second.settled ? first : second;
      }
      const looks = [first, second];
      const settled = settledBy(looks);
      const findings = looks
        .flatMap(({ findings: found }) => found.filter(({ start }) => start < settled))
        .toSorted((a, b) => a.start - b.start || a.end - b.end);
      const goesOn = looks.findLast(
        (look) => look.goesOnUntil && (look.findings.at(-1)?.start ?? settled) < settled,
      );
      return { findings, settled, goesOnUntil: goesOn?.goesOnUntil };
    },
  };
}

/**
 * A rule set without what stands wholly inside of an allowed text, or touches it where `touching` is set.
 * What may become one is held back until it is known.
 */
export function lookingPast(rules: RuleSet, { rule, isFor, touching }: Allowing): RuleSet {
  const hides = touching ? overlaps : covers;
  return {
    look(text, isEnd, before) {
      const allowed = rule.look(text, isEnd, before);
      if (allowed.findings.length === 0 && allowed.settled === text.length) {
        return rules.look(text, isEnd, before);
      }
      const looked = rules.look(text, isEnd, before);
      const settled = settledBy([allowed, looked]);
      const findings = looked.findings.filter(
        (finding) =>
          finding.start < settled &&
          !(isFor(finding.detector) && allowed.findings.some((one) => hides(one, finding))),
      );
      const isOpen = findings.at(-1) === looked.findings.at(-1);
      return { findings, settled, goesOnUntil: isOpen ? looked.goesOnUntil : undefined };
    },
  };
}

interface Allowing {
  readonly rule: RuleSet;
  readonly isFor: (detector: string) => boolean;
  readonly touching?: boolean;
}

function covers(one: Finding, other: Finding): boolean {
  return one.start <= other.start && other.end <= one.end;
}

function overlaps(one: Finding, other: Finding): boolean {
  return one.start < other.end && other.start < one.end;
}

/** No finding is cut in two: where one reaches over what is settled, all of it waits. */
function settledBy(looks: readonly Looked[]): number {
  let settled = Math.min(...looks.map((look) => look.settled));
  for (let before = -1; before !== settled;) {
    before = settled;
    for (const { start, end } of looks.flatMap(({ findings }) => findings)) {
      if (start < settled && end > settled) settled = start;
    }
  }
  return settled;
}
