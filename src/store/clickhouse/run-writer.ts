import type { LogPosition } from "../../core/log-position.ts";
import type { Feedback, Project, Run, RunPayload } from "../../core/run.ts";
import type { RunBatch, StoredRun } from "../../core/run-batch.ts";
import { answered } from "../covered-runs.ts";
import { wordsOf } from "../run-filter.ts";
import { Sealing, type SealingKeys } from "../sealing.ts";
import * as annotations from "./annotations.ts";
import { covered } from "./covering.ts";
import { listOf, quoted } from "./dialect.ts";
import { type RunRow, changedRow, fromRow, goneRow, hiddenRow, toRow } from "./run-rows.ts";
import { runsIn, runsWhere } from "./run-table.ts";
import { MIGRATIONS, dayOf, nextVersion, noteVersions } from "./schema.ts";
import { type ClickHouseOptions, ClickHouseServer } from "./server.ts";
import { readTexts, writeTexts } from "./texts.ts";

export interface ClickHouseTraceOptions extends ClickHouseOptions {
  /** Of this replica: each has a log of its own, and its own place in it. */
  readonly writer: string;
  readonly keys?: SealingKeys;
}

const DELETED_AT_ONCE = 1000;

/** One that is away at the start is waited for: a server serves without its traces. */
export async function openTraceServer(options: ClickHouseOptions): Promise<ClickHouseServer> {
  const server = new ClickHouseServer(options, MIGRATIONS);
  await server.check("traces.store.clickhouse");
  return server;
}

export async function openClickHouseRunWriter(
  options: ClickHouseTraceOptions,
): Promise<ClickHouseRunWriter> {
  return new ClickHouseRunWriter(await openTraceServer(options), options);
}

/**
 * Runs in ClickHouse. It has no transactions: what belongs to a batch is written piece by piece, the
 * place in the log last. After a crash in between the batch comes again, and versions replace versions.
 */
export class ClickHouseRunWriter {
  private readonly server: ClickHouseServer;
  private readonly writer: string;
  private readonly sealing: Sealing;

  constructor(server: ClickHouseServer, { writer, keys = [] }: ClickHouseTraceOptions) {
    this.server = server;
    this.writer = writer;
    this.sealing = new Sealing(keys);
  }

  async position(): Promise<LogPosition | undefined> {
    const [row] = await this.server.rows<{ segment: string; byte_offset: string }>(
      `SELECT segment, byte_offset FROM trace_position FINAL WHERE writer = ${quoted(this.writer)}`,
    );
    return row && { segment: row.segment, offset: Number(row.byte_offset) };
  }

  async stored(ids: readonly string[]): Promise<Map<string, StoredRun>> {
    const rows = await runsIn(this.server, "id", ids);
    const texts = await readTexts(this.server, this.sealing, rows);
    return new Map(
      rows.map((row) => {
        const { payload = {}, attachments = [] } = texts.get(row.id) ?? {};
        const { timeline: _, ...rest } = payload as RunPayload & { timeline?: unknown };
        const isPatched = Boolean(row["is_patched"]);
        return [row.id, { run: fromRow(row), payload: rest, attachments, isPatched }];
      }),
    );
  }

  projectNamed(tenantId: string, name: string): Promise<string | undefined> {
    return annotations.projectNamed(this.server, tenantId, name);
  }

  async write({ runs, feedback, projects, position, now }: RunBatch): Promise<void> {
    await annotations.beginProjects(this.server, projects, now);
    if (runs.length > 0) await this.writeRuns(runs);
    await annotations.putFeedback(this.server, feedback);
    if (!position) return;
    const { segment, offset: byte_offset } = position;
    const row = { writer: this.writer, segment, byte_offset, version: nextVersion() };
    await this.server.insert("trace_position", [row]);
  }

  putFeedback(feedback: Feedback): Promise<void> {
    return annotations.putFeedback(this.server, [feedback]);
  }

  removeFeedback(id: string): Promise<void> {
    return annotations.dropFeedback(this.server, `id = ${quoted(id)}`);
  }

  putProject(project: Omit<Project, "lastRunAt">): Promise<void> {
    return annotations.putProject(this.server, project);
  }

  async removeProject(id: string): Promise<number> {
    const gone = await this.hide(await runsWhere(this.server, `project_id = ${quoted(id)}`));
    await annotations.dropProject(this.server, id);
    return gone;
  }

  async remove(ids: readonly string[]): Promise<number> {
    return this.hide(await runsIn(this.server, "id", ids));
  }

  async removeUser(userId: string, tenantId: string | undefined): Promise<number> {
    const ofTenant = tenantId === undefined ? "1" : `tenant_id = ${quoted(tenantId)}`;
    const condition = `user_id = ${quoted(userId)} AND ${ofTenant}`;
    const gone = await this.hide(await runsWhere(this.server, condition));
    const counted = await this.server.rows<RunRow>(
      `SELECT * FROM run FINAL WHERE NOT is_gone AND ${condition}`,
    );
    noteVersions(counted);
    await this.replace(counted.map((row) => changedRow(row, { user_id: null })));
    return gone;
  }

