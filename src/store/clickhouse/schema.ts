import type { RunColumns } from "../run-columns.ts";

/**
 * Tables of versions: of rows with one key the one with the highest version counts, and the others go
 * when parts are merged. Only what 18.16 and current releases share is used. A run that is gone, or that
 * moved to another day, is followed by a row that says so.
 */
const COLUMN_TYPES: Readonly<Record<keyof RunColumns, string>> = {
  id: "String",
  trace_id: "String",
  parent_id: "Nullable(String)",
  dotted_order: "Nullable(String)",
  tenant_id: "String",
  project_id: "String",
  source: "String",
  name: "String",
  type: "String",
  status: "String",
  at: "Float64",
  duration_ms: "Nullable(Float64)",
  ttft_ms: "Nullable(Float64)",
  model: "Nullable(String)",
  provider: "Nullable(String)",
  target: "Nullable(String)",
  route: "Nullable(String)",
  key_id: "Nullable(String)",
  key_name: "Nullable(String)",
  user_id: "Nullable(String)",
  thread_id: "Nullable(String)",
  prompt_version: "Nullable(String)",
  tags: "Array(String)",
  metadata: "String",
  input_tokens: "Float64",
  output_tokens: "Float64",
  cached_tokens: "Float64",
  cache_write_tokens: "Float64",
  reasoning_tokens: "Float64",
  image_tokens: "Float64",
  audio_tokens: "Float64",
  cost_nanos: "Nullable(Float64)",
  input_cost_nanos: "Nullable(Float64)",
  output_cost_nanos: "Nullable(Float64)",
  price_version: "Nullable(String)",
  is_estimated: "UInt8",
  error_code: "Nullable(String)",
  error_message: "Nullable(String)",
  finish_reason: "Nullable(String)",
  http_status: "Nullable(Float64)",
  is_stream: "UInt8",
  weight: "Float64",
  example_id: "Nullable(String)",
  input_preview: "Nullable(String)",
  output_preview: "Nullable(String)",
  capture: "String",
  is_covered: "UInt8",
  is_patched: "UInt8",
  is_guarded: "UInt8",
  is_hidden: "UInt8",
  cache: "Nullable(String)",
  queue_ms: "Nullable(Float64)",
  answer_id: "Nullable(String)",
  facts: "Nullable(String)",
};

/** What is found by: metadata by keys and values, numbers again as numbers, and words between blanks. */
const FOUND_BY = {
  meta_keys: "Array(String)",
  meta_values: "Array(String)",
  number_keys: "Array(String)",
  number_values: "Array(Float64)",
  words: "String",
};

export const RUN_COLUMNS = [...Object.keys(COLUMN_TYPES), ...Object.keys(FOUND_BY)];

const columns = Object.entries({ ...COLUMN_TYPES, ...FOUND_BY })
  .map(([name, type]) => `${name} ${type}`)
  .join(", ");

export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS run (${columns}, day Date, is_gone UInt8, version UInt64)
   ENGINE = ReplacingMergeTree(version) PARTITION BY toYYYYMMDD(day) ORDER BY id SETTINGS index_granularity = 1024`,
  `CREATE TABLE IF NOT EXISTS run_text (id String, name String, mime String, codec UInt8, body String, day Date, version UInt64)
   ENGINE = ReplacingMergeTree(version) PARTITION BY toYYYYMMDD(day) ORDER BY (id, name) SETTINGS index_granularity = 256`,
  `CREATE TABLE IF NOT EXISTS trace_position (writer String, segment String, byte_offset UInt64, version UInt64)
   ENGINE = ReplacingMergeTree(version) ORDER BY writer`,
  `CREATE TABLE IF NOT EXISTS project (
     id String, tenant String, name String, description Nullable(String), start_at Float64, end_at Nullable(Float64),
     reference_dataset_id Nullable(String), extra Nullable(String), last_run_at Nullable(Float64), is_gone UInt8, version UInt64)
   ENGINE = ReplacingMergeTree(version) ORDER BY id`,
  `CREATE TABLE IF NOT EXISTS feedback (
     id String, tenant String, run Nullable(String), trace Nullable(String), project Nullable(String), key String,
     score Nullable(Float64), value Nullable(String), correction Nullable(String), comment Nullable(String),
     source Nullable(String), source_type String, experiment Nullable(String), extra Nullable(String),
     created_at Float64, modified_at Float64, is_gone UInt8, version UInt64)
   ENGINE = ReplacingMergeTree(version) ORDER BY id`,
];

/** Days that a Date of every release can say. */
const FIRST_DAY = Date.UTC(2015, 0, 1);
const LAST_DAY = Date.UTC(2060, 0, 1);

/** The partition of a run that starts then. */
export function dayOf(at: number): string {
  return new Date(Math.max(FIRST_DAY, Math.min(LAST_DAY, at))).toISOString().slice(0, 10);
}

let last = 0;

/**
 * Ever higher, also over restarts, and higher than what was read: what is written later wins, though the
 * clocks of replicas differ.
 */
export function nextVersion(): number {
  last = Math.max(last + 1, Date.now() * 1000);
  return last;
}

export function noteVersions(rows: readonly { readonly version: string | number }[]): void {
  for (const { version } of rows) last = Math.max(last, Number(version));
}
