import type { FilterValue, RunField, RunFilter } from "../../core/run-query.ts";
import { timeOf } from "./wire-time.ts";

/** Fields of a run as LangSmith's filters call them, and what is compared for each. */
export interface FilterField {
  readonly field: RunField;
  /** The value as the store compares it; undefined for one that makes no sense here. */
  readonly read: (value: FilterValue) => FilterValue | undefined;
  /** What belongs there, for messages. */
  readonly wants: string;
}

const text = (field: RunField): FilterField => ({
  field,
  read: (value) => (value === null ? null : String(value)),
  wants: "a text",
});
const word = (field: RunField): FilterField => ({
  field,
  read: (value) => (typeof value === "string" ? value.toLowerCase() : undefined),
  wants: "a text",
});
const number = (field: RunField): FilterField => ({
  field,
  read: (value) => {
    const read = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    return read === null || (typeof read === "number" && Number.isFinite(read)) ? read : undefined;
  },
  wants: "a number",
});
const time = (field: RunField): FilterField => ({
  field,
  read: (value) => (value === null ? null : timeOf(value)),
  wants: "a time, as 2026-11-23T10:37:18Z",
});
const seconds = (field: RunField): FilterField => ({
  field,
  read: (value) => (value === null ? null : secondsOf(value)),
  wants: 'a number of seconds, or a text as "5s" or "200ms"',
});

/** LangSmith's names first, then those of Weir's own facts. */
export const FILTER_FIELDS: Readonly<Record<string, FilterField>> = {
  id: word("id"),
  run_id: word("id"),
  trace_id: word("traceId"),
  parent_run_id: { ...word("parentId"), read: (value) => value },
  session_id: word("projectId"),
  project_id: word("projectId"),
  name: text("name"),
  run_type: word("type"),
  start_time: time("startTime"),
  end_time: time("endTime"),
  latency: seconds("latency"),
  latency_seconds: seconds("latency"),
  first_token_latency: seconds("firstTokenSeconds"),
  time_to_first_token: seconds("firstTokenSeconds"),
  total_tokens: number("totalTokens"),
  prompt_tokens: number("inputTokens"),
  completion_tokens: number("outputTokens"),
  total_cost: number("costDollars"),
  thread_id: text("threadId"),
  reference_example_id: word("referenceExampleId"),
  model: text("model"),
  model_name: text("model"),
  ls_model_name: text("model"),
  provider: text("provider"),
  ls_provider: text("provider"),
  target: text("target"),
  route: text("route"),
  key_name: text("keyName"),
  user_id: text("userId"),
  prompt_version: text("promptVersion"),
  cached_tokens: number("cachedTokens"),
  reasoning_tokens: number("reasoningTokens"),
  error_code: text("errorCode"),
  finish_reason: text("finishReason"),
  cache: text("cache"),
  source: word("source"),
};

/** Seconds of `5s`, `200ms`, `1.5m`, `1h` or of a plain number. */
function secondsOf(value: FilterValue): number | undefined {
  if (typeof value === "number") return value;
  const found = typeof value === "string" ? /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/.exec(value) : null;
  const unit = UNITS[found?.[2] ?? "s"];
  return found && unit !== undefined ? Number(found[1]) * unit : undefined;
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Runs that ended badly in any way are errors to LangSmith. */
export function isStatus(status: string): RunFilter {
  return status === "error"
    ? { op: "in", field: "status", values: ["error", "blocked", "canceled"] }
    : { op: "eq", field: "status", value: status };
}
