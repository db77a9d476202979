import type { Category } from "../detector.ts";

/**
 * Something with a shape that is recognised while it still arrives. The same pattern serves whole texts
 * and streams: in a stream, what may still become a match is exactly what is held back.
 */
export interface Pattern {
  /** As `secrets.openai_key`: the category, and what it is. */
  readonly name: string;
  readonly category: Category;
  /** 0 to 1. */
  readonly confidence: number;
  /** In the syntax of stream/pattern-syntax.ts. */
  readonly shape: string;
  /** Of ASCII letters. */
  readonly ignoreCase?: boolean;
  /** It is looked for where tokens begin, not in the middle of `a.b-c`. */
  readonly isWholeToken?: boolean;
  /** Whether what has the shape is one: a checksum, entropy. The longest match is asked about first. */
  isReal?(match: string): boolean;
  /** Only the longest match is asked about: a part of a URL is no URL. */
  readonly isGreedy?: true;
  /** A better name for this match, where there is one. */
  nameOf?(match: string): string | undefined;
  /** What of a match is taken out, as offsets into it; all of it where this is absent. */
  part?(match: string): readonly [start: number, end: number];
  /** Something innocent that others would take for theirs: it is passed over as a whole. */
  readonly isDecoy?: true;
  /** What is taken out goes on behind the match, up to the end of this, or to the end of the text. */
  readonly until?: RegExp;
}
