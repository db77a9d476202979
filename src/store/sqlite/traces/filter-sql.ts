import type { Comparison, FilterValue, RunField, RunFilter } from "../../../core/run-query.ts";
import { SIGNS, UUID, cannot, isOpenEnded, wordsOf } from "../../run-filter.ts";
import { INDEXED, termOf, termOfLatency } from "./find-terms.ts";
import { GUARDED, SOURCES, STATUSES, STREAMED, firstSeq, uuidToBytes } from "./schema.ts";
import type { Words } from "./words.ts";

/** A condition in SQL on the table alias `run`, with what is bound to it. */
export interface Condition {
  readonly sql: string;
  readonly values: (string | number | Uint8Array | null)[];
}

/** Columns that hold the number of a word. */
const WORD_COLUMNS: Partial<Record<RunField, string>> = {
  projectId: "project",
  name: "name",
  type: "type",
  model: "model",
  provider: "provider",
  target: "target",
  route: "route",
  keyId: "key",
  keyName: "key_name",
  userId: "user",
  threadId: "thread",
  promptVersion: "prompt",
  errorCode: "error_code",
  finishReason: "finish",
  cache: "cache",
};

const ID_COLUMNS: Partial<Record<RunField, string>> = {
  id: "id",
  traceId: "trace",
  parentId: "parent",
  referenceExampleId: "example",
};

const NUMBERS: Partial<Record<RunField, string>> = {
  startTime: "run.at",
  endTime: "(run.at + run.duration_ms)",
  latency: "(run.duration_ms / 1000.0)",
  firstTokenSeconds: "(run.ttft_ms / 1000.0)",
  inputTokens: "ifnull(run.input_tokens, 0)",
  outputTokens: "ifnull(run.output_tokens, 0)",
  totalTokens: "(ifnull(run.input_tokens, 0) + ifnull(run.output_tokens, 0))",
  cachedTokens: "ifnull(run.cached_tokens, 0)",
  reasoningTokens: "ifnull(run.reasoning_tokens, 0)",
  costDollars: "(run.cost / 1e9)",
};

/** Translates a filter. Throws invalid_request where a field cannot be compared in that way. */
export function toCondition(filter: RunFilter, words: Words): Condition {
  switch (filter.op) {
    case "and":
    case "or":
      return joined(
        filter.of.map((part) => toCondition(part, words)),
        filter.op,
      );
    case "not": {
      const { sql, values } = toCondition(filter.of, words);
      return { sql: `NOT ifnull((${sql}), 0)`, values };
    }
    case "in":
      return joined(
        filter.values.map((value) => compare(filter.field, "eq", value, words)),
        "or",
      );
    case "like":
      return like(filter.field, filter.value);
    case "tag":
      return {
        sql: "EXISTS (SELECT 1 FROM json_each(run.tags) AS tag WHERE tag.value = ?)",
        values: [filter.value],
      };
    case "metadata":
      return ofMetadata(filter);
    case "feedback":
      return ofFeedback(filter);
    case "search":
      return {
        sql: "run.seq IN (SELECT rowid FROM run_text WHERE run_text MATCH ?)",
        values: [toMatch(filter.text)],
      };
    case "root":
    case "tree":
      return ofTrace(filter.op, toCondition(filter.of, words));
    default:
      return compare(filter.field, filter.op, filter.value, words);
  }
}

function joined(parts: readonly Condition[], op: "and" | "or"): Condition {
  if (parts.length === 0) return { sql: op === "and" ? "1" : "0", values: [] };
  return {
    sql: parts.map(({ sql }) => `(${sql})`).join(` ${op.toUpperCase()} `),
    values: parts.flatMap(({ values }) => values),
  };
}

function compare(field: RunField, cmp: Comparison, value: FilterValue, words: Words): Condition {
  if (field === "error") return ofError(cmp, value);
  if (field === "status") return ofList(STATUSES, "run.status", cmp, value);
  if (field === "source") return ofList(SOURCES, "run.source", cmp, value);
  if (field === "isStream") return ofFlag(STREAMED, cmp, value);
  if (field === "guarded") return ofFlag(GUARDED, cmp, value);
  const idColumn = ID_COLUMNS[field];
  if (idColumn) return ofId(`run.${idColumn}`, cmp, value);
  const wordColumn = WORD_COLUMNS[field];
  if (wordColumn) return ofWord(`run.${wordColumn}`, cmp, value, words);
  const number = NUMBERS[field];
  if (number === undefined) throw cannot(field);
  if (value === null) return ofNull(number, cmp, field);
  const amount = Number(value);
  if (Number.isNaN(amount)) throw cannot(field, "a number");
  return { sql: `${number} ${SIGNS[cmp]} ?`, values: [amount] };
}

