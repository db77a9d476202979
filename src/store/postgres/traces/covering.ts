/** Finds the runs of clients that calls of ours count for (src/store/covered-runs.ts). */
import type { PoolClient } from "pg";
import type { Run } from "../../../core/run.ts";
import {
  type AnsweredRun,
  COUNTS_SQL,
  type CoveringQuestion,
  cover,
  daysAround,
  questionOf,
} from "../../covered-runs.ts";
import { type RunColumns, fromColumns } from "../../run-columns.ts";
import { COLUMN_TYPES } from "./schema.ts";
import { storable } from "../../storable.ts";

const COLUMNS = Object.keys(COLUMN_TYPES).join(", ");

/** The fresh ones as they are to be written; kept ones that this changes are changed. */
export async function covered(
  client: PoolClient,
  fresh: readonly AnsweredRun[],
): Promise<Map<string, Run>> {
  const related = await relatedTo(client, questionOf(fresh));
  const runs = new Map(cover(fresh, related).map((run) => [run.id, run]));
  const changed = related.flatMap(({ run: { id } }) => runs.get(id) ?? []);
  const freshIds = new Set(fresh.map(({ run }) => run.id));
  const kept = changed.filter(({ id }) => !freshIds.has(id));
  if (kept.length > 0) await change(client, kept);
  return runs;
}

async function relatedTo(
  client: PoolClient,
  { above, parents, answers }: CoveringQuestion,
): Promise<AnsweredRun[]> {
  const found: RunColumns[] = [];
  const find = async (condition: string, ...values: unknown[]) => {
    const { rows } = await client.query<RunColumns>(
      `SELECT ${COLUMNS} FROM weir.run WHERE NOT is_hidden AND ${condition}`,
      values,
    );
    found.push(...rows);
  };
  if (above.length > 0) {
    const traces = [...new Set(above.map(({ traceId }) => traceId))];
    const ids = above.map(({ id }) => id);
    const condition = `trace_id = ANY($1::uuid[]) AND parent_id = ANY($2::uuid[]) AND at BETWEEN $3 AND $4 AND ${COUNTS_SQL}`;
    await find(condition, traces, ids, ...daysAround(above));
  }
  if (parents.length > 0) await find(`id = ANY($1::uuid[]) AND ${COUNTS_SQL}`, parents);
  if (answers.length > 0) await find("answer_id = ANY($1::text[])", answers.map(storable));
  return found.map((row) => ({ run: fromColumns(row), answer: row.answer_id ?? undefined }));
}

async function change(client: PoolClient, runs: readonly Run[]): Promise<void> {
  const rows = runs.map((run) => ({
    id: run.id,
    trace_id: run.traceId,
    parent_id: run.parentId,
    dotted_order: run.dottedOrder,
    is_covered: run.isCovered,
  }));
  await client.query(
    `UPDATE weir.run SET trace_id = r.trace_id, parent_id = r.parent_id, dotted_order = r.dotted_order,
     is_covered = r.is_covered FROM json_to_recordset($1::json)
     AS r(id uuid, trace_id uuid, parent_id uuid, dotted_order text, is_covered boolean) WHERE run.id = r.id`,
    [JSON.stringify(rows)],
  );
}
