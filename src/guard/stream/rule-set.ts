import type { Finding } from "../detector.ts";
import type { Pattern } from "../detectors/pattern.ts";
import { Automaton, DEAD } from "./automaton.ts";
import { type After, type Shape, parsePattern } from "./pattern-syntax.ts";
import { type Stretch, type Sweep, createSweep } from "./sweep.ts";

/** What a look at a text gave: complete findings, and from where on nothing can be said yet. */
export interface Looked {
  readonly findings: Finding[];
  /** Text before this index is settled; equals the text's length when all of it is. */
  readonly settled: number;
  /** The last finding reaches to the text's end and beyond: up to the end of this. */
  readonly goesOnUntil?: RegExp | undefined;
}

export interface RuleSet {
  /** `before` are the two characters in front of the text; `isEnd` says that no more will come. */
  look(text: string, isEnd: boolean, before?: string): Looked;
}

/** What may still become a match is held back up to this many characters. */
export const MOST_HELD = 512;

/** Matches of one pattern from one place: so many of the longest are asked about. */
const MOST_ASKED = 64;

/** Where a token that is longer than what is held ends. */
const TOKEN_END = /(?=[\s"'`<>])/;

interface Match {
  readonly pattern: Pattern;
  readonly end: number;
}

/** Nothing begins here; or more text is needed to tell; or the longest match. */
type Outcome = "none" | "undecided" | { readonly match: Match; readonly isCut: boolean };

/**
 * Patterns as one automaton, tried from every place where one may begin; the leftmost match counts, then
 * the longest. A place is left after 512 characters at the latest, most after one or two, so that the
 * cost is linear in the text's length whatever the text is. Throws PatternError.
 */
export function createRuleSet(patterns: readonly Pattern[]): RuleSet {
  return new PatternRules(patterns);
}

class PatternRules implements RuleSet {
  private readonly patterns: readonly Pattern[];
  private readonly shapes: readonly Shape[];
  private readonly automaton: Automaton;
  private readonly firsts: Readonly<Record<After, Uint8Array>>;
  /** Made for the first text that is there as a whole. */
  private sweep: Sweep | undefined;

  constructor(patterns: readonly Pattern[]) {
    this.patterns = patterns;
    this.shapes = patterns.map((pattern) => parsePattern(pattern.shape, pattern));
    this.automaton = new Automaton(this.shapes);
    this.firsts = {
      any: this.automaton.firsts("any"),
      word: this.automaton.firsts("word"),
      token: this.automaton.firsts("token"),
    };
  }

  look(text: string, isEnd: boolean, before = ""): Looked {
    if (!isEnd || before !== "") return this.lookIn(text, WHOLE, isEnd, before);
    // Most of a text that is there as a whole is passed over in one go.
    this.sweep ??= createSweep(this.shapes);
    const findings: Finding[] = [];
    let at = 0;
    for (const { from, to } of this.sweep.stretches(text)) {
      const looked = this.lookIn(text, { from: Math.max(from, at), to }, true, "");
      findings.push(...looked.findings);
      at = Math.max(at, looked.settled);
    }
    return { findings, settled: text.length };
  }

  /** Looks for matches that begin in this stretch. */
  private lookIn(text: string, { from, to }: Stretch, isEnd: boolean, before: string): Looked {
    const { firsts } = this;
    const findings: Finding[] = [];
    const end = Math.min(to, text.length);
    let at = from;
    while (at < end) {
      const code = text.charCodeAt(at);
      // Most characters begin nothing.
      if (firsts.token[code] === 0) {
        at += 1;
        continue;
      }
      const here = placeOf(text, at, before);
      const outcome = firsts[here][code] === 1 ? this.tryFrom(text, at, here, isEnd) : "none";
      if (outcome === "undecided") return { findings, settled: at };
      if (outcome === "none") {
        at += 1;
        continue;
      }
      const stop = stopOf(outcome, text);
      const { isDecoy } = outcome.match.pattern;
      if (!isDecoy) findings.push(toFinding(outcome, text, at, stop ?? text.length));
      if (stop === undefined && !isEnd) {
        return { findings, settled: text.length, goesOnUntil: untilOf(outcome) };
      }
      at = stop ?? text.length;
    }
    return { findings, settled: at };
  }

  private tryFrom(text: string, start: number, here: After, isEnd: boolean): Outcome {
    const { automaton } = this;
    if (automaton.isFull) automaton.forget();
    const most = Math.min(text.length, start + MOST_HELD);
    let seen: Candidates | undefined;
    let at = start;
    let state = automaton.start(here);
    while (at < most) {
      ({ at, state } = automaton.walk(text, at, most, state));
      if (state === DEAD) return seen?.best(text, start) ?? "none";
      const accepts = automaton.acceptsOf(state);
      if (!accepts?.isAny) break;
      seen ??= new Candidates(this.patterns);
      seen.add(accepts.here, at);
      // What fills all that may be held is a match too: it goes on to its token's end.
      const isCut = at - start >= MOST_HELD;
      const isAtBoundary = isCut || (at < text.length ? !isWord(text.charCodeAt(at)) : isEnd);
      if (isAtBoundary) seen.add(accepts.atBoundary, at);
      if (accepts.isFinal) return seen.best(text, start);
    }
    const isOver = isEnd || at - start >= MOST_HELD;
    return isOver ? (seen?.best(text, start) ?? "none") : "undecided";
  }
}

const WHOLE: Stretch = { from: 0, to: Number.POSITIVE_INFINITY };

type Matched = Exclude<Outcome, string>;

/** Up to what a match goes on; undefined where it ends by itself. */
function untilOf({ match, isCut }: Matched): RegExp | undefined {
  return match.pattern.until ?? (isCut ? TOKEN_END : undefined);
}

/** Where what is to be taken out ends; undefined: not in this text. */
function stopOf(matched: Matched, text: string): number | undefined {
  const { end } = matched.match;
  const until = untilOf(matched);
  if (!until) return end;
  const rest = until.exec(text.slice(end));
  return rest ? end + rest.index + rest[0].length : undefined;
}

/** The matches that were seen from one place. */
class Candidates {
  private readonly patterns: readonly Pattern[];
  private readonly found: { index: number; end: number }[] = [];

  constructor(patterns: readonly Pattern[]) {
    this.patterns = patterns;
  }

  add(indexes: readonly number[], end: number): void {
    for (const index of indexes) {
      const pattern = this.patterns[index];
      const isOne = !pattern?.isReal || pattern.isGreedy;
      const last = isOne ? this.found.find((one) => one.index === index) : undefined;
      if (last) last.end = end;
      else this.found.push({ index, end });
    }
    if (this.found.length > MOST_ASKED) this.found.shift();
  }

  best(text: string, start: number): Outcome {
    const longest = this.found.toSorted((a, b) => b.end - a.end || a.index - b.index);
    for (const { index, end } of longest) {
      const pattern = this.patterns[index];
      if (!pattern || pattern.isReal?.(text.slice(start, end)) === false) continue;
      return { match: { pattern, end }, isCut: end - start >= MOST_HELD };
    }
    return "none";
  }
}

function toFinding({ match }: Matched, text: string, at: number, stop: number): Finding {
  const { pattern, end } = match;
  const { category, confidence } = pattern;
  const matched = text.slice(at, end);
  const detector = pattern.nameOf?.(matched) ?? pattern.name;
  const [from, to] = pattern.part?.(matched) ?? [0, end - at];
  return { detector, category, start: at + from, end: stop === end ? at + to : stop, confidence };
}

/** Whether a word, or a token, begins at `at`: the letter of an escape as `\n` in JSON belongs to none. */
function placeOf(text: string, at: number, before: string): After {
  const last = charBefore(text, at, 1, before);
  if (isWord(last)) {
    const isEscape = isEscapeLetter(last) && charBefore(text, at, 2, before) === BACKSLASH;
    return isEscape ? "token" : "any";
  }
  // % + - .
  return last === 37 || last === 43 || last === 45 || last === 46 ? "word" : "token";
}

function charBefore(text: string, at: number, distance: number, before: string): number {
  const index = at - distance;
  return index >= 0 ? text.charCodeAt(index) : before.charCodeAt(before.length + index);
}

const BACKSLASH = 92;

/** b, f, n, r, t */
function isEscapeLetter(code: number): boolean {
  return code === 98 || code === 102 || code === 110 || code === 114 || code === 116;
}

/** `\w` by character code: this is asked at every character. */
function isWord(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95
  );
}
