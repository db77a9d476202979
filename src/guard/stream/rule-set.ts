import type { Finding } from "../detector.ts";
import { createLiteralFinder } from "../detectors/literal-finder.ts";
import { NONE, type Rule, UNDECIDED, isBoundary } from "../detectors/rule.ts";

/** What a look at a text gave: complete findings, and from where on nothing can be said yet. */
export interface Looked {
  readonly findings: Finding[];
  /** Text before this index is settled; equals the text's length when all of it is. */
  readonly settled: number;
}

export interface RuleSet {
  /** `before` is the character in front of the text; `isEnd` says that no more will come. */
  look(text: string, isEnd: boolean, before?: string): Looked;
}

/** Several rules as one pass: their starts are found together, then only their rules are tried. */
export function createRuleSet(rules: readonly Rule[]): RuleSet {
  const starts = [...new Set(rules.flatMap((rule) => rule.starts))];
  const finder = createLiteralFinder(starts);
  const longest = Math.max(0, ...starts.map(({ length }) => length));

  function matchAt(text: string, at: number, isEnd: boolean): { end: number; rule?: Rule } {
    let isOpen = false;
    for (const rule of rules) {
      if (!rule.starts.some((start) => text.startsWith(start, at))) continue;
      const end = rule.match(text, at, isEnd);
      if (end >= 0) return { end, rule };
      isOpen ||= end === UNDECIDED;
    }
    return { end: isOpen ? UNDECIDED : NONE };
  }

  /** Where a start may be cut in half by the end of the text. */
  function halfStart(text: string, from: number, before: string): number {
    for (let at = Math.max(from, text.length - longest + 1); at < text.length; at++) {
      if (!isBoundary(text, at, before)) continue;
      const tail = text.slice(at);
      if (starts.some((start) => start.startsWith(tail))) return at;
    }
    return text.length;
  }

  /** Where a match may begin, in order. */
  function candidates(text: string, before: string): number[] {
    const found: number[] = [];
    finder.each(text, (_literal, at) => {
      if (isBoundary(text, at, before)) found.push(at);
    });
    // Literals are found by their ends: a long one may begin before a short one that was found first.
    return found.length > 1 ? found.sort((a, b) => a - b) : found;
  }

  return {
    look(text, isEnd, before = "") {
      const findings: Finding[] = [];
      let from = 0;
      for (const at of candidates(text, before)) {
        if (at < from) continue;
        const { end, rule } = matchAt(text, at, isEnd);
        if (end === UNDECIDED) return { findings, settled: at };
        if (!rule) continue;
        const { name: detector, category, confidence } = rule;
        findings.push({ detector, category, start: at, end, confidence });
        from = end;
      }
      return { findings, settled: isEnd ? text.length : halfStart(text, from, before) };
    },
  };
}
