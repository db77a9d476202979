import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Feedback, KeptRun, Project, Run, RunPayload } from "../../../core/run.ts";
import type {
  FeedbackQuery,
  FigureCell,
  FigureQuery,
  OutlinePage,
  ProjectQuery,
  RunFilter,
  RunPage,
  RunQuery,
  TraceSum,
} from "../../../core/run-query.ts";
import {
  type FeedbackRow,
  type ProjectRow,
  toFeedbackOf,
  toProjectOf,
} from "../../annotation-columns.ts";
import { countFacets } from "../../facets.ts";
import {
  type Asked,
  FACET_RUNS,
  badCursor,
  ofTrace,
  pageOf,
  payloadsOf,
  withTexts,
} from "../../run-answers.ts";
import { PayloadReader } from "./blocks.ts";
import { FigureReader } from "./figures.ts";
import { type Condition, toCondition } from "./filter-sql.ts";
import { OUTLINE, type OutlineRow, type RunRow, fromRow, toOutline } from "./run-rows.ts";
import { RunSources } from "./run-sources.ts";
import { SHADOW, bytesToUuid, firstSeq, uuidToBytes } from "./schema.ts";
import { Sealing, type Sealed } from "../../sealing.ts";
import type { SqliteTraceOptions } from "./run-writer.ts";
import { Words } from "./words.ts";

type Value = string | number | Uint8Array | null;

/** Reads the trace database beside its writer, which it never blocks. */
export class SqliteRunReader {
  private readonly db: DatabaseSync;
  private readonly words: Words;
  private readonly sources: RunSources;
  private readonly sealing: Sealing;
  private readonly payloadReader: PayloadReader;
  private readonly figureReader: FigureReader;

  constructor({ path, keys = [] }: SqliteTraceOptions) {
    this.db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    // What is mapped counts as the server's memory, and of a large database it is the oldest part.
    this.db.exec("PRAGMA cache_size = -32768; PRAGMA mmap_size = 67108864");
    this.words = new Words(this.db);
    this.sources = new RunSources(this.db, this.words);
    this.sealing = new Sealing(keys);
    this.payloadReader = new PayloadReader(this.db, this.sealing);
    this.figureReader = new FigureReader(this.db, this.words);
  }

  async runs(query: RunQuery): Promise<RunPage> {
    const rows = [...this.walk(query, query.limit + 1, query.cursor)];
    const { page, next } = pageOf(rows, query.limit, keyOf);
    return { runs: page.map((row) => fromRow(row, this.words)), next };
  }

  async count(query: Asked): Promise<number> {
    let count = 0;
    for (const { from, where } of this.sources.of(query)) {
      const row = this.db
        .prepare(`SELECT count(*) AS n FROM ${from} WHERE ${where.sql}`)
        .get(...where.values);
      count += Number(row?.["n"] ?? 0);
    }
    return count;
  }

  async find(ids: readonly string[], tenantId?: string): Promise<KeptRun[]> {
    const found = this.rowsOf(ids).flatMap((row) => {
      const run = fromRow(row, this.words);
      return tenantId === undefined || run.tenantId === tenantId
        ? [this.withPayload(row, run)]
        : [];
    });
    this.payloadReader.forget();
    return found;
  }

  async trace(
    traceId: string,
    options: { tenantId?: string; limit: number; cursor?: string },
  ): Promise<RunPage> {
    return this.runs(ofTrace(traceId, options));
  }

  async outline(
    traceId: string,
    { limit, cursor }: { limit: number; cursor?: string },
  ): Promise<OutlinePage> {
    const filter: RunFilter = { op: "eq", field: "traceId", value: traceId };
    const rows = [...this.walk<OutlineRow>({ filter, order: "asc" }, limit + 1, cursor, OUTLINE)];
    const { page, next } = pageOf(rows, limit, keyOf);
    return { runs: page.map((row) => toOutline(row, this.words)), next };
  }

  async payloads(ids: readonly string[]): Promise<Record<string, RunPayload>> {
    return payloadsOf(await this.find(ids));
  }

