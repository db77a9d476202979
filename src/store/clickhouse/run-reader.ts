import type { Feedback, KeptRun, Project, Run, RunPayload } from "../../core/run.ts";
import type {
  FeedbackQuery,
  FigureCell,
  FigureQuery,
  ProjectQuery,
  RunPage,
  RunQuery,
} from "../../core/run-query.ts";
import { toFeedbackOf, toProjectOf } from "../annotation-columns.ts";
import { countFacets } from "../facets.ts";
import {
  type Asked,
  FACET_RUNS,
  ofTrace,
  pageOf,
  payloadsOf,
  placeOf,
  readPlace,
  withTexts,
} from "../run-answers.ts";
import { Sealing } from "../sealing.ts";
import { feedbackWhere, projectsWhere } from "./annotations.ts";
import { listOf, quoted } from "./dialect.ts";
import { readFigures } from "./figures.ts";
import { type RunRow, fromRow } from "./run-rows.ts";
import { conditionOf, runsIn, runsWhere } from "./run-table.ts";
import { type ClickHouseTraceOptions, openTraceServer } from "./run-writer.ts";
import { dayOf } from "./schema.ts";
import type { ClickHouseServer } from "./server.ts";
import { readAttachment, readTexts } from "./texts.ts";

const DAY_MS = 86_400_000;
/** How many days are looked at first for a page, and then, before all are. */
const FIRST_DAYS = [1, 7];

export async function openClickHouseRunReader(
  options: Omit<ClickHouseTraceOptions, "writer">,
): Promise<ClickHouseRunReader> {
  return new ClickHouseRunReader(await openTraceServer(options), new Sealing(options.keys));
}

/** Answers questions about runs from ClickHouse. */
export class ClickHouseRunReader {
  private readonly server: ClickHouseServer;
  private readonly sealing: Sealing;

  constructor(server: ClickHouseServer, sealing: Sealing) {
    this.server = server;
    this.sealing = sealing;
  }

  async runs(query: RunQuery): Promise<RunPage> {
    const rows = await this.page(query, query.limit + 1, query.cursor);
    const { page, next } = pageOf(rows, query.limit, placeOf);
    return { runs: page.map(fromRow), next };
  }

  async count(query: Asked): Promise<number> {
    const [row] = await this.server.rows<{ n: string | number }>(
      `SELECT count() AS n FROM run FINAL WHERE NOT is_gone AND NOT is_hidden AND ${conditionOf(query)}`,
    );
    return Number(row?.n ?? 0);
  }

