import type { PoolClient } from "pg";
import type { LogPosition } from "../../../core/log-position.ts";
import type { Feedback, Project, Run, RunPayload, RunRecord } from "../../../core/run.ts";
import type { RunBatch, StoredRun } from "../../../core/run-batch.ts";
import { WeirError } from "../../../core/errors.ts";
import { toFeedbackRow, toProjectRow } from "../../annotation-columns.ts";
import { type RunColumns, fromColumns, toColumns } from "../../run-columns.ts";
import { Sealing, type SealingKeys } from "../../sealing.ts";
import { wordsOf } from "../../run-filter.ts";
import { answered } from "../../covered-runs.ts";
import type { Database } from "../database.ts";
import { covered } from "./covering.ts";
import { Partitions } from "./partitions.ts";
import { openTraceDatabase } from "./trace-database.ts";
import { COLUMN_TYPES } from "./schema.ts";
import { dropMoved, dropOldest, hideRuns } from "./removal.ts";
import { storable, storableJson } from "../../storable.ts";
import { readTexts } from "./texts.ts";

export interface PostgresTraceOptions {
  readonly url: string;
  /** Of this replica: each has a log of its own, and its own place in it. */
  readonly writer: string;
  readonly keys?: SealingKeys;
}

const SIZE_HOLDS_MS = 30_000;
const NAMES = Object.keys(COLUMN_TYPES) as (keyof RunColumns)[];
const RECORD = `${Object.entries(COLUMN_TYPES)
  .map(([name, type]) => `${name} ${type}`)
  .join(", ")}, words text[]`;
const UPSERT = `INSERT INTO weir.run (${NAMES.join(", ")}, words)
  SELECT ${NAMES.join(", ")}, array_to_tsvector(words) FROM json_to_recordset($1::json) AS r(${RECORD})
  ON CONFLICT (id, at) DO UPDATE SET ${[...NAMES, "words"].map((name) => `${name} = excluded.${name}`).join(", ")}`;

export async function openPostgresRunWriter(
  options: PostgresTraceOptions,
): Promise<PostgresRunWriter> {
  return new PostgresRunWriter(await openTraceDatabase(options.url, 1), options);
}

/** Runs in PostgreSQL. Several replicas write into one database, each with a log of its own. */
export class PostgresRunWriter {
  private readonly database: Database;
  private readonly writer: string;
  private readonly sealing: Sealing;
  private readonly partitions = new Partitions();
  private size: { readonly at: number; readonly bytes: Promise<number> } | undefined;

  constructor(database: Database, { writer, keys = [] }: PostgresTraceOptions) {
    this.database = database;
    this.writer = writer;
    this.sealing = new Sealing(keys);
  }

  async position(): Promise<LogPosition | undefined> {
    const [row] = await this.rows<{ segment: string; byte_offset: string }>(
      "SELECT segment, byte_offset FROM weir.trace_position WHERE writer = $1",
      [this.writer],
    );
    return row && { segment: row.segment, offset: Number(row.byte_offset) };
  }

  async stored(ids: readonly string[]): Promise<Map<string, StoredRun>> {
    return this.database.atomically(async (client) => {
      const { rows } = await client.query<RunColumns>(
        `SELECT ${NAMES.join(", ")} FROM weir.run WHERE id = ANY($1::uuid[]) AND NOT is_hidden`,
        [ids],
      );
      const texts = await readTexts(client, this.sealing, rows);
      return new Map(
        rows.map((row) => {
          const { payload = {}, attachments = [] } = texts.get(row.id) ?? {};
          const { timeline: _, ...rest } = payload as RunPayload & { timeline?: unknown };
          return [
            row.id,
            { run: fromColumns(row), payload: rest, attachments, isPatched: row.is_patched },
          ];
        }),
      );
    });
  }

  async projectNamed(tenantId: string, name: string): Promise<string | undefined> {
    const [row] = await this.rows<{ id: string }>(
      "SELECT id FROM weir.trace_project WHERE tenant = $1 AND name = $2",
      [tenantId, name],
    );
    return row?.id;
  }