  async attachment(
    runId: string,
    name: string,
  ): Promise<{ mimeType: string; bytes: Uint8Array } | undefined> {
    const row = this.db
      .prepare(
        "SELECT mime, codec, body FROM attachment WHERE seq = (SELECT seq FROM run WHERE id = ?) AND name = ?",
      )
      .get(uuidToBytes(runId), name);
    return (
      row && { mimeType: String(row["mime"]), bytes: this.sealing.open(row as unknown as Sealed) }
    );
  }

  async sums(traceIds: readonly string[]): Promise<Record<string, TraceSum>> {
    const statement = this.db
      .prepare(`SELECT count(*) AS runs, ifnull(sum(status IN (2, 3)), 0) AS errors,
      ifnull(sum(input_tokens), 0) AS inputTokens, ifnull(sum(output_tokens), 0) AS outputTokens,
      ifnull(sum(cached_tokens), 0) AS cachedTokens, ifnull(sum(reasoning_tokens), 0) AS reasoningTokens,
      sum(cost) AS costNanos, sum(input_cost) AS inputCostNanos, sum(output_cost) AS outputCostNanos,
      max(at + duration_ms) AS endAt FROM run WHERE trace = ? AND (flags & 4) = 0`);
    return Object.fromEntries(
      traceIds.map((id) => [id, { ...(statement.get(uuidToBytes(id)) as unknown as TraceSum) }]), // the columns asked for
    );
  }

  async figures(query: FigureQuery): Promise<FigureCell[]> {
    return this.figureReader.figures(query, () => this.finished(query));
  }

  async facets(query: Asked, fields: readonly (keyof Run)[], limit: number) {
    const rows = this.walk(query, FACET_RUNS);
    return countFacets(
      rows.map((row) => fromRow(row, this.words)),
      fields,
      limit,
    );
  }

  async projects(query: ProjectQuery): Promise<Project[]> {
    const where = new Where();
    where.eq("tenant", query.tenantId);
    where.in("id", query.ids);
    where.eq("name", query.name);
    where.in("reference_dataset_id", query.referenceDatasetIds);
    if (query.nameContains !== undefined) {
      where.add("instr(lower(name), lower(?)) > 0", query.nameContains);
    }
    if (query.isReferenceFree !== undefined) {
      where.add(`reference_dataset_id IS ${query.isReferenceFree ? "" : "NOT "}NULL`);
    }
    const rows = this.db
      .prepare(
        `SELECT * FROM project WHERE ${where.sql} ORDER BY ifnull(last_run_at, start_at) DESC, name LIMIT ? OFFSET ?`,
      )
      .all(...where.values, query.limit, query.offset ?? 0);
    return rows.map((row) => toProjectOf(row as unknown as ProjectRow)); // the table is STRICT
  }

  async feedback(query: FeedbackQuery): Promise<Feedback[]> {
    const where = new Where();
    where.eq("tenant", query.tenantId);
    where.in("id", query.ids);
    where.in("run", query.runIds?.map(uuidToBytes));
    where.eq("trace", query.traceId && uuidToBytes(query.traceId));
    where.eq("project", query.projectId);
    where.in("key", query.keys);
    where.in("json_extract(source, '$.type')", query.sources);
    where.eq("experiment", query.comparativeExperimentId);
    const rows = this.db
      .prepare(
        `SELECT * FROM feedback WHERE ${where.sql} ORDER BY created_at DESC LIMIT ? OFFSET ?`,
      )
      .all(...where.values, query.limit, query.offset ?? 0);
    return rows.map((row) => toFeedbackOf(withUuids(row as unknown as KeptFeedback))); // the table is STRICT
  }

  async close(): Promise<void> {
    this.db.close();
  }

  private rowsOf(ids: readonly string[]): RunRow[] {
    const statement = this.db.prepare("SELECT * FROM run WHERE id = ?");
    return ids.flatMap((id) => (statement.get(uuidToBytes(id)) as RunRow | undefined) ?? []); // the columns of the table
  }

