import type { DatabaseSync } from "node:sqlite";
import type { LogPosition } from "../append-log.ts";
import { openDatabase } from "./database.ts";

/** A finished call as it is kept. Lists and objects are JSON text; absent texts were not captured. */
export interface CallRow {
  readonly id: string;
  readonly at: number;
  readonly route: string;
  readonly model: string;
  readonly target: string | null;
  readonly keyId: string;
  readonly keyName: string;
  readonly user: string | null;
  readonly stream: boolean;
  readonly status: string;
  readonly httpStatus: number;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly finishReason: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly costNanos: number | null;
  readonly durationMs: number;
  readonly ttftMs: number | null;
  readonly attempts: number;
  readonly findings: readonly unknown[];
  readonly timeline: unknown;
  readonly request: unknown;
  readonly output: string | null;
  readonly preview: string | null;
  readonly capture: string;
  readonly tenantId: string;
  readonly cache: string | null;
}

export interface CallFilter {
  readonly status?: string | undefined;
  readonly model?: string | undefined;
  readonly key?: string | undefined;
  readonly user?: string | undefined;
  readonly search?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly minDurationMs?: number | undefined;
  readonly guarded?: boolean | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** The few columns that the overview is made of. */
export interface CallFigures {
  readonly at: number;
  readonly model: string;
  readonly status: string;
  readonly guarded: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costNanos: number;
  readonly durationMs: number;
  readonly ttftMs: number | null;
}

/** What one key of one tenant has used since the start of a month, and of it since that of a day. */
export interface Spending {
  readonly keyId: string;
  readonly tenantId: string;
  readonly dayCalls: number;
  readonly dayTokens: number;
  readonly dayNanos: number;
  readonly monthCalls: number;
  readonly monthTokens: number;
  readonly monthNanos: number;
}

const MIGRATIONS = [
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
];

const LIST_COLUMNS = `seq, id, at, route, model, target, key_id, key_name, user, stream, status,
  http_status, error_code, error_message, finish_reason, input_tokens, output_tokens, cached_tokens,
  cost_nanos, duration_ms, ttft_ms, attempts, findings, preview, capture,
  tenant_id, cache`;

/**
 * A row as SQLite gives it. The tables are STRICT, so the columns' types hold without a check; one
 * would bring a whole validator into the trace thread's memory.
 */
interface Row {
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
  readonly preview: string | null;
  readonly capture: string;
  readonly tenant_id: string;
  readonly cache: string | null;
  readonly timeline?: string;
  readonly request?: string | null;
  readonly output?: string | null;
}

/** The call table and every question that is asked of it. */
export function openCallStore(path: string) {
  const db = openDatabase(path, MIGRATIONS);
  const sql = prepare(db);
  return {
    /** Adds calls and the log position that they bring us to, all or nothing. Known ids are skipped. */
    add(calls: readonly CallRow[], position?: LogPosition): void {
      db.exec("BEGIN IMMEDIATE");
      try {
        for (const call of calls) addOne(sql, call);
        if (position) sql.setPosition.run(position.segment, position.offset);
        db.exec("COMMIT");
      } catch (cause) {
        db.exec("ROLLBACK");
        throw cause;
      }
    },
    position(): LogPosition | undefined {
      const row = sql.position.get();
      return row && { segment: String(row["segment"]), offset: Number(row["offset"]) };
    },
    find(id: string): CallRow | undefined {
      const row = sql.find.get(id);
      return row && toCallRow(row as unknown as Row);
    },
    list: (filter: CallFilter) => list(db, filter),
    figures: (from: number, to: number): CallFigures[] =>
      sql.figures
        .all(from, to)
        .map((row) => ({ ...(row as unknown as CallFigures), guarded: row["guarded"] === 1 })),
    countsByModel: (from: number): Record<string, number> =>
      Object.fromEntries(
        sql.byModel.all(from).map((row) => [String(row["model"]), Number(row["calls"])]),
      ),
    spending: (day: number, month: number): Spending[] =>
      sql.spending.all({ day, month }).map((row) => ({ ...(row as unknown as Spending) })),
    /** Deletes at most `limit` calls older than `before`; gives how many went. */
    prune(before: number, limit: number): number {
      db.exec("BEGIN IMMEDIATE");
      sql.pruneText.run(before, limit);
      const { changes } = sql.prune.run(before, limit);
      db.exec("COMMIT");
      return Number(changes);
    },
    close: () => db.close(),
  };
}

function prepare(db: DatabaseSync) {
  return {
    add: db.prepare(`INSERT OR IGNORE INTO call (id, at, route, model, target, key_id, key_name, user,
      stream, status, http_status, error_code, error_message, finish_reason, input_tokens,
      output_tokens, cached_tokens, cost_nanos, duration_ms, ttft_ms, attempts, guarded, findings,
      timeline, request, output, preview, capture, tenant_id, cache)
      VALUES (${Array.from({ length: 30 }, () => "?").join(", ")})`),
    addText: db.prepare("INSERT INTO call_text (rowid, text) VALUES (?, ?)"),
    find: db.prepare("SELECT * FROM call WHERE id = ?"),
    position: db.prepare("SELECT segment, offset FROM log_position"),
    setPosition: db.prepare(
      "INSERT OR REPLACE INTO log_position (one, segment, offset) VALUES (1, ?, ?)",
    ),
    figures: db.prepare(`SELECT at, model, status, guarded, input_tokens AS inputTokens,
      output_tokens AS outputTokens, coalesce(cost_nanos, 0) AS costNanos, duration_ms AS durationMs,
      ttft_ms AS ttftMs FROM call WHERE at >= ? AND at < ? AND route <> 'shadow'`),
    byModel: db.prepare(
      "SELECT model, count(*) AS calls FROM call WHERE at >= ? AND route <> 'shadow' GROUP BY model",
    ),
    spending: db.prepare(`SELECT key_id AS keyId, tenant_id AS tenantId,
      sum(at >= $day) AS dayCalls, count(*) AS monthCalls,
      coalesce(sum(iif(at >= $day, input_tokens + output_tokens, 0)), 0) AS dayTokens,
      sum(input_tokens + output_tokens) AS monthTokens,
      coalesce(sum(iif(at >= $day, cost_nanos, 0)), 0) AS dayNanos,
      coalesce(sum(cost_nanos), 0) AS monthNanos
      FROM call WHERE at >= $month AND route <> 'shadow' GROUP BY key_id, tenant_id`),
    pruneText: db.prepare(
      "DELETE FROM call_text WHERE rowid IN (SELECT seq FROM call WHERE at < ? ORDER BY at LIMIT ?)",
    ),
    prune: db.prepare(
      "DELETE FROM call WHERE seq IN (SELECT seq FROM call WHERE at < ? ORDER BY at LIMIT ?)",
    ),
  };
}

function addOne(sql: ReturnType<typeof prepare>, call: CallRow): void {
  const { changes, lastInsertRowid } = sql.add.run(
    call.id,
    call.at,
    call.route,
    call.model,
    call.target,
    call.keyId,
    call.keyName,
    call.user,
    Number(call.stream),
    call.status,
    call.httpStatus,
    call.errorCode,
    call.errorMessage,
    call.finishReason,
    call.inputTokens,
    call.outputTokens,
    call.cachedTokens,
    call.costNanos,
    call.durationMs,
    call.ttftMs,
    call.attempts,
    Number(call.findings.length > 0),
    JSON.stringify(call.findings),
    JSON.stringify(call.timeline),
    call.request == null ? null : JSON.stringify(call.request),
    call.output,
    call.preview,
    call.capture,
    // Lines of an older release's log have neither.
    call.tenantId ?? "default",
    call.cache ?? null,
  );
  const text = [call.preview, call.output].filter(Boolean).join("\n");
  if (Number(changes) > 0 && text) sql.addText.run(lastInsertRowid, text);
}

function list(db: DatabaseSync, filter: CallFilter): { calls: CallRow[]; next: string | null } {
  const conditions: [string, string | number][] = [];
  const where = (sql: string, value: string | number | undefined) => {
    if (value !== undefined) conditions.push([sql, value]);
  };
  where("status = ?", filter.status);
  where("model = ?", filter.model);
  where("key_name = ?", filter.key);
  where("user = ?", filter.user);
  where("at >= ?", filter.from);
  where("at < ?", filter.to);
  where("duration_ms >= ?", filter.minDurationMs);
  where("guarded = ?", filter.guarded === undefined ? undefined : Number(filter.guarded));
  where("seq < ?", filter.cursor === undefined ? undefined : Number(filter.cursor));
  where(
    "seq IN (SELECT rowid FROM call_text WHERE text MATCH ?)",
    filter.search?.trim() ? toMatch(filter.search) : undefined,
  );
  const clause =
    conditions.length > 0 ? `WHERE ${conditions.map(([sql]) => sql).join(" AND ")}` : "";
  const rows = db
    .prepare(`SELECT ${LIST_COLUMNS} FROM call ${clause} ORDER BY seq DESC LIMIT ?`)
    .all(...conditions.map(([, value]) => value), filter.limit + 1)
    .map((row) => row as unknown as Row);
  const page = rows.slice(0, filter.limit);
  const next = rows.length > filter.limit ? String(page.at(-1)?.seq) : null;
  return { calls: page.map(toCallRow), next };
}

/** Every word must be there, the last one as a beginning; quotes keep FTS5's operators out. */
function toMatch(search: string): string {
  const words = search
    .trim()
    .split(/\s+/)
    .map((word) => `"${word.replaceAll('"', '""')}"`);
  return `${words.join(" ")}*`;
}

function toCallRow(row: Row): CallRow {
  return {
    id: row.id,
    at: row.at,
    route: row.route,
    model: row.model,
    target: row.target,
    keyId: row.key_id,
    keyName: row.key_name,
    user: row.user,
    stream: row.stream === 1,
    status: row.status,
    httpStatus: row.http_status,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    finishReason: row.finish_reason,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cachedTokens: row.cached_tokens,
    costNanos: row.cost_nanos,
    durationMs: row.duration_ms,
    ttftMs: row.ttft_ms,
    attempts: row.attempts,
    findings: JSON.parse(row.findings),
    timeline: JSON.parse(row.timeline ?? "{}"),
    request: row.request == null ? null : JSON.parse(row.request),
    output: row.output ?? null,
    preview: row.preview,
    capture: row.capture,
    tenantId: row.tenant_id,
    cache: row.cache,
  };
}