  async write({ runs, feedback, projects, position, now }: RunBatch): Promise<void> {
    // By itself: a new day changes the tables that all others use.
    await this.change((client) =>
      this.partitions.make(
        client,
        runs.map(({ record }) => record.run.at),
      ),
    );
    await this.change(async (client) => {
      for (const { id, tenantId, name } of projects) {
        await client.query(
          `INSERT INTO weir.trace_project AS p (id, tenant, name, start_at, last_run_at) VALUES ($1, $2, $3, $4, $4)
           ON CONFLICT (id) DO UPDATE SET last_run_at = $4 WHERE p.tenant = $2`,
          [id, tenantId, storable(name), now],
        );
      }
      if (runs.length > 0) await this.writeRuns(client, runs);
      for (const one of feedback) await putFeedbackRow(client, one);
      if (position) {
        await client.query(
          `INSERT INTO weir.trace_position (writer, segment, byte_offset) VALUES ($1, $2, $3)
           ON CONFLICT (writer) DO UPDATE SET segment = $2, byte_offset = $3`,
          [this.writer, position.segment, position.offset],
        );
      }
    });
  }

  async putFeedback(feedback: Feedback): Promise<void> {
    await this.change((client) => putFeedbackRow(client, feedback));
  }

  async removeFeedback(id: string): Promise<void> {
    await this.rows("DELETE FROM weir.feedback WHERE id = $1", [id]);
  }

  async putProject(project: Omit<Project, "lastRunAt">): Promise<void> {
    const other = await this.projectNamed(project.tenantId, project.name);
    if (other !== undefined && other !== project.id) {
      throw new WeirError("conflict", `There is a project ${project.name} already.`);
    }
    await this.rows(
      `INSERT INTO weir.trace_project (id, tenant, name, description, start_at, end_at, reference_dataset_id, extra)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET name = $3, description = $4,
       start_at = $5, end_at = $6, reference_dataset_id = $7, extra = $8`,
      Object.values(toProjectRow(project)),
    );
  }

  async removeProject(id: string): Promise<number> {
    return this.change(async (client) => {
      const gone = await hideRuns(client, "project_id = $1", [id]);
      await client.query("DELETE FROM weir.feedback WHERE project = $1", [id]);
      await client.query("DELETE FROM weir.trace_project WHERE id = $1", [id]);
      return gone;
    });
  }

  remove(ids: readonly string[]): Promise<number> {
    return this.change((client) => hideRuns(client, "id = ANY($1::uuid[])", [ids]));
  }

  removeUser(userId: string, tenantId: string | undefined): Promise<number> {
    const condition = "user_id = $1 AND ($2::text IS NULL OR tenant_id = $2)";
    const values = [userId, tenantId ?? null];
    return this.change(async (client) => {
      const gone = await hideRuns(client, condition, values);
      await client.query(`UPDATE weir.run SET user_id = NULL WHERE ${condition}`, values);
      return gone;
    });
  }

  /** The oldest day that is too old as a whole goes at once; where there is none, runs of a part of a day. */
  prune(before: number, limit: number, now: number): Promise<number> {
    return this.change(async (client) => {
      this.size = undefined;
      const gone = await this.partitions.drop(client, before);
      // Room is won by days alone: what is deleted from a table leaves it as large as it was.
      return gone > 0 || before >= now ? gone : dropOldest(client, before, limit);
    });
  }

  async compact(): Promise<boolean> {
    return false;
  }

  /** As of the last half minute: every partition is looked at. */
  usedBytes(): Promise<number> {
    const now = Date.now();
    if (!this.size || now - this.size.at > SIZE_HOLDS_MS) {
      this.size = { at: now, bytes: this.measure() };
    }
    return this.size.bytes;
  }