function ofNull(column: string, cmp: Comparison, field: string): Condition {
  if (cmp !== "eq" && cmp !== "neq") throw cannot(field);
  return { sql: `${column} IS ${cmp === "eq" ? "" : "NOT "}NULL`, values: [] };
}

function ofError(cmp: Comparison, value: FilterValue): Condition {
  const failed = `run.status IN (${STATUSES.indexOf("error")}, ${STATUSES.indexOf("blocked")})`;
  const isAsked = value === null || value === false ? "neq" : "eq";
  if (value === null || typeof value === "boolean") {
    return { sql: cmp === isAsked ? failed : `NOT ${failed}`, values: [] };
  }
  return { sql: `run.error ${SIGNS[cmp]} ?`, values: [String(value)] };
}

function ofList(
  list: readonly string[],
  column: string,
  cmp: Comparison,
  value: FilterValue,
): Condition {
  if (cmp !== "eq" && cmp !== "neq") throw cannot(column.slice(4), `one of ${list.join(", ")}`);
  return { sql: `${column} ${SIGNS[cmp]} ?`, values: [list.indexOf(String(value))] };
}

function ofFlag(flag: number, cmp: Comparison, value: FilterValue): Condition {
  const isWanted = (value === true || value === "true") === (cmp === "eq");
  return { sql: `(run.flags & ${flag}) ${isWanted ? "<>" : "="} 0`, values: [] };
}

function ofId(column: string, cmp: Comparison, value: FilterValue): Condition {
  if (value === null) return ofNull(column, cmp, column.slice(4));
  const text = String(value);
  if (!UUID.test(text)) throw cannot(column.slice(4), "a UUID");
  const own = { sql: `${column} ${SIGNS[cmp]} ?`, values: [uuidToBytes(text.toLowerCase())] };
  if (column !== "run.parent" || cmp !== "eq") return own;
  // Parents are not indexed, traces are.
  return {
    sql: `${own.sql} AND run.trace IN (SELECT ifnull((SELECT trace FROM run WHERE id = ?), ?))`,
    values: [...own.values, ...own.values, ...own.values],
  };
}

function ofWord(column: string, cmp: Comparison, value: FilterValue, words: Words): Condition {
  if (value === null) return ofNull(column, cmp, column.slice(4));
  const text = String(value);
  if (cmp === "eq") return { sql: `${column} = ?`, values: [words.known(text) ?? -1] };
  if (cmp === "neq") {
    return { sql: `ifnull(${column}, 0) <> ?`, values: [words.known(text) ?? -1] };
  }
  return { sql: `(SELECT text FROM word WHERE id = ${column}) ${SIGNS[cmp]} ?`, values: [text] };
}

function like(field: RunField, value: string): Condition {
  if (field === "error") return { sql: "run.error LIKE ?", values: [value] };
  const column = WORD_COLUMNS[field];
  if (!column) throw cannot(field);
  return {
    sql: `run.${column} IN (SELECT id FROM word WHERE text LIKE ?)`,
    values: [value],
  };
}

function ofMetadata({ key, cmp, value }: Extract<RunFilter, { op: "metadata" }>): Condition {
  // A path cannot name a key with a quote in it.
  const isOdd = key.includes('"');
  const path = isOdd ? key : `$."${key}"`;
  const of = (what: "value" | "type") =>
    isOdd
      ? `(SELECT ${what} FROM json_each(run.metadata) WHERE json_each.key = ?)`
      : `json_${what === "value" ? "extract" : what}(run.metadata, ?)`;
  if (value === undefined) {
    return { sql: `${of("value")} IS ${cmp === "eq" ? "NOT " : ""}NULL`, values: [path] };
  }
  const text = String(typeof value === "boolean" ? Number(value) : value);
  // A number may have been sent as a text, and the other way round.
  if (cmp === "eq" || cmp === "neq" || typeof value === "string") {
    return { sql: `CAST(${of("value")} AS TEXT) ${SIGNS[cmp]} ?`, values: [path, text] };
  }
  return {
    sql: `${of("type")} IN ('integer', 'real') AND ${of("value")} ${SIGNS[cmp]} ?`,
    values: [path, path, Number(value)],
  };
}

function ofFeedback({ key, cmp, score }: Extract<RunFilter, { op: "feedback" }>): Condition {
  const scored = cmp === undefined ? "" : ` AND feedback.score ${SIGNS[cmp]} ?`;
  return {
    sql: `EXISTS (SELECT 1 FROM feedback WHERE feedback.run = run.id AND feedback.key = ?${scored})`,
    values: [key, ...(cmp === undefined ? [] : [score ?? 0])],
  };
}

