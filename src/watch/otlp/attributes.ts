/** How dialects read a span's attributes: leniently, since every library writes them a little differently. */
import { type Attributes, SpanError, type Value } from "./span.ts";

/** The first of these that has a text. */
export function textAt(attributes: Attributes, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = attributes.get(name);
    if (typeof value === "string" && value !== "") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
  }
  return undefined;
}

export function numberAt(attributes: Attributes, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = attributes.get(name);
    const number = typeof value === "string" && value !== "" ? Number(value) : value;
    if (typeof number === "number" && Number.isFinite(number)) return number;
  }
  return undefined;
}

/** A count of tokens. Throws SpanError for a negative one: it would take away from sums. */
export function tokensAt(attributes: Attributes, ...names: readonly string[]): number | undefined {
  const name = names.find((name) => numberAt(attributes, name) !== undefined);
  const count = name === undefined ? undefined : numberAt(attributes, name);
  if (count !== undefined && count < 0) throw new SpanError("must not be negative", name);
  return count;
}

export function flagAt(attributes: Attributes, ...names: readonly string[]): boolean | undefined {
  for (const name of names) {
    const value = attributes.get(name);
    if (typeof value === "boolean") return value;
    if (value === "true" || value === "false") return value === "true";
  }
  return undefined;
}

/** A value that is structured, or the same as a JSON text, or a text that is none. */
export function parsedAt(attributes: Attributes, ...names: readonly string[]): Value | undefined {
  for (const name of names) {
    const value = attributes.get(name);
    if (value !== undefined && value !== null && value !== "") return parsed(value);
  }
  return undefined;
}

export function parsed(value: Value): Value {
  if (typeof value !== "string" || !/^\s*[[{"]/.test(value) || isTooDeep(value)) return value;
  try {
    return JSON.parse(value) as Value; // JSON has no other values
  } catch {
    return value;
  }
}

/** Deeper than any message is; whoever writes or masks it later would run out of stack. */
const MAX_DEPTH = 100;

/** Brackets within texts count too: then a value stays the text that it was. */
function isTooDeep(json: string): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const char = json.charCodeAt(at);
    if (char === 0x5b || char === 0x7b) depth += 1;
    else if (char === 0x5d || char === 0x7d) depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

export function listAt(attributes: Attributes, name: string): readonly Value[] {
  const value = parsedAt(attributes, name);
  if (Array.isArray(value)) return value as readonly Value[];
  return value === undefined ? [] : [value];
}

/** What is left of the names under a prefix, with their values. */
export function under(attributes: Attributes, prefix: string): Map<string, Value> {
  const found = new Map<string, Value>();
  for (const [name, value] of attributes) {
    if (name.startsWith(prefix)) found.set(name.slice(prefix.length), value);
  }
  return found;
}

export function hasUnder(attributes: Attributes, prefix: string): boolean {
  for (const name of attributes.keys()) if (name.startsWith(prefix)) return true;
  return false;
}

/** More than any prompt has messages: numbers in names are not to make lists of any size. */
const MOST_ITEMS = 10_000;

type Tree = Map<string, Tree | Value>;

/**
 * Lists that were flattened into names, put together again: `0.role` and `0.content` are an object in
 * a list. Undefined where nothing stands under the prefix.
 */
export function nestedAt(attributes: Attributes, prefix: string): Value | undefined {
  const found = under(attributes, `${prefix}.`);
  if (found.size === 0) return undefined;
  const root: Tree = new Map();
  for (const [name, value] of found) {
    const steps = name.split(".", MAX_DEPTH);
    const last = steps.pop() ?? "";
    let at = root;
    for (const step of steps) {
      const known = at.get(step);
      const next: Tree = known instanceof Map ? known : new Map();
      if (known !== next) at.set(step, next);
      at = next;
    }
    if (!at.has(last)) at.set(last, value);
  }
  return toValue(root);
}

function toValue(tree: Tree | Value): Value {
  if (!(tree instanceof Map)) return tree;
  const entries = [...tree].map(([name, inner]): [string, Value] => [name, toValue(inner)]);
  const isList = entries.every(([name]) => /^\d{1,5}$/.test(name) && Number(name) < MOST_ITEMS);
  if (!isList) return Object.fromEntries(entries);
  return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value);
}

export type Fields = Readonly<Record<string, Value>>;

export function fieldsOf(value: Value | undefined): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields) // neither a list nor a scalar
    : undefined;
}

export function listOf(value: Value | undefined): readonly Value[] | undefined {
  return Array.isArray(value) ? (value as readonly Value[]) : undefined; // isArray forgets readonly
}

export function textOf(value: Value | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
