/** Finds the runs of clients that calls of ours count for (src/store/covered-runs.ts). */
import type { Run } from "../../core/run.ts";
import { type AnsweredRun, COUNTS_SQL, cover, daysAround, questionOf } from "../covered-runs.ts";
import { storable } from "../storable.ts";
import { listOf } from "./dialect.ts";
import { type RunRow, changedRow, fromRow } from "./run-rows.ts";
import { runsIn } from "./run-table.ts";
import { dayOf } from "./schema.ts";
import type { ClickHouseServer } from "./server.ts";

/** The fresh ones as they are to be written, and later versions of kept ones that this changes. */
export async function covered(
  server: ClickHouseServer,
  fresh: readonly AnsweredRun[],
): Promise<{ runs: Map<string, Run>; rows: RunRow[] }> {
  const { above, parents, answers } = questionOf(fresh);
  const related: RunRow[] = [];
  if (above.length > 0) {
    const traces = listOf([...new Set(above.map(({ traceId }) => traceId))]);
    const ids = above.map(({ id }) => id);
    const [from, to] = daysAround(above);
    const days = `day >= '${dayOf(from)}' AND day <= '${dayOf(to)}' AND at >= ${from} AND at <= ${to}`;
    const ofTraces = `${days} AND trace_id IN ${traces} AND ${COUNTS_SQL}`;
    related.push(...(await runsIn(server, "parent_id", ids, ofTraces)));
  }
  related.push(...(await runsIn(server, "id", parents, COUNTS_SQL)));
  related.push(...(await runsIn(server, "answer_id", answers.map(storable))));
  const known = related.map((row) => ({ run: fromRow(row), answer: row.answer_id ?? undefined }));
  const runs = new Map(cover(fresh, known).map((run) => [run.id, run]));
  const freshIds = new Set(fresh.map(({ run }) => run.id));
  const rows = new Map<string, RunRow>();
  for (const row of related) {
    const run = runs.get(row.id);
    if (!run || freshIds.has(row.id)) continue;
    const { traceId: trace_id, parentId: parent_id, dottedOrder: dotted_order } = run;
    const is_covered = run.isCovered;
    rows.set(row.id, changedRow(row, { trace_id, parent_id, dotted_order, is_covered }));
  }
  return { runs, rows: [...rows.values()] };
}