  private withPayload(row: RunRow, run: Run): KeptRun {
    const { block, start, length, seq } = row;
    const isPlaced = block !== null && start !== null && length !== null;
    const kept = this.payloadReader.read(seq, isPlaced ? { block, start, length } : undefined);
    return withTexts(run, kept);
  }

  /** The rows that pass, in order. */
  private *walk<Row = RunRow>(
    query: Asked,
    limit: number,
    cursor?: string,
    columns: readonly string[] = ["*"],
  ): Generator<Row> {
    if (cursor !== undefined && !/^-?\d{1,16}$/.test(cursor)) {
      throw badCursor();
    }
    const isUp = query.order === "asc";
    const named = columns.map((column) => `run.${column}`).join(", ");
    let left = limit;
    for (const { from, where, key } of this.sources.of(query)) {
      const after = cursor === undefined ? "" : ` AND ${key} ${isUp ? ">" : "<"} ?`;
      const sql = `SELECT ${named} FROM ${from} WHERE ${where.sql}${after} ORDER BY ${key} ${isUp ? "ASC" : "DESC"} LIMIT ?`;
      const start = cursor === undefined ? [] : [Number(cursor)];
      for (const row of rowsOf<Row>(this.db.prepare(sql), [...where.values, ...start, left])) {
        yield row;
        left -= 1;
      }
      if (left === 0) return;
    }
  }

  private *finished({ from, to, filter, tenantId }: FigureQuery): Generator<Run> {
    const parts: Condition[] = [
      {
        sql: `run.seq >= ? AND run.seq < ? AND run.status <> 0 AND (run.flags & ${SHADOW}) = 0`,
        values: [firstSeq(from), firstSeq(to)],
      },
    ];
    if (tenantId !== undefined) {
      parts.push({ sql: "run.tenant = ?", values: [this.words.known(tenantId) ?? -1] });
    }
    if (filter) parts.push(toCondition(filter, this.words));
    const sql = parts.map((part) => `(${part.sql})`).join(" AND ");
    const rows = this.db
      .prepare(`SELECT run.* FROM run WHERE ${sql}`)
      .iterate(...parts.flatMap(({ values }) => values));
    for (const row of rows as Iterable<RunRow>) yield fromRow(row, this.words); // the columns of the table
  }
}

/** Rows whose fields are read twice as fast as those of the objects that SQLite's binding makes. */
function* rowsOf<Row>(statement: StatementSync, values: readonly Value[]): Generator<Row> {
  statement.setReturnArrays(true);
  const names = statement.columns().map(({ name }) => name);
  for (const cells of statement.iterate(...values) as Iterable<unknown>) {
    const row: Record<string, unknown> = {};
    for (let at = 0; at < names.length; at++) row[names[at] ?? ""] = (cells as unknown[])[at];
    yield row as Row; // the columns asked for
  }
}

/** Where the next page goes on. */
function keyOf({ seq }: { readonly seq: number }): string {
  return String(seq);
}

type KeptFeedback = Omit<FeedbackRow, "run" | "trace"> & {
  readonly run: Uint8Array | null;
  readonly trace: Uint8Array | null;
};

function withUuids({ run, trace, ...row }: KeptFeedback): FeedbackRow {
  return { ...row, run: run && bytesToUuid(run), trace: trace && bytesToUuid(trace) };
}

/** Conditions on named columns; what is undefined is no condition. */
class Where {
  sql = "1";
  readonly values: Value[] = [];

  add(sql: string, ...values: Value[]): void {
    this.sql += ` AND ${sql}`;
    this.values.push(...values);
  }

  eq(column: string, value: Value | undefined): void {
    if (value !== undefined) this.add(`${column} = ?`, value);
  }

  in(column: string, values: readonly Value[] | undefined): void {
    if (values) this.add(`${column} IN (${values.map(() => "?").join(", ") || "NULL"})`, ...values);
  }
}
