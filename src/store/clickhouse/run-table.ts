import type { RunQuery } from "../../core/run-query.ts";
import { toSql } from "../run-filter.ts";
import { DIALECT, listOf, quoted } from "./dialect.ts";
import type { RunRow } from "./run-rows.ts";
import { RUN_COLUMNS, dayOf, noteVersions } from "./schema.ts";
import type { ClickHouseServer } from "./server.ts";

const COLUMNS = RUN_COLUMNS.join(", ");
const SHOWN = "NOT is_gone AND NOT is_hidden";
/** What is asked about at once. */
const MOST_IDS = 5000;

/**
 * Runs as they are now; `tail` orders and limits them. They are found by the few columns that tell, and
 * then read from their days alone: a whole row of every part at once would take much memory.
 */
export async function runsWhere(
  server: ClickHouseServer,
  condition: string,
  tail = "",
): Promise<RunRow[]> {
  const found = await server.rows<{ id: string; at: number }>(
    `SELECT id, at FROM run FINAL WHERE ${SHOWN} AND (${condition}) ${tail}`,
  );
  const rows = new Map<string, RunRow>();
  for (let at = 0; at < found.length; at += MOST_IDS) {
    for (const row of await rowsOf(server, found.slice(at, at + MOST_IDS))) rows.set(row.id, row);
  }
  return found.flatMap(({ id }) => rows.get(id) ?? []);
}

export async function runsIn(
  server: ClickHouseServer,
  column: string,
  values: readonly string[],
  more = "1",
): Promise<RunRow[]> {
  const found: RunRow[] = [];
  for (let at = 0; at < values.length; at += MOST_IDS) {
    const some = listOf(values.slice(at, at + MOST_IDS));
    found.push(...(await runsWhere(server, `${column} IN ${some} AND ${more}`)));
  }
  return found;
}

export function conditionOf({
  tenantId,
  isRoot,
  filter,
}: Pick<RunQuery, "tenantId" | "isRoot" | "filter">): string {
  const parts = ["1"];
  if (tenantId !== undefined) parts.push(`tenant_id = ${quoted(tenantId)}`);
  if (isRoot !== undefined) parts.push(`parent_id IS ${isRoot ? "" : "NOT "}NULL`);
  if (filter) parts.push(`(${toSql(filter, DIALECT)})`);
  return parts.join(" AND ");
}

async function rowsOf(
  server: ClickHouseServer,
  found: readonly { readonly id: string; readonly at: number }[],
): Promise<RunRow[]> {
  const days = listOf([...new Set(found.map(({ at }) => dayOf(at)))]);
  const ids = listOf(found.map(({ id }) => id));
  const rows = await server.rows<RunRow>(
    `SELECT ${COLUMNS}, version FROM run FINAL WHERE day IN ${days} AND id IN ${ids} AND ${SHOWN}`,
  );
  noteVersions(rows);
  return rows;
}
