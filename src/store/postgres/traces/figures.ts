import type { PoolClient } from "pg";
import type { Dimension, FigureCell, FigureQuery } from "../../../core/run-query.ts";
import { COUNTED_SQL, groupedFigures } from "../../figure-sql.ts";
import { DIMENSION_COLUMNS } from "../../run-columns.ts";
import { toSql } from "../../run-filter.ts";
import { Binder } from "./binder.ts";

/** Groups the runs of a window; the distributions as counts by bucket, from which sketches are made. */
export function readFigures(client: PoolClient, query: FigureQuery): Promise<FigureCell[]> {
  return groupedFigures(query.by, {
    value: (column) => column,
    async ask(select, condition, also) {
      const binder = new Binder();
      const columns = query.by.map((name, index) => `${columnOf(name)} AS d${index}`);
      const names = ["start", ...query.by.map((_, index) => `d${index}`), ...also];
      // Every run counts once in each of its tags.
      const tags = query.by.includes("tag")
        ? ", LATERAL (SELECT DISTINCT unnest(tags) AS one_tag) AS each_tag"
        : "";
      const { rows } = await client.query<Record<string, string | number | null>>(
        `SELECT ${[startOf(query, binder), ...columns, select].join(", ")} FROM weir.run${tags}
         WHERE ${whereOf(query, binder)} AND ${condition} GROUP BY ${names.join(", ")}`,
        binder.values,
      );
      return rows;
    },
  });
}

function startOf({ from, bucketMs }: FigureQuery, binder: Binder): string {
  const first = `${binder.add(from)}::float8`;
  if (bucketMs === undefined) return `${first} AS start`;
  const width = `${binder.add(bucketMs)}::float8`;
  return `(floor((at - ${first}) / ${width}) * ${width} + ${first}) AS start`;
}

function whereOf({ from, to, where = {}, tenantId, filter }: FigureQuery, binder: Binder): string {
  const conditions = [
    `at >= ${binder.add(from)} AND at < ${binder.add(to)}`,
    COUNTED_SQL,
    ...Object.entries(where).map(([name, values]) => oneOf(name as Dimension, values, binder)),
    ...(tenantId === undefined ? [] : [`tenant_id = ${binder.add(tenantId)}`]),
    ...(filter ? [toSql(filter, binder.dialect)] : []),
  ];
  return conditions.map((condition) => `(${condition})`).join(" AND ");
}

function columnOf(name: Dimension): string {
  return name === "tag" ? "one_tag" : `coalesce(${DIMENSION_COLUMNS[name]}, '')`;
}

function oneOf(name: Dimension, values: readonly string[], binder: Binder): string {
  if (name === "tag") return `tags && ${binder.add(values)}::text[]`;
  return `${columnOf(name)} = ANY(${binder.add(values)}::text[])`;
}