/** Of the root of the run's trace, or of any run of it. Inside, `run` is the other one: SQL takes the nearest of the name. */
function ofTrace(which: "root" | "tree", { sql, values }: Condition): Condition {
  const isRoot = which === "root" ? "run.id = run.trace AND " : "";
  return { sql: `run.trace IN (SELECT run.trace FROM run WHERE ${isRoot}(${sql}))`, values };
}

/** Every word must be there, with `*` at the end the last one as a beginning; quotes keep FTS5's operators out. */
export function toMatch(search: string, wordsWith?: WordsWith): string {
  const words = wordsOf(search);
  const beginning = isOpenEnded(search) ? words.pop() : undefined;
  const terms = words.map(quoted);
  if (beginning !== undefined) terms.push(anyWith(beginning, wordsWith));
  return terms.join(" AND ") || '""';
}

/** The words of the index that begin so; undefined where they are too many, or cannot be told. */
export type WordsWith = (beginning: string) => readonly string[] | undefined;

/** A beginning makes FTS5 read every place of all its words; asked for by themselves, they are read newest first. */
function anyWith(beginning: string, wordsWith: WordsWith | undefined): string {
  const words = wordsWith?.(beginning) ?? [];
  return words.length === 0 ? `${quoted(beginning)}*` : `(${words.map(quoted).join(" OR ")})`;
}

function quoted(word: string): string {
  return `"${word}"`;
}

export interface MatchOptions {
  readonly wordsWith?: WordsWith;
  /** Whether all runs that are asked for stand under the words of how long they took. */
  readonly hasLatency: boolean;
}

/**
 * The words that a run must have in the full-text index to pass: with them a list is read from the
 * index alone, newest first, and needs not walk all runs. Whatever they say is looked at again.
 */
export function matchOf(
  filter: RunFilter | undefined,
  { wordsWith, hasLatency }: MatchOptions,
): string | undefined {
  const terms: string[] = [];
  for (const part of conjuncts(filter)) {
    if (part.op === "search") {
      if (part.text.trim()) terms.push(toMatch(part.text, wordsWith));
      continue;
    }
    const term = termOfPart(part, hasLatency);
    if (term !== undefined) terms.push(quoted(term));
  }
  return terms.length > 0 ? terms.join(" AND ") : undefined;
}

/** Whether the filter asks for runs that took long, which have words for that. */
export function asksForLatency(filter: RunFilter | undefined): boolean {
  return matchOf(filter, { hasLatency: true }) !== matchOf(filter, { hasLatency: false });
}

function termOfPart(part: RunFilter, hasLatency: boolean): string | undefined {
  if (part.op === "tag") return termOf("tag", part.value);
  if (part.op === "metadata") {
    if (part.cmp !== "eq") return undefined;
    if (part.value === undefined) return termOf("metadata", part.key);
    return termOf(`metadata.${part.key}`, String(part.value));
  }
  if ((part.op === "gt" || part.op === "gte") && part.field === "latency") {
    return hasLatency ? termOfLatency(Number(part.value)) : undefined;
  }
  if (part.op !== "eq" || typeof part.value !== "string") return undefined;
  if (part.field === "status") {
    return part.value === "success" ? undefined : termOf("status", part.value);
  }
  const field = INDEXED.find((name) => name === part.field);
  return field && termOf(field, part.value);
}

/** The filter without what `matchOf` has asked of the index in full: words need no second look. */
export function besidesWords(filter: RunFilter): RunFilter {
  const of = [...conjuncts(filter)].filter(({ op }) => op !== "search");
  return { op: "and", of };
}

/** The window of keys that the filter's start times leave. */
export function seqRange(filter: RunFilter | undefined): { from: number; to: number } {
  let from = Number.MIN_SAFE_INTEGER;
  let to = Number.MAX_SAFE_INTEGER;
  for (const part of conjuncts(filter)) {
    if (!("field" in part) || part.field !== "startTime" || !("value" in part)) continue;
    const at = Number(part.value);
    if (part.op === "gt" || part.op === "gte") from = Math.max(from, firstSeq(Math.floor(at)));
    if (part.op === "lt" || part.op === "lte") to = Math.min(to, firstSeq(Math.floor(at) + 1));
  }
  return { from, to };
}

/** The project that all runs must be of, where the filter says one. */
export function projectOf(filter: RunFilter | undefined): string | undefined {
  for (const part of conjuncts(filter)) {
    if (part.op === "eq" && part.field === "projectId") return String(part.value);
    if (part.op === "in" && part.field === "projectId" && part.values.length === 1) {
      return String(part.values[0]);
    }
  }
  return undefined;
}

function* conjuncts(filter: RunFilter | undefined): Generator<RunFilter> {
  if (!filter) return;
  if (filter.op === "and") for (const part of filter.of) yield* conjuncts(part);
  else yield filter;
}
