import {
  type CharSet,
  DIGIT,
  NOT_NEWLINE,
  SPACE,
  WORD,
  complement,
  ofBothCases,
  only,
  union,
} from "./char-set.ts";

/**
 * The part of regular expressions that needs no memory of what was read, and so can be run on a stream
 * in linear time: characters, classes, groups, `|`, `?`, `*`, `+`, `{n,m}`. A `\b` may stand at either
 * end. Lookaround and back references cannot be had; `^` and `$` mean nothing in a stream.
 */
export type Node =
  | { readonly type: "chars"; readonly set: CharSet }
  | { readonly type: "sequence"; readonly nodes: readonly Node[] }
  | { readonly type: "choice"; readonly nodes: readonly Node[] }
  | { readonly type: "repeat"; readonly node: Node; readonly min: number; readonly max: number };

export interface Shape {
  readonly node: Node;
  /** It ends before a character that is no letter, digit or `_`. */
  readonly isBoundRight: boolean;
  readonly after: After;
}

/** Before a match: anything; no letter, digit or `_`; or none of these and no `.`, `%`, `+` or `-` either. */
export type After = "any" | "word" | "token";

export interface PatternOptions {
  /** Of ASCII letters. */
  readonly ignoreCase?: boolean | undefined;
  /** It is looked for where tokens begin, as in front of an e-mail address: not at each part of one. */
  readonly isWholeToken?: boolean | undefined;
}

/** More would make an automaton that is too large. */
const MOST_REPEATS = 1000;
const MOST_NESTED = 50;

/** What a pattern must not have; the message says what and where. */
export class PatternError extends Error {
  override name = "PatternError" as const;
}

/** Throws PatternError. */
export function parsePattern(source: string, options: PatternOptions = {}): Shape {
  const { ignoreCase = false, isWholeToken = false } = options;
  const isBoundLeft = source.startsWith(String.raw`\b`);
  const isBoundRight = /(?:^|[^\\])(?:\\\\)*\\b$/.test(source) && source.length > 2;
  const body = source.slice(isBoundLeft ? 2 : 0, isBoundRight ? -2 : undefined);
  const node = new Parser(body, ignoreCase).parse();
  const after = isWholeToken ? "token" : isBoundLeft ? "word" : "any";
  return { node, after, isBoundRight };
}

class Parser {
  private readonly source: string;
  private readonly ignoreCase: boolean;
  private at = 0;
  private depth = 0;

  constructor(source: string, ignoreCase: boolean) {
    this.source = source;
    this.ignoreCase = ignoreCase;
  }

  parse(): Node {
    const node = this.choice();
    if (this.at < this.source.length) throw this.error(`"${this.peek()}" closes nothing`);
    return node;
  }

  private choice(): Node {
    const nodes = [this.sequence()];
    while (this.take("|")) nodes.push(this.sequence());
    return nodes.length === 1 && nodes[0] ? nodes[0] : { type: "choice", nodes };
  }

  private sequence(): Node {
    const nodes: Node[] = [];
    while (this.at < this.source.length && !"|)".includes(this.peek())) {
      nodes.push(this.repeated(this.atom()));
    }
    return { type: "sequence", nodes };
  }

  private atom(): Node {
    const char = this.peek();
    if (char === "(") return this.group();
    if (char === "[") return this.chars(this.charClass());
    if ("*+?{".includes(char)) throw this.error(`"${char}" repeats nothing`);
    if (char === "^" || char === "$") {
      throw this.error(`"${char}" has no meaning in a stream; write \\${char} for the character`);
    }
    this.at += 1;
    if (char === ".") return this.chars(NOT_NEWLINE);
    return this.chars(char === "\\" ? this.escape() : only(char.charCodeAt(0)));
  }

  private chars(set: CharSet): Node {
    return { type: "chars", set: this.ignoreCase ? ofBothCases(set) : set };
  }

  private group(): Node {
    const opened = this.at;
    this.at += 1;
    if (this.take("?") && !this.take(":")) {
      throw this.error("looking ahead or behind, and names of groups, cannot be had");
    }
    if (++this.depth > MOST_NESTED) throw this.error("groups are nested too deep");
    const node = this.choice();
    this.depth -= 1;
    if (!this.take(")")) throw this.error('this "(" is never closed', opened);
    return node;
  }

