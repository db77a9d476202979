import { toUuid } from "../../../core/trace-ids.ts";

/**
 * The trace database. A run is one narrow row; its key is its start, so that lists, windows and
 * retention walk neighbouring pages, and its texts lie in compressed blocks of many runs.
 */
export const MIGRATIONS = [
  // What releases before 0.6 kept: one row a call. `importCalls` moves them over.
  `CREATE TABLE call (
     seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, route TEXT NOT NULL,
     model TEXT NOT NULL, target TEXT, key_id TEXT NOT NULL, key_name TEXT NOT NULL, user TEXT,
     stream INTEGER NOT NULL, status TEXT NOT NULL, http_status INTEGER NOT NULL, error_code TEXT,
     error_message TEXT, finish_reason TEXT, input_tokens INTEGER NOT NULL,
     output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, cost_nanos INTEGER,
     duration_ms REAL NOT NULL, ttft_ms REAL, attempts INTEGER NOT NULL, guarded INTEGER NOT NULL,
     findings TEXT NOT NULL, timeline TEXT NOT NULL, request TEXT, output TEXT, preview TEXT,
     capture TEXT NOT NULL
   ) STRICT;
   CREATE INDEX call_at ON call (at);
   CREATE INDEX call_key_at ON call (key_id, at);
   CREATE VIRTUAL TABLE call_text USING fts5(text, content='', contentless_delete=1);
   CREATE TABLE log_position (one INTEGER PRIMARY KEY CHECK (one = 1), segment TEXT, offset INTEGER) STRICT;`,
  `ALTER TABLE call ADD COLUMN tenant_id TEXT NOT NULL DEFAULT 'default';
   ALTER TABLE call ADD COLUMN cache TEXT;`,
  `CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE run (
     seq INTEGER PRIMARY KEY, id BLOB NOT NULL, trace BLOB NOT NULL, parent BLOB, dotted,
     at REAL NOT NULL, duration_ms REAL, ttft_ms REAL,
     tenant INTEGER NOT NULL, project INTEGER NOT NULL, source INTEGER NOT NULL, type INTEGER NOT NULL,
     name INTEGER NOT NULL, status INTEGER NOT NULL, flags INTEGER NOT NULL, capture INTEGER NOT NULL,
     model INTEGER, provider INTEGER, target INTEGER, route INTEGER, key INTEGER, key_name INTEGER,
     user INTEGER, thread INTEGER, prompt INTEGER, error_code INTEGER, finish INTEGER, http INTEGER,
     price INTEGER, cache INTEGER, input_tokens INTEGER, output_tokens INTEGER, cached_tokens INTEGER,
     cache_write_tokens INTEGER, reasoning_tokens INTEGER, image_tokens INTEGER, audio_tokens INTEGER,
     cost INTEGER, input_cost INTEGER, output_cost INTEGER, weight REAL, example BLOB,
     block INTEGER, start INTEGER, length INTEGER,
     error TEXT, tags TEXT, metadata TEXT, facts TEXT, input_preview TEXT, output_preview TEXT
   );
   CREATE UNIQUE INDEX run_id ON run (id);
   CREATE INDEX run_trace ON run (trace);
   CREATE INDEX run_root ON run (project) WHERE parent IS NULL;
   CREATE INDEX run_example ON run (example) WHERE example IS NOT NULL;
   CREATE INDEX run_call_parent ON run (parent) WHERE source = 0 AND parent IS NOT NULL;
   CREATE INDEX run_user ON run (user) WHERE user IS NOT NULL;
   CREATE VIRTUAL TABLE run_text USING fts5(
     text, content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 2');
   INSERT INTO run_text (run_text, rank) VALUES ('hashsize', 16777216), ('automerge', 0), ('crisismerge', 64);
   CREATE TABLE block (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, codec INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
   CREATE INDEX block_at ON block (at);
   CREATE TABLE loose (seq INTEGER PRIMARY KEY, codec INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
   CREATE TABLE text (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, codec INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
   CREATE TABLE block_text (text INTEGER NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (text, block)) STRICT, WITHOUT ROWID;
   CREATE INDEX block_text_block ON block_text (block);
   CREATE TABLE attachment (
     seq INTEGER NOT NULL, name TEXT NOT NULL, mime TEXT NOT NULL, codec INTEGER NOT NULL, body BLOB NOT NULL,
     PRIMARY KEY (seq, name)) STRICT;
   CREATE TABLE answer (id TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (id, seq)) STRICT, WITHOUT ROWID;
   CREATE TABLE rollup (
     level INTEGER NOT NULL, at INTEGER NOT NULL, dims TEXT NOT NULL, key TEXT NOT NULL, sums TEXT NOT NULL,
     duration BLOB, ttft BLOB, per_token BLOB, queue BLOB,
     PRIMARY KEY (level, dims, at, key)) STRICT, WITHOUT ROWID;
   CREATE TABLE rollup_sum (
     at INTEGER NOT NULL, dims TEXT NOT NULL, tenant INTEGER NOT NULL, value INTEGER NOT NULL,
     s0 REAL, s1 REAL, s2 REAL, s3 REAL, s4 REAL, s5 REAL, s6 REAL, s7 REAL, s8 REAL, s9 REAL,
     s10 REAL, s11 REAL, s12 REAL, s13 REAL, s14 REAL, s15 REAL, s16 REAL, s17 REAL,
     PRIMARY KEY (dims, at, tenant, value)) WITHOUT ROWID;
   CREATE TABLE project (
     id TEXT PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL, description TEXT, start_at REAL NOT NULL,
     end_at REAL, reference_dataset_id TEXT, extra TEXT, last_run_at REAL, UNIQUE (tenant, name)) STRICT, WITHOUT ROWID;
   CREATE TABLE feedback (
     id TEXT PRIMARY KEY, tenant TEXT NOT NULL, run BLOB, trace BLOB, project TEXT, key TEXT NOT NULL, score REAL,
     value TEXT, correction TEXT, comment TEXT, source TEXT, experiment TEXT, extra TEXT, created_at REAL NOT NULL,
     modified_at REAL NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX feedback_run ON feedback (run, key);
   CREATE INDEX feedback_project ON feedback (project, created_at);`,
  // Runs up to here may stand in the full-text index without these words: they are looked for without them.
  `CREATE TABLE words_since (kind TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   INSERT INTO words_since (kind, seq) SELECT 'latency', max(seq) FROM run HAVING max(seq) IS NOT NULL;`,
];

