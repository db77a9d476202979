import type { DatabaseSync } from "node:sqlite";

/** A call as releases before 0.6 kept it; lists and objects are JSON text. */
export interface OldCall {
  readonly seq: number;
  readonly id: string;
  readonly at: number;
  readonly route: string;
  readonly model: string;
  readonly target: string | null;
  readonly key_id: string;
  readonly key_name: string;
  readonly user: string | null;
  readonly stream: number;
  readonly status: string;
  readonly http_status: number;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly finish_reason: string | null;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_tokens: number;
  readonly cost_nanos: number | null;
  readonly duration_ms: number;
  readonly ttft_ms: number | null;
  readonly attempts: number;
  readonly findings: string;
  readonly timeline: string;
  readonly request: string | null;
  readonly output: string | null;
  readonly preview: string | null;
  readonly capture: string;
  readonly tenant_id: string;
  readonly cache: string | null;
}

/** The next of them, the oldest first. */
export function readOldCalls(db: DatabaseSync, limit: number): OldCall[] {
  return db.prepare("SELECT * FROM call ORDER BY seq LIMIT ?").all(limit) as unknown as OldCall[]; // the table is STRICT
}

/** Those that were moved over. */
export function dropOldCalls(db: DatabaseSync, lastSeq: number): void {
  db.prepare("DELETE FROM call_text WHERE rowid <= ?").run(lastSeq);
  db.prepare("DELETE FROM call WHERE seq <= ?").run(lastSeq);
}
