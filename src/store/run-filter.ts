/**
 * Filters of runs in SQL, for the databases whose rows hold texts as texts. What differs between them is
 * their dialect; what cannot be asked is refused alike.
 */
import { WeirError } from "../core/errors.ts";
import type { Comparison, FilterValue, RunField, RunFilter } from "../core/run-query.ts";

export interface FilterDialect {
  /** The words for true and false. */
  readonly always: string;
  readonly never: string;
  /** A placeholder for a value, which is bound. */
  bind(value: string | number | boolean): string;
  /** A placeholder for a UUID. */
  bindId(id: string): string;
  /** Without regard to case. */
  like(column: string, pattern: string): string;
  hasTag(tag: string): string;
  /** The text of a metadata value; null where there is none. */
  metadata(key: string): string;
  /** The same as a number, where it is one. */
  metadataNumber(key: string): string;
  /** Every word is in the run's text; `isOpen`: the last one as a beginning. */
  search(words: readonly string[], isOpen: boolean): string;
  feedback(key: string, condition: string | undefined): string;
  /** Runs of traces of which some run, or the root, passes. */
  trace(which: "root" | "tree", condition: string): string;
}

export const SIGNS: Readonly<Record<Comparison, string>> = {
  eq: "=",
  neq: "<>",
  gt: ">",
  gte: ">=",
  lt: "<",
  lte: "<=",
};

const TEXTS: Partial<Record<RunField, string>> = {
  projectId: "project_id",
  source: "source",
  status: "status",
  name: "name",
  type: "type",
  model: "model",
  provider: "provider",
  target: "target",
  route: "route",
  keyId: "key_id",
  keyName: "key_name",
  userId: "user_id",
  threadId: "thread_id",
  promptVersion: "prompt_version",
  errorCode: "error_code",
  finishReason: "finish_reason",
  cache: "cache",
};

const IDS: Partial<Record<RunField, string>> = {
  id: "id",
  traceId: "trace_id",
  parentId: "parent_id",
  referenceExampleId: "example_id",
};

const NUMBERS: Partial<Record<RunField, string>> = {
  startTime: "at",
  endTime: "(at + duration_ms)",
  latency: "(duration_ms / 1000.0)",
  firstTokenSeconds: "(ttft_ms / 1000.0)",
  inputTokens: "input_tokens",
  outputTokens: "output_tokens",
  totalTokens: "(input_tokens + output_tokens)",
  cachedTokens: "cached_tokens",
  reasoningTokens: "reasoning_tokens",
  costDollars: "(cost_nanos / 1e9)",
};

const FLAGS: Partial<Record<RunField, string>> = { isStream: "is_stream", guarded: "is_guarded" };
const MOST_WORD_CHARS = 100;
export const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const FAILED = "status IN ('error', 'blocked')";

/** Throws invalid_request where a field cannot be compared in that way. */
export function toSql(filter: RunFilter, dialect: FilterDialect): string {
  switch (filter.op) {
    case "and":
    case "or":
      return joined(
        filter.of.map((part) => toSql(part, dialect)),
        filter.op,
        dialect,
      );
    case "not":
      return `NOT coalesce((${toSql(filter.of, dialect)}), ${dialect.never})`;
    case "in":
      return joined(
        filter.values.map((value) => compare(filter.field, "eq", value, dialect)),
        "or",
        dialect,
      );
    case "like":
      return dialect.like(textColumn(filter.field), filter.value);
    case "tag":
      return dialect.hasTag(filter.value);
    case "metadata":
      return ofMetadata(filter, dialect);
    case "feedback": {
      const { key, cmp, score = 0 } = filter;
      const condition = cmp && `score ${SIGNS[cmp]} ${dialect.bind(score)}`;
      return dialect.feedback(key, condition);
    }
    case "search": {
      const words = wordsOf(filter.text);
      return words.length === 0 ? dialect.never : dialect.search(words, isOpenEnded(filter.text));
    }
    case "root":
    case "tree":
      return dialect.trace(filter.op, toSql(filter.of, dialect));
    default:
      return compare(filter.field, filter.op, filter.value, dialect);
  }
}

/** Whether the last word is only a beginning, as `riv*`: whoever looks for whole words finds them a hundred times faster. */
export function isOpenEnded(text: string): boolean {
  return text.trimEnd().endsWith("*");
}

/** Words as they are found: without regard to case and accents, and to what comes after so many letters. */
export function wordsOf(text: string): string[] {
  return text
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => word.slice(0, MOST_WORD_CHARS));
}

function joined(
  parts: readonly string[],
  op: "and" | "or",
  { always, never }: FilterDialect,
): string {
  if (parts.length === 0) return op === "and" ? always : never;
  return parts.map((part) => `(${part})`).join(` ${op.toUpperCase()} `);
}

function compare(
  field: RunField,
  cmp: Comparison,
  value: FilterValue,
  dialect: FilterDialect,
): string {
  if (field === "error") return ofError(cmp, value, dialect);
  const flag = FLAGS[field];
  if (flag) {
    const isWanted = (value === true || value === "true") === (cmp === "eq");
    return isWanted ? flag : `NOT ${flag}`;
  }
  const id = IDS[field];
  const column = id ?? TEXTS[field] ?? NUMBERS[field];
  if (column === undefined) throw cannot(field);
  if (value === null) {
    if (cmp !== "eq" && cmp !== "neq") throw cannot(field);
    return `${column} IS ${cmp === "eq" ? "" : "NOT "}NULL`;
  }
  if (id) {
    if (!UUID.test(String(value))) throw cannot(field, "a UUID");
    return `${column} ${SIGNS[cmp]} ${dialect.bindId(String(value).toLowerCase())}`;
  }
  if (TEXTS[field]) {
    const text = `${column} ${SIGNS[cmp]} ${dialect.bind(String(value))}`;
    return cmp === "neq" ? `(${column} IS NULL OR ${text})` : text;
  }
  const amount = Number(value);
  if (Number.isNaN(amount)) throw cannot(field, "a number");
  return `${column} ${SIGNS[cmp]} ${dialect.bind(amount)}`;
}

function ofError(cmp: Comparison, value: FilterValue, dialect: FilterDialect): string {
  const isAsked = value === null || value === false ? "neq" : "eq";
  if (value === null || typeof value === "boolean") {
    return cmp === isAsked ? FAILED : `NOT (${FAILED})`;
  }
  return `error_message ${SIGNS[cmp]} ${dialect.bind(String(value))}`;
}

function ofMetadata(
  { key, cmp, value }: Extract<RunFilter, { op: "metadata" }>,
  dialect: FilterDialect,
): string {
  if (value === undefined || value === null) {
    return `${dialect.metadata(key)} IS ${cmp === "eq" && value === undefined ? "NOT " : ""}NULL`;
  }
  if (cmp === "eq" || cmp === "neq" || typeof value === "string") {
    return `${dialect.metadata(key)} ${SIGNS[cmp]} ${dialect.bind(String(value))}`;
  }
  return `${dialect.metadataNumber(key)} ${SIGNS[cmp]} ${dialect.bind(Number(value))}`;
}

function textColumn(field: RunField): string {
  const column = field === "error" ? "error_message" : TEXTS[field];
  if (!column) throw cannot(field);
  return column;
}

/** What is said of a field that cannot be compared in the way that was asked for. */
export function cannot(field: string, wanted = "equal or unequal"): WeirError {
  return new WeirError("invalid_request", `filter: ${field} can only be compared with ${wanted}.`);
}
