import type { PoolClient } from "pg";
import type { Feedback, KeptRun, Project, Run, RunPayload } from "../../../core/run.ts";
import type {
  FeedbackQuery,
  FigureCell,
  FigureQuery,
  ProjectQuery,
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
  ofTrace,
  pageOf,
  payloadsOf,
  placeOf,
  readPlace,
  withTexts,
} from "../../run-answers.ts";
import { type RunColumns, fromColumns } from "../../run-columns.ts";
import { toSql } from "../../run-filter.ts";
import { Sealing } from "../../sealing.ts";
import type { Database } from "../database.ts";
import { Binder } from "./binder.ts";
import { readFigures } from "./figures.ts";
import type { PostgresTraceOptions } from "./run-writer.ts";
import { COLUMN_TYPES } from "./schema.ts";
import { openTraceDatabase } from "./trace-database.ts";
import { readTexts } from "./texts.ts";

const CONNECTIONS = 4;
const COLUMNS = Object.keys(COLUMN_TYPES).join(", ");

export async function openPostgresRunReader(
  options: PostgresTraceOptions,
): Promise<PostgresRunReader> {
  const database = await openTraceDatabase(options.url, CONNECTIONS);
  return new PostgresRunReader(database, new Sealing(options.keys));
}

/** Answers questions about runs from PostgreSQL. */
export class PostgresRunReader {
  private readonly database: Database;
  private readonly sealing: Sealing;

  constructor(database: Database, sealing: Sealing) {
    this.database = database;
    this.sealing = sealing;
  }

  async runs(query: RunQuery): Promise<RunPage> {
    const rows = await this.page(query, query.limit + 1, query.cursor);
    const { page, next } = pageOf(rows, query.limit, placeOf);
    return { runs: page.map(fromColumns), next };
  }

  async count(query: Asked): Promise<number> {
    const binder = new Binder();
    const where = whereOf(query, binder);
    const [row] = await this.rows<{ n: string }>(
      `SELECT count(*) AS n FROM weir.run WHERE ${where}`,
      binder.values,
    );
    return Number(row?.n ?? 0);
  }

  async find(ids: readonly string[], tenantId?: string): Promise<KeptRun[]> {
    return this.database.atomically(async (client) => {
      const { rows } = await client.query<RunColumns>(
        `SELECT ${COLUMNS} FROM weir.run WHERE id = ANY($1::uuid[]) AND NOT is_hidden AND ($2::text IS NULL OR tenant_id = $2)`,
        [ids, tenantId ?? null],
      );
      const texts = await readTexts(client, this.sealing, rows);
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.flatMap((id) => {
        const row = byId.get(id);
        return row ? [withTexts(fromColumns(row), texts.get(id)?.payload ?? {})] : [];
      });
    });
  }

  trace(
    traceId: string,
    options: { tenantId?: string; limit: number; cursor?: string },
  ): Promise<RunPage> {
    return this.runs(ofTrace(traceId, options));
  }

  outline(traceId: string, options: { limit: number; cursor?: string }): Promise<RunPage> {
    return this.trace(traceId, options);
  }

  async payloads(ids: readonly string[]): Promise<Record<string, RunPayload>> {
    return payloadsOf(await this.find(ids));
  }

  async attachment(runId: string, name: string) {
    const [row] = await this.rows<{ mime: string; codec: number; body: Buffer }>(
      "SELECT mime, codec, body FROM weir.run_text WHERE id = $1 AND name = $2 AND name <> ''",
      [runId, name],
    );
    return row && { mimeType: row.mime, bytes: this.sealing.open(row) };
  }

  async sums(traceIds: readonly string[]) {
    const rows = await this.rows<Record<string, string | null>>(
      `SELECT asked.id, count(run.id) AS runs,
       coalesce(sum((status IN ('error', 'blocked'))::int), 0) AS errors,
       coalesce(sum(input_tokens), 0) AS "inputTokens", coalesce(sum(output_tokens), 0) AS "outputTokens",
       coalesce(sum(cached_tokens), 0) AS "cachedTokens", coalesce(sum(reasoning_tokens), 0) AS "reasoningTokens",
       sum(cost_nanos) AS "costNanos", sum(input_cost_nanos) AS "inputCostNanos",
       sum(output_cost_nanos) AS "outputCostNanos", max(at + duration_ms) AS "endAt"
       FROM unnest($1::uuid[]) AS asked(id)
       LEFT JOIN weir.run ON trace_id = asked.id AND NOT is_covered AND NOT is_hidden GROUP BY asked.id`,
      [traceIds],
    );
    return Object.fromEntries(
      rows.map(({ id, ...sums }) => [
        String(id),
        Object.fromEntries(
          Object.entries(sums).map(([name, value]) => [
            name,
            value === null ? null : Number(value),
          ]),
        ) as unknown as TraceSum, // the columns asked for
      ]),
    );
  }

