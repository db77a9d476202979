import type { FilterValue, RunFilter } from "../../core/run-query.ts";
import { type FilterCall, type FilterNode, parseFilter, shown, wrongAt } from "./filter-syntax.ts";
import { PAIRS, TERMS, type Term, ofTerm } from "./filter-terms.ts";

const UNKNOWN = "use eq, neq, gt, gte, lt, lte, in, like, has, search, and, or, not";

/**
 * What LangSmith's filter language asks for. Throws invalid_request with the character at which it
 * cannot be followed, under the name of the parameter that it came in.
 */
export function filterOf(text: string, param = "filter"): RunFilter {
  return toFilter(parseFilter(text, param), param);
}

function toFilter(node: FilterNode, param: string): RunFilter {
  if (node.kind !== "call") throw wrongAt(param, node.at, "has a value where a condition belongs");
  const { name, args } = node;
  if (name === "and" || name === "or") {
    if (args.length === 0) throw wrongAt(param, node.at, `has an empty ${name}`);
    const of = name === "and" ? paired(args, param) : args.map((arg) => toFilter(arg, param));
    return of.length === 1 && of[0] ? of[0] : { op: name, of };
  }
  if (name === "not") return { op: "not", of: toFilter(only(node, param), param) };
  if (name === "search") return { op: "search", text: String(valueOf(lastOf(node, param), param)) };
  if (!TERMS.has(name))
    throw wrongAt(param, node.at, `has no comparison ${shown(name)}: ${UNKNOWN}`);
  return ofTerm(termOf(node, param), undefined);
}

/** Conditions of an `and`, those that belong together as one. */
function paired(args: readonly FilterNode[], param: string): RunFilter[] {
  const filters: RunFilter[] = [];
  const waiting = new Map<string, Term>();
  for (const arg of args) {
    const term = arg.kind === "call" && TERMS.has(arg.name) ? termOf(arg, param) : undefined;
    const key = term && Object.keys(PAIRS).find((name) => PAIRS[name] === term.field);
    const before = key === undefined ? undefined : waiting.get(key);
    if (term && before && key !== undefined) {
      waiting.delete(key);
      filters.push(ofTerm(before, term));
    } else if (term && PAIRS[term.field] !== undefined) {
      const unpaired = waiting.get(term.field);
      if (unpaired) filters.push(ofTerm(unpaired, undefined));
      waiting.set(term.field, term);
    } else filters.push(toFilter(arg, param));
  }
  return [...filters, ...Array.from(waiting.values(), (term) => ofTerm(term, undefined))];
}

function termOf(node: FilterCall, param: string): Term {
  const [first, second, ...more] = node.args;
  if (!first || !second || more.length > 0)
    throw wrongAt(param, node.at, `has ${node.name} without a field and a value`);
  const field = first.kind === "word" ? first.word : fieldInQuotes(first, param);
  const values =
    second.kind === "list"
      ? second.items.map((item) => valueOf(item, param))
      : [valueOf(second, param)];
  if (values.length === 0) throw wrongAt(param, second.at, "has an empty list");
  return { cmp: node.name as Term["cmp"], field, values, at: first.at, param }; // of TERMS
}

function fieldInQuotes(node: FilterNode, param: string): string {
  if (node.kind === "value" && typeof node.value === "string") return node.value;
  throw wrongAt(param, node.at, "has something else where a field's name belongs");
}

/** A value; a word without quotes is one too. */
function valueOf(node: FilterNode, param: string): FilterValue {
  if (node.kind === "value") return node.value;
  if (node.kind === "word") return node.word;
  throw wrongAt(param, node.at, "has something else where a value belongs");
}

function only(node: FilterCall, param: string): FilterNode {
  const [first, ...more] = node.args;
  if (first && more.length === 0) return first;
  throw wrongAt(param, node.at, `has ${node.name} without exactly one argument`);
}

/** `search(text)`, or with a field before it, which is not told apart. */
function lastOf(node: FilterCall, param: string): FilterNode {
  const last = node.args.at(-1);
  if (last && node.args.length <= 2) return last;
  throw wrongAt(param, node.at, "has search without a text");
}
