import type { PoolClient } from "pg";
import type { Run, RunRecord } from "../../../core/run.ts";
import { HIDDEN } from "../../run-columns.ts";

const HIDE = Object.entries(HIDDEN)
  .map(([name, value]) => `${name} = ${typeof value === "string" ? `'${value}'` : String(value)}`)
  .join(", ");

/** Takes runs away with their texts and feedback, and gives how many; figures go on counting them. */
export async function hideRuns(
  client: PoolClient,
  condition: string,
  values: unknown[],
): Promise<number> {
  const { rows } = await client.query<{ id: string }>(
    `UPDATE weir.run SET trace_id = id, words = NULL, ${HIDE} WHERE ${condition} AND NOT is_hidden RETURNING id`,
    values,
  );
  await dropBelongings(
    client,
    rows.map(({ id }) => id),
  );
  return rows.length;
}

/** A run whose start was told later stands in another place: the old one goes. */
export async function dropMoved(
  client: PoolClient,
  runs: readonly { readonly record: RunRecord; readonly before: Run | undefined }[],
): Promise<void> {
  const moved = runs.filter(({ record, before }) => before && before.at !== record.run.at);
  if (moved.length === 0) return;
  const ids = moved.map(({ record }) => record.run.id);
  await client.query("DELETE FROM weir.run WHERE id = ANY($1::uuid[])", [ids]);
  await client.query("DELETE FROM weir.run_text WHERE id = ANY($1::uuid[])", [ids]);
}

/** Deletes so many of the oldest runs that started before then; gives how many there were. */
export async function dropOldest(
  client: PoolClient,
  before: number,
  limit: number,
): Promise<number> {
  const { rows } = await client.query<{ id: string }>(
    `DELETE FROM weir.run WHERE at < $1 AND id IN (SELECT id FROM weir.run WHERE at < $1 ORDER BY at, id LIMIT $2) RETURNING id`,
    [before, limit],
  );
  await dropBelongings(
    client,
    rows.map(({ id }) => id),
  );
  return rows.length;
}

async function dropBelongings(client: PoolClient, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await client.query("DELETE FROM weir.run_text WHERE id = ANY($1::uuid[])", [ids]);
  await client.query("DELETE FROM weir.feedback WHERE run = ANY($1::uuid[])", [ids]);
}
