import type { RunColumns } from "../../run-columns.ts";
import type { Migration } from "../database.ts";

/** Types of the columns of a run, in their order in the table. */
export const COLUMN_TYPES: Readonly<Record<keyof RunColumns, string>> = {
  id: "uuid",
  trace_id: "uuid",
  parent_id: "uuid",
  dotted_order: "text",
  tenant_id: "text",
  project_id: "text",
  source: "text",
  name: "text",
  type: "text",
  status: "text",
  at: "double precision",
  duration_ms: "double precision",
  ttft_ms: "double precision",
  model: "text",
  provider: "text",
  target: "text",
  route: "text",
  key_id: "text",
  key_name: "text",
  user_id: "text",
  thread_id: "text",
  prompt_version: "text",
  tags: "text[]",
  metadata: "text",
  input_tokens: "double precision",
  output_tokens: "double precision",
  cached_tokens: "double precision",
  cache_write_tokens: "double precision",
  reasoning_tokens: "double precision",
  image_tokens: "double precision",
  audio_tokens: "double precision",
  cost_nanos: "double precision",
  input_cost_nanos: "double precision",
  output_cost_nanos: "double precision",
  price_version: "text",
  is_estimated: "boolean",
  error_code: "text",
  error_message: "text",
  finish_reason: "text",
  http_status: "integer",
  is_stream: "boolean",
  weight: "double precision",
  example_id: "uuid",
  input_preview: "text",
  output_preview: "text",
  capture: "text",
  is_covered: "boolean",
  is_patched: "boolean",
  is_guarded: "boolean",
  is_hidden: "boolean",
  cache: "text",
  queue_ms: "double precision",
  answer_id: "text",
  facts: "text",
};

const columns = Object.entries(COLUMN_TYPES)
  .map(([name, type]) => `${name} ${type}`)
  .join(", ");

/**
 * Partitions of a day each, made when the first run of a day comes and dropped when the last one is too
 * old. A run is found by its id in the index of each partition.
 */
export const MIGRATIONS: readonly Migration[] = [
  `CREATE TABLE weir.run (${columns}, words tsvector, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
   CREATE INDEX run_at ON weir.run (at DESC, id);
   CREATE INDEX run_trace ON weir.run (trace_id);
   CREATE INDEX run_project ON weir.run (project_id, at DESC) WHERE parent_id IS NULL;
   CREATE INDEX run_user ON weir.run (user_id, at DESC) WHERE user_id IS NOT NULL;
   CREATE INDEX run_answer ON weir.run (answer_id) WHERE answer_id IS NOT NULL;
   CREATE INDEX run_example ON weir.run (example_id) WHERE example_id IS NOT NULL;
   CREATE INDEX run_words ON weir.run USING gin (words);
   CREATE INDEX run_tags ON weir.run USING gin (tags);
   CREATE TABLE weir.run_text (
     id uuid NOT NULL, at double precision NOT NULL, name text NOT NULL DEFAULT '', mime text, codec smallint NOT NULL,
     body bytea NOT NULL, PRIMARY KEY (id, at, name)) PARTITION BY RANGE (at);
   CREATE TABLE weir.trace_position (writer text PRIMARY KEY, segment text NOT NULL, byte_offset bigint NOT NULL);
   CREATE TABLE weir.trace_project (
     id text PRIMARY KEY, tenant text NOT NULL, name text NOT NULL, description text, start_at double precision NOT NULL,
     end_at double precision, reference_dataset_id text, extra text, last_run_at double precision, UNIQUE (tenant, name));
   CREATE TABLE weir.feedback (
     id text PRIMARY KEY, tenant text NOT NULL, run uuid, trace uuid, project text, key text NOT NULL, score double precision,
     value text, correction text, comment text, source text, experiment text, extra text,
     created_at double precision NOT NULL, modified_at double precision NOT NULL);
   CREATE INDEX feedback_run ON weir.feedback (run, key);
   CREATE INDEX feedback_project ON weir.feedback (project, created_at);`,
];

export const DAY_MS = 86_400_000;

/** Where far times go: partitions for every day of a wrong clock would be too many. */
export const FIRST_DAY = Date.UTC(2015, 0, 1);
export const LAST_DAY = Date.UTC(2060, 0, 1);
