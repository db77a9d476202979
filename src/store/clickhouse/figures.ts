import type { Dimension, FigureCell, FigureQuery } from "../../core/run-query.ts";
import { COUNTED_SQL, groupedFigures } from "../figure-sql.ts";
import { DIMENSION_COLUMNS } from "../run-columns.ts";
import { toSql } from "../run-filter.ts";
import { DIALECT, listOf, quoted } from "./dialect.ts";
import { dayOf } from "./schema.ts";
import type { ClickHouseServer } from "./server.ts";

/** Groups the runs of a window; the distributions as counts by bucket, from which sketches are made. */
export function readFigures(server: ClickHouseServer, query: FigureQuery): Promise<FigureCell[]> {
  return groupedFigures(query.by, {
    value: (column) => `assumeNotNull(${column})`,
    async ask(select, condition, also) {
      const columns = query.by.map((name, index) => `${columnOf(name)} AS d${index}`);
      const names = ["start", ...query.by.map((_, index) => `d${index}`), ...also];
      // Every run counts once in each of its tags.
      const tags = query.by.includes("tag") ? " ARRAY JOIN arrayDistinct(tags) AS one_tag" : "";
      return server.rows<Record<string, string | number | null>>(
        `SELECT ${[startOf(query), ...columns, select].join(", ")} FROM run FINAL${tags}
         WHERE ${whereOf(query)} AND ${condition} GROUP BY ${names.join(", ")}`,
      );
    },
  });
}

function startOf({ from, bucketMs }: FigureQuery): string {
  if (bucketMs === undefined) return `toFloat64(${from}) AS start`;
  return `(floor((at - ${from}) / ${bucketMs}) * ${bucketMs} + ${from}) AS start`;
}

function whereOf({ from, to, where = {}, tenantId, filter }: FigureQuery): string {
  const conditions = [
    `day >= '${dayOf(from)}' AND day <= '${dayOf(to)}' AND at >= ${from} AND at < ${to}`,
    `NOT is_gone AND ${COUNTED_SQL}`,
    ...Object.entries(where).map(([name, values]) => oneOf(name as Dimension, values)),
    ...(tenantId === undefined ? [] : [`tenant_id = ${quoted(tenantId)}`]),
    ...(filter ? [toSql(filter, DIALECT)] : []),
  ];
  return conditions.map((condition) => `(${condition})`).join(" AND ");
}

function columnOf(name: Dimension): string {
  return name === "tag" ? "one_tag" : `coalesce(${DIMENSION_COLUMNS[name]}, '')`;
}

function oneOf(name: Dimension, values: readonly string[]): string {
  if (name === "tag") return `hasAny(tags, [${values.map(quoted).join(", ")}])`;
  return values.length === 0 ? "0" : `${columnOf(name)} IN ${listOf(values)}`;
}