  figures(query: FigureQuery): Promise<FigureCell[]> {
    return this.database.atomically((client: PoolClient) => readFigures(client, query));
  }

  async facets(query: Asked, fields: readonly (keyof Run)[], limit: number) {
    const rows = await this.page(query, FACET_RUNS, undefined);
    return countFacets(rows.map(fromColumns), fields, limit);
  }

  async projects(query: ProjectQuery): Promise<Project[]> {
    const binder = new Binder();
    const where = ["true"];
    const add = (sql: string, value: unknown) => {
      if (value !== undefined) where.push(sql.replace("?", binder.add(value)));
    };
    add("tenant = ?", query.tenantId);
    add("id = ANY(?::text[])", query.ids);
    add("name = ?", query.name);
    add("reference_dataset_id = ANY(?::text[])", query.referenceDatasetIds);
    add("strpos(lower(name), lower(?)) > 0", query.nameContains);
    if (query.isReferenceFree !== undefined) {
      where.push(`reference_dataset_id IS ${query.isReferenceFree ? "" : "NOT "}NULL`);
    }
    const rows = await this.rows<ProjectRow>(
      `SELECT * FROM weir.trace_project WHERE ${where.join(" AND ")}
       ORDER BY coalesce(last_run_at, start_at) DESC, name LIMIT ${binder.add(query.limit)} OFFSET ${binder.add(query.offset ?? 0)}`,
      binder.values,
    );
    return rows.map(toProjectOf);
  }

  async feedback(query: FeedbackQuery): Promise<Feedback[]> {
    const binder = new Binder();
    const where = ["true"];
    const add = (sql: string, value: unknown) => {
      if (value !== undefined) where.push(sql.replace("?", binder.add(value)));
    };
    add("tenant = ?", query.tenantId);
    add("id = ANY(?::text[])", query.ids);
    add("run = ANY(?::uuid[])", query.runIds);
    add("trace = ?", query.traceId);
    add("project = ?", query.projectId);
    add("key = ANY(?::text[])", query.keys);
    add("(source::json->>'type') = ANY(?::text[])", query.sources);
    add("experiment = ?", query.comparativeExperimentId);
    const rows = await this.rows<FeedbackRow>(
      `SELECT * FROM weir.feedback WHERE ${where.join(" AND ")}
       ORDER BY created_at DESC LIMIT ${binder.add(query.limit)} OFFSET ${binder.add(query.offset ?? 0)}`,
      binder.values,
    );
    return rows.map(toFeedbackOf);
  }

  close(): Promise<void> {
    return this.database.close();
  }

  private page(query: Asked, limit: number, cursor: string | undefined): Promise<RunColumns[]> {
    const binder = new Binder();
    const isUp = query.order === "asc";
    const where = [whereOf(query, binder), afterOf(cursor, isUp, binder)].join(" AND ");
    const direction = isUp ? "ASC" : "DESC";
    return this.rows<RunColumns>(
      `SELECT ${COLUMNS} FROM weir.run WHERE ${where}
       ORDER BY at ${direction}, id ${direction} LIMIT ${binder.add(limit)}`,
      binder.values,
    );
  }

  private rows<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
    return this.database.atomically(async (client) => (await client.query<T>(sql, values)).rows);
  }
}

function whereOf({ tenantId, isRoot, filter }: Asked, binder: Binder): string {
  const parts = ["NOT is_hidden"];
  if (tenantId !== undefined) parts.push(`tenant_id = ${binder.add(tenantId)}`);
  if (isRoot !== undefined) parts.push(`parent_id IS ${isRoot ? "" : "NOT "}NULL`);
  if (filter) parts.push(`(${toSql(filter, binder.dialect)})`);
  return parts.join(" AND ");
}

function afterOf(cursor: string | undefined, isUp: boolean, binder: Binder): string {
  if (cursor === undefined) return "true";
  const { at, id } = readPlace(cursor);
  return `(at, id) ${isUp ? ">" : "<"} (${binder.add(at)}::float8, ${binder.add(id)}::uuid)`;
}
