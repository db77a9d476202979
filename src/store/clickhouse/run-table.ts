import type { RunQuery } from "../../core/run-query.ts";
import { toSql } from "../run-filter.ts";
import { DIALECT, listOf, quoted } from "./dialect.ts";
import type { RunRow } from "./run-rows.ts";
import { RUN_COLUMNS } from "./schema.ts";
import type { ClickHouseServer } from "./server.ts";

const COLUMNS = RUN_COLUMNS.join(", ");
/** What is asked about at once. */
const MOST_IDS = 5000;

/** Runs as they are now; `tail` orders and limits them. */
export function runsWhere(
  server: ClickHouseServer,
  condition: string,
  tail = "",
): Promise<RunRow[]> {
  return server.rows<RunRow>(
    `SELECT ${COLUMNS} FROM run FINAL WHERE NOT is_gone AND NOT is_hidden AND (${condition}) ${tail}`,
  );
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