  private async measure(): Promise<number> {
    const [row] = await this.rows<{ n: string }>(
      `SELECT sum(pg_total_relation_size(inhrelid)) AS n FROM pg_inherits
       WHERE inhparent IN ('weir.run'::regclass, 'weir.run_text'::regclass)`,
    );
    return Number(row?.n ?? 0);
  }

  async oldest(): Promise<number | undefined> {
    const [row] = await this.rows<{ at: number | null }>(
      "SELECT min(at) AS at FROM weir.run WHERE NOT is_hidden",
    );
    return row?.at ?? undefined;
  }

  close(): Promise<void> {
    return this.database.close();
  }

  private async writeRuns(client: PoolClient, runs: RunBatch["runs"]): Promise<void> {
    await dropMoved(client, runs);
    const fresh = runs.map(({ record }) => answered(record));
    const known = await covered(client, fresh);
    const rows = runs.map(({ record, before }, index) => {
      const { isPatched, isCountedOnly: isHidden, text } = record;
      const run = known.get(record.run.id) ?? record.run;
      const columns = toColumns(this.shown(run), { isPatched, isHidden });
      return {
        ...columns,
        is_covered: run.isCovered || (before?.isCovered ?? false),
        answer_id: isHidden ? null : (fresh[index]?.answer ?? null),
        words: this.sealing.isOn || isHidden ? [] : [...new Set(wordsOf(text))],
      };
    });
    await client.query(UPSERT, [storableJson(rows)]);
    await this.writeTexts(client, runs);
  }

  /** Where texts are sealed, rows show none of them. */
  private shown(run: Run): Run {
    if (!this.sealing.isOn) return run;
    return { ...run, inputPreview: null, outputPreview: null, errorMessage: null };
  }

  private async writeTexts(client: PoolClient, runs: RunBatch["runs"]): Promise<void> {
    const texts = runs.flatMap(({ record }) =>
      record.isCountedOnly ? [] : textsOf(record, this.sealing),
    );
    await client.query(
      `INSERT INTO weir.run_text (id, at, name, mime, codec, body)
       SELECT * FROM unnest($1::uuid[], $2::float8[], $3::text[], $4::text[], $5::int2[], $6::bytea[])
       ON CONFLICT (id, at, name) DO UPDATE SET mime = excluded.mime, codec = excluded.codec, body = excluded.body`,
      [
        texts.map(({ id }) => id),
        texts.map(({ at }) => at),
        texts.map(({ name }) => name),
        texts.map(({ mime }) => mime),
        texts.map(({ codec }) => codec),
        texts.map(({ body }) => Buffer.from(body)),
      ],
    );
  }

  private async rows<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
    return this.database.atomically(async (client) => (await client.query<T>(sql, values)).rows);
  }

  private async change<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    try {
      return await this.database.atomically(work);
    } catch (cause) {
      this.partitions.forget();
      throw cause;
    }
  }
}

/** The payload under no name, attachments under theirs. */
function textsOf({ run, payload, attachments }: RunRecord, sealing: Sealing) {
  const whole = run.call === null ? payload : { ...payload, timeline: run.call.timeline };
  const seal = (name: string, mime: string | null, plain: Buffer) => ({
    id: run.id,
    at: run.at,
    name,
    mime,
    ...sealing.close(plain),
  });
  return [
    seal("", null, Buffer.from(JSON.stringify(whole))),
    ...attachments.map(({ name, mimeType, base64 }) =>
      seal(name, mimeType, Buffer.from(base64, "base64")),
    ),
  ];
}

async function putFeedbackRow(client: PoolClient, feedback: Feedback): Promise<void> {
  await client.query(
    `INSERT INTO weir.feedback AS f (id, tenant, run, trace, project, key, score, value, correction, comment, source,
     experiment, extra, created_at, modified_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     ON CONFLICT (id) DO UPDATE SET run = $3, trace = $4, project = $5, key = $6, score = $7, value = $8,
     correction = $9, comment = $10, source = $11, experiment = $12, extra = $13, modified_at = $15 WHERE f.tenant = $2`,
    Object.values(toFeedbackRow(feedback)),
  );
}