  /** The oldest day that is too old as a whole goes at once; `limit` is for databases that delete row by row. */
  async prune(before: number): Promise<number> {
    const days = await this.server.rows<{ partition: string }>(
      `SELECT DISTINCT partition FROM system.parts
       WHERE active AND database = currentDatabase() AND table = 'run' ORDER BY partition`,
    );
    for (const { partition } of days) {
      if (Number(partition) >= Number(dayOf(before).replaceAll("-", ""))) return 0;
      const gone = await this.dropDay(partition);
      if (gone > 0) return gone;
    }
    return 0;
  }

  async compact(): Promise<boolean> {
    return false;
  }

  async usedBytes(): Promise<number> {
    const [row] = await this.server.rows<{ bytes: string | number }>(
      `SELECT sum(bytes_on_disk) AS bytes FROM system.parts
       WHERE active AND database = currentDatabase() AND table IN ('run', 'run_text')`,
    );
    return Number(row?.bytes ?? 0);
  }

  async oldest(): Promise<number | undefined> {
    const [row] = await this.server.rows<{ n: string | number; least: number }>(
      "SELECT count() AS n, min(at) AS least FROM run FINAL WHERE NOT is_gone AND NOT is_hidden",
    );
    return row && Number(row.n) > 0 ? row.least : undefined;
  }

  async close(): Promise<void> {
    this.server.close();
  }

  private async writeRuns(runs: RunBatch["runs"]): Promise<void> {
    const fresh = runs.map(({ record }) => answered(record));
    const known = await covered(this.server, fresh);
    const rows = runs.map(({ record, before }, index) => {
      const { isPatched, isCountedOnly: isHidden, text } = record;
      const run = known.runs.get(record.run.id) ?? record.run;
      const isCovered = run.isCovered || (before?.isCovered ?? false);
      const words = this.sealing.isOn ? [] : [...new Set(wordsOf(text))];
      const answer = fresh[index]?.answer;
      return toRow({ ...this.shown(run), isCovered }, { isPatched, isHidden, answer, words });
    });
    const moved = runs.flatMap(({ record: { run }, before }) =>
      before && dayOf(before.at) !== dayOf(run.at) ? [goneRow(run.id, before.at)] : [],
    );
    const told = runs.map(({ record }) => record).filter(({ isCountedOnly }) => !isCountedOnly);
    await writeTexts(this.server, this.sealing, told);
    await this.server.insert("run", [...rows, ...known.rows, ...moved]);
  }

  /** Where texts are sealed, rows show none of them. */
  private shown(run: Run): Run {
    if (!this.sealing.isOn) return run;
    return { ...run, inputPreview: null, outputPreview: null, errorMessage: null };
  }

  /** Takes runs away with their texts and feedback; figures go on counting them. */
  private async hide(rows: readonly RunRow[]): Promise<number> {
    await this.replace(rows.map(hiddenRow));
    for (let at = 0; at < rows.length; at += DELETED_AT_ONCE) {
      const ids = listOf(rows.slice(at, at + DELETED_AT_ONCE).map(({ id }) => id));
      await annotations.dropFeedback(this.server, `run IN ${ids}`);
      await this.server.run(`ALTER TABLE run_text DELETE WHERE id IN ${ids}`);
    }
    return rows.length;
  }

  /** Writes later versions of rows, and has the earlier ones deleted for good. */
  private async replace(rows: readonly RunRow[]): Promise<void> {
    await this.server.insert("run", rows);
    for (let at = 0; at < rows.length; at += DELETED_AT_ONCE) {
      const some = rows.slice(at, at + DELETED_AT_ONCE);
      const ids = listOf(some.map(({ id }) => id));
      const least = Math.min(...some.map((row) => Number(row["version"])));
      await this.server.run(`ALTER TABLE run DELETE WHERE id IN ${ids} AND version < ${least}`);
    }
  }

  private async dropDay(partition: string): Promise<number> {
    const ofDay = `SELECT id FROM run FINAL WHERE toYYYYMMDD(day) = ${partition} AND NOT is_gone`;
    const [row] = await this.server.rows<{ n: string | number }>(
      `SELECT count() AS n FROM (${ofDay})`,
    );
    await annotations.dropFeedback(
      this.server,
      `run IS NOT NULL AND assumeNotNull(run) IN (${ofDay})`,
    );
    for (const table of ["run", "run_text"]) {
      await this.server.run(`ALTER TABLE ${table} DROP PARTITION ${partition}`);
    }
    return Number(row?.n ?? 0);
  }
}