  async find(ids: readonly string[], tenantId?: string): Promise<KeptRun[]> {
    const rows = await runsIn(this.server, "id", ids, conditionOf({ tenantId }));
    const texts = await readTexts(this.server, this.sealing, rows);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.flatMap((id) => {
      const row = byId.get(id);
      return row ? [withTexts(fromRow(row), texts.get(id)?.payload ?? {})] : [];
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
    const [run] = await runsIn(this.server, "id", [runId]);
    return run && readAttachment(this.server, this.sealing, { id: runId, name });
  }

  async sums(traceIds: readonly string[]) {
    const rows = await this.server.rows<Record<string, string | number | null>>(
      `SELECT trace_id AS asked, count() AS runs, sum(status IN ('error', 'blocked')) AS errors,
       sum(input_tokens) AS inputTokens, sum(output_tokens) AS outputTokens,
       sum(cached_tokens) AS cachedTokens, sum(reasoning_tokens) AS reasoningTokens,
       ${["cost", "input_cost", "output_cost"].map((name) => `if(count(${name}_nanos) = 0, NULL, sum(${name}_nanos)) AS ${name}`).join(", ")},
       max(at + duration_ms) AS endAt FROM run FINAL
       WHERE NOT is_gone AND NOT is_hidden AND NOT is_covered AND trace_id IN ${listOf(traceIds)} GROUP BY trace_id`,
    );
    const byId = new Map(rows.map((row) => [String(row["asked"]), row]));
    return Object.fromEntries(traceIds.map((id) => [id, toSum(byId.get(id) ?? {})]));
  }

  figures(query: FigureQuery): Promise<FigureCell[]> {
    return readFigures(this.server, query);
  }

  async facets(query: Asked, fields: readonly (keyof Run)[], limit: number) {
    const rows = await this.page(query, FACET_RUNS, undefined);
    return countFacets(rows.map(fromRow), fields, limit);
  }

  async projects(query: ProjectQuery): Promise<Project[]> {
    const where = ["1"];
    equal(where, "tenant", query.tenantId);
    equal(where, "name", query.name);
    among(where, "id", query.ids);
    among(where, "reference_dataset_id", query.referenceDatasetIds);
    if (query.nameContains !== undefined) {
      where.push(`position(lowerUTF8(name), ${quoted(query.nameContains.toLowerCase())}) > 0`);
    }
    if (query.isReferenceFree !== undefined) {
      where.push(`reference_dataset_id IS ${query.isReferenceFree ? "" : "NOT "}NULL`);
    }
    const order = "ORDER BY coalesce(last_run_at, start_at) DESC, name";
    const rows = await projectsWhere(
      this.server,
      where.join(" AND "),
      `${order} ${limitOf(query)}`,
    );
    return rows.map(toProjectOf);
  }

  async feedback(query: FeedbackQuery): Promise<Feedback[]> {
    const where = ["1"];
    equal(where, "tenant", query.tenantId);
    equal(where, "trace", query.traceId);
    equal(where, "project", query.projectId);
    equal(where, "experiment", query.comparativeExperimentId);
    among(where, "id", query.ids);
    among(where, "run", query.runIds);
    among(where, "key", query.keys);
    among(where, "source_type", query.sources);
    const tail = `ORDER BY created_at DESC ${limitOf(query)}`;
    return (await feedbackWhere(this.server, where.join(" AND "), tail)).map(toFeedbackOf);
  }

  async close(): Promise<void> {
    this.server.close();
  }

  /** The newest days are looked at first: a page is mostly found there. */
  private async page(query: Asked, limit: number, cursor: string | undefined): Promise<RunRow[]> {
    const isUp = query.order === "asc";
    const direction = isUp ? "ASC" : "DESC";
    const after = afterOf(cursor, isUp);
    const where = `${conditionOf(query)} AND ${after.sql}`;
    const tail = `ORDER BY at ${direction}, id ${direction} LIMIT ${limit}`;
    for (const days of isUp ? [] : FIRST_DAYS) {
      const since = dayOf((after.at ?? Date.now()) - days * DAY_MS);
      const rows = await runsWhere(this.server, `day >= '${since}' AND ${where}`, tail);
      if (rows.length === limit) return rows;
    }
    return runsWhere(this.server, where, tail);
  }
}

function equal(where: string[], column: string, value: string | undefined): void {
  if (value !== undefined) where.push(`${column} = ${quoted(value)}`);
}

function among(where: string[], column: string, values: readonly string[] | undefined): void {
  if (values) where.push(values.length === 0 ? "0" : `${column} IN ${listOf(values)}`);
}

function limitOf({ limit, offset = 0 }: { limit: number; offset?: number | undefined }): string {
  return `LIMIT ${Math.floor(offset)}, ${Math.floor(limit)}`;
}

function toSum(row: Readonly<Record<string, string | number | null>>) {
  const sum = (name: string) => Number(row[name] ?? 0);
  const known = (name: string) => {
    const value = row[name] ?? null;
    return value === null ? null : Number(value);
  };
  return {
    runs: sum("runs"),
    errors: sum("errors"),
    inputTokens: sum("inputTokens"),
    outputTokens: sum("outputTokens"),
    cachedTokens: sum("cachedTokens"),
    reasoningTokens: sum("reasoningTokens"),
    costNanos: known("cost"),
    inputCostNanos: known("input_cost"),
    outputCostNanos: known("output_cost"),
    endAt: known("endAt"),
  };
}

function afterOf(cursor: string | undefined, isUp: boolean): { sql: string; at?: number } {
  if (cursor === undefined) return { sql: "1" };
  const { at, id } = readPlace(cursor);
  const sign = isUp ? ">" : "<";
  return { sql: `(at ${sign} ${at} OR (at = ${at} AND id ${sign} '${id}'))`, at };
}
