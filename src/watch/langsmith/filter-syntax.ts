import { WeirError } from "../../core/errors.ts";

/**
 * The form of LangSmith's filters: calls within calls, `and(eq(name, "x"), gt(latency, "5s"))`. What the
 * names mean is not known here.
 */
export interface FilterCall {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly FilterNode[];
  /** The character of the filter at which it begins, from 1. */
  readonly at: number;
}

export type FilterNode =
  | FilterCall
  /** A word without quotes: a field. */
  | { readonly kind: "word"; readonly word: string; readonly at: number }
  | {
      readonly kind: "value";
      readonly value: string | number | boolean | null;
      readonly at: number;
    }
  | { readonly kind: "list"; readonly items: readonly FilterNode[]; readonly at: number };

const MAX_LENGTH = 20_000;
const MAX_DEPTH = 32;
const TOKEN =
  /\s*(?:([(),[\]])|("(?:[^"\\]|\\.)*")|('(?:[^'\\]|\\.)*')|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])|([A-Za-z_][\w.]*))/suy;
const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["null", null],
  ["None", null],
]);

interface Token {
  readonly text: string;
  readonly at: number;
  readonly node: FilterNode | undefined;
}

/** Throws invalid_request, naming the character at which it went wrong. */
export function parseFilter(text: string, param = "filter"): FilterNode {
  if (text.length > MAX_LENGTH) throw wrongAt(param, 1, `is longer than ${MAX_LENGTH} characters`);
  const tokens = tokensOf(text, param);
  let next = 0;
  const node = readNode(0);
  const rest = tokens[next];
  if (rest) throw wrongAt(param, rest.at, `should have ended before ${shown(rest.text)}`);
  return node;

  function readNode(depth: number): FilterNode {
    const token = tokens[next];
    if (!token) throw wrongAt(param, text.length + 1, "ends where a condition or a value belongs");
    if (depth > MAX_DEPTH) throw wrongAt(param, token.at, `is nested deeper than ${MAX_DEPTH}`);
    next += 1;
    if (token.text === "[") {
      return { kind: "list", items: readUntil("]", depth + 1), at: token.at };
    }
    const { node: found } = token;
    if (!found) throw wrongAt(param, token.at, `has ${shown(token.text)} where a value belongs`);
    if (found.kind !== "word" || tokens[next]?.text !== "(") return found;
    next += 1;
    return { kind: "call", name: found.word, args: readUntil(")", depth + 1), at: found.at };
  }

  function readUntil(end: string, depth: number): FilterNode[] {
    const nodes: FilterNode[] = [];
    while (tokens[next]?.text !== end) {
      nodes.push(readNode(depth));
      const token = tokens[next];
      if (token?.text === ",") next += 1;
      else if (token?.text !== end) {
        throw wrongAt(param, token?.at ?? text.length + 1, `lacks a comma or "${end}"`);
      }
    }
    next += 1;
    return nodes;
  }
}

function tokensOf(text: string, param: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const before = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (!found) {
      throw wrongAt(
        param,
        before + 1,
        `cannot be read from ${shown(text.slice(before).trim())} on`,
      );
    }
    const [whole, sign, double, single, number, word] = found;
    const at = before + whole.length - whole.trimStart().length + 1;
    if (sign !== undefined) tokens.push({ text: sign, at, node: undefined });
    else
      tokens.push({ text: whole.trim(), at, node: nodeOf({ double, single, number, word }, at) });
  }
  return tokens;
}

interface Read {
  readonly double: string | undefined;
  readonly single: string | undefined;
  readonly number: string | undefined;
  readonly word: string | undefined;
}

function nodeOf({ double, single, number, word = "" }: Read, at: number): FilterNode {
  const quoted = double ?? single;
  if (quoted !== undefined) return { kind: "value", value: unquoted(quoted), at };
  if (number !== undefined) return { kind: "value", value: Number(number), at };
  const value = WORDS.get(word);
  return value === undefined ? { kind: "word", word, at } : { kind: "value", value, at };
}

function unquoted(text: string): string {
  return text.slice(1, -1).replaceAll(/\\(.)/gs, (_whole, sign: string) => ESCAPES[sign] ?? sign);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

/** The error of a filter that cannot be understood, at the character where that shows. */
export function wrongAt(param: string, at: number, what: string): WeirError {
  return new WeirError("invalid_request", `The ${param} ${what} (character ${at}).`, { param });
}

export function shown(text: string): string {
  return `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;
}