export const SOURCES = ["call", "langsmith", "otlp"] as const;
export const STATUSES = ["pending", "success", "error", "blocked", "canceled"] as const;
export const CAPTURES = ["metadata", "redacted", "full"] as const;

/** Bits of `flags`. */
export const ESTIMATED = 1;
export const STREAMED = 2;
export const COVERED = 4;
export const PATCHED = 8;
export const GUARDED = 16;
export const SHADOW = 32;
export const TOLD_TOKENS = 64;

const EPOCH = Date.UTC(2020, 0, 1);
const PER_MS = 8192;

/**
 * The key of a run that starts then, in the order of starts to the microsecond. Those that tell whole
 * milliseconds are spread over theirs by the salt, so that many of one millisecond find room.
 */
export function seqOf(at: number, salt: number): number {
  const micros = Math.floor((at - Math.floor(at)) * 1000);
  const ms = withinKeys(Math.floor(at));
  return (ms - EPOCH) * PER_MS + (micros === 0 ? salt % PER_MS : micros * 8 + (salt & 7));
}

/** The least key of runs that start at this time or later. */
export function firstSeq(at: number): number {
  return (withinKeys(Math.ceil(at)) - EPOCH) * PER_MS;
}

/** Keys are whole numbers from 1985 to 2054: what claims to lie beyond is put at the end. */
function withinKeys(ms: number): number {
  const most = Math.floor(Number.MAX_SAFE_INTEGER / PER_MS) - 1;
  return EPOCH + Math.max(-most, Math.min(most, ms - EPOCH));
}

export function uuidToBytes(id: string): Uint8Array {
  return Buffer.from(id.replaceAll("-", ""), "hex");
}

export function bytesToUuid(bytes: Uint8Array): string {
  return toUuid(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex"));
}
