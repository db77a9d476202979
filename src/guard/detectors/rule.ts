import type { Category } from "../detector.ts";

/** Not here, whatever follows. */
export const NONE = -1;
/** More text is needed to tell. */
export const UNDECIDED = -2;

/**
 * Something with a shape that can be recognised while it is still arriving. The same rule serves
 * whole texts and streams: in a stream its "undecided" is exactly what must be held back.
 */
export interface Rule {
  readonly name: string;
  readonly category: Category;
  readonly confidence: number;
  /** Every match begins with one of these, after a character that is no letter, digit or `_`. */
  readonly starts: readonly string[];
  /**
   * Tries the rule where one of its starts stands. Gives the end of the match, NONE or UNDECIDED;
   * never UNDECIDED when `isEnd` says that no more text will come.
   */
  match(text: string, at: number, isEnd: boolean): number;
}

/** Whether a match may begin at `at`; `before` is the character in front of `text`. */
export function isBoundary(text: string, at: number, before = ""): boolean {
  if (at === 0 && before === "") return true;
  return !isWordCode(at === 0 ? before.charCodeAt(0) : text.charCodeAt(at - 1));
}

/** `\w` by character code: this is asked at every candidate of every token. */
function isWordCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95
  );
}

/** A literal start, then at least `min` characters of `body`. */
export function prefixed(name: string, starts: readonly string[], body: RegExp, min: number): Rule {
  return {
    name: `secrets.${name}`,
    category: "secrets",
    confidence: 0.98,
    starts,
    match(text, at, isEnd) {
      const start = starts.find((literal) => text.startsWith(literal, at));
      if (start === undefined) return NONE;
      const from = at + start.length;
      let end = from;
      while (end < text.length && body.test(text.charAt(end))) end++;
      if (end === text.length && !isEnd) return UNDECIDED;
      return end - from >= min ? end : NONE;
    },
  };
}

/**
 * A shape given as a regular expression over the run of `body` characters at the start: for tokens
 * with parts of their own, such as a JWT.
 */
export function shaped(name: string, starts: readonly string[], body: RegExp, shape: RegExp): Rule {
  return {
    ...prefixed(name, starts, body, 0),
    match(text, at, isEnd) {
      let end = at;
      while (end < text.length && body.test(text.charAt(end))) end++;
      if (end === text.length && !isEnd) return UNDECIDED;
      const found = shape.exec(text.slice(at, end));
      return found?.index === 0 ? at + found[0].length : NONE;
    },
  };
}
