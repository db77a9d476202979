import type { Finding } from "../detector.ts";
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

/** Several rules as one pass: a combined pattern finds candidates, then only their rules are tried. */
export function createRuleSet(rules: readonly Rule[]): RuleSet {
  const starts = [...new Set(rules.flatMap((rule) => rule.starts))].toSorted(
    (a, b) => b.length - a.length,
  );
  const candidates = new RegExp(starts.map(escape).join("|"), "g");
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
      const tail = text.slice(at);
      if (isBoundary(text, at, before) && starts.some((start) => start.startsWith(tail))) return at;
    }
    return text.length;
  }

  return {
    look(text, isEnd, before = "") {
      const findings: Finding[] = [];
      candidates.lastIndex = 0;
      let from = 0;
      for (let hit = candidates.exec(text); hit; hit = candidates.exec(text)) {
        const at = hit.index;
        candidates.lastIndex = at + 1;
        if (!isBoundary(text, at, before)) continue;
        const { end, rule } = matchAt(text, at, isEnd);
        if (end === UNDECIDED) return { findings, settled: at };
        if (!rule) continue;
        const { name: detector, category, confidence } = rule;
        findings.push({ detector, category, start: at, end, confidence });
        candidates.lastIndex = end;
        from = end;
      }
      return { findings, settled: isEnd ? text.length : halfStart(text, from, before) };
    },
  };
}

function escape(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