  private repeated(node: Node): Node {
    const range = this.range();
    if (!range) return node;
    // Lazy or greedy: the longest match is what counts.
    this.take("?");
    if ("*+{".includes(this.peek() || " ") && this.at < this.source.length) {
      throw this.error("a repetition cannot be repeated; put it in a group");
    }
    return { type: "repeat", node, ...range };
  }

  private range(): { min: number; max: number } | undefined {
    if (this.take("*")) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.take("+")) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.take("?")) return { min: 0, max: 1 };
    if (this.peek() !== "{") return undefined;
    const found = /^\{(\d{1,5})(,?)(\d{0,5})\}/.exec(this.source.slice(this.at));
    if (!found) throw this.error('"{" needs numbers, as {2,5}; write \\{ for the character');
    const [whole, low = "", comma, high = ""] = found;
    const min = Number(low);
    const max = comma === "" ? min : high === "" ? Number.POSITIVE_INFINITY : Number(high);
    if (max < min) throw this.error(`${whole}: the second number is less than the first`);
    if (min > MOST_REPEATS || (max > MOST_REPEATS && max !== Number.POSITIVE_INFINITY)) {
      throw this.error(`${whole}: ${MOST_REPEATS} times is the most`);
    }
    this.at += whole.length;
    return { min, max };
  }

  private charClass(): CharSet {
    const opened = this.at;
    this.at += 1;
    const isNegated = this.take("^");
    const ranges: (readonly [number, number])[] = [];
    while (!this.take("]")) {
      if (this.at >= this.source.length) throw this.error('this "[" is never closed', opened);
      ranges.push(...this.classPart());
    }
    const set = union(ranges);
    if (!isNegated) return set;
    return complement(this.ignoreCase ? ofBothCases(set) : set);
  }

  private classPart(): CharSet {
    const from = this.classAtom();
    const isRange =
      this.peek() === "-" && this.source[this.at + 1] !== "]" && this.at + 1 < this.source.length;
    if (!isRange) return from;
    this.at += 1;
    const to = this.classAtom();
    const [low, high] = [from[0]?.[0], to[0]?.[0]];
    const isSingle = [from, to].every((set) => set.length === 1 && set[0]?.[0] === set[0]?.[1]);
    if (!isSingle || low === undefined || high === undefined || high < low) {
      throw this.error("the ends of a range are two characters, the lower first");
    }
    return [[low, high]];
  }

  private classAtom(): CharSet {
    const char = this.peek();
    this.at += 1;
    return char === "\\" ? this.escape(true) : only(char.charCodeAt(0));
  }

  private escape(isInClass = false): CharSet {
    const char = this.peek();
    this.at += 1;
    const known = ESCAPES[char];
    if (known) return known;
    if (char === "b" && isInClass) return only(8);
    if (char === "b")
      throw this.error(String.raw`\b may stand at the beginning or at the end alone`);
    if (char === "x" || char === "u") return only(this.hex(char === "x" ? 2 : 4));
    if (char === "" || /[0-9A-Za-z]/.test(char)) {
      throw this.error(`\\${char} is not known here`);
    }
    return only(char.charCodeAt(0));
  }

  private hex(digits: number): number {
    const text = this.source.slice(this.at, this.at + digits);
    if (text.length < digits || !/^[0-9A-Fa-f]+$/.test(text)) {
      throw this.error(`${digits} hex digits are needed here`);
    }
    this.at += digits;
    return Number.parseInt(text, 16);
  }

  private peek(): string {
    return this.source.charAt(this.at);
  }

  private take(char: string): boolean {
    if (this.peek() !== char) return false;
    this.at += 1;
    return true;
  }

  private error(what: string, at = this.at): PatternError {
    return new PatternError(`${what} (at character ${at + 1} of ${JSON.stringify(this.source)})`);
  }
}

const ESCAPES: Readonly<Record<string, CharSet>> = {
  d: DIGIT,
  D: complement(DIGIT),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
  n: only(10),
  r: only(13),
  t: only(9),
  f: only(12),
  v: only(11),
  0: only(0),
};
