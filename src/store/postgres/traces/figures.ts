import type { PoolClient } from "pg";
import type { Dimension, FigureCell, FigureQuery } from "../../../core/run-query.ts";
import { BUCKET_SQL } from "../../../core/sketch.ts";
import { Cell, SUMS } from "../../figure-cells.ts";
import { DIMENSION_COLUMNS } from "../../run-columns.ts";
import { toSql } from "../../run-filter.ts";
import { ROUTE_OF_SHADOWS } from "../../shadow-route.ts";
import { Binder } from "./binder.ts";

/** What is summed, in SQL, in the order of `SUMS`. */
const SUM_SQL: Readonly<Record<(typeof SUMS)[number], string>> = {
  runs: "1",
  errors: "(status = 'error')::int",
  blocked: "(status = 'blocked')::int",
  canceled: "(status = 'canceled')::int",
  guarded: "is_guarded::int",
  streamed: "is_stream::int",
  counted: "(input_tokens + output_tokens > 0)::int",
  inputTokens: "input_tokens",
  outputTokens: "output_tokens",
  cachedTokens: "cached_tokens",
  cacheWriteTokens: "cache_write_tokens",
  reasoningTokens: "reasoning_tokens",
  imageTokens: "image_tokens",
  audioTokens: "audio_tokens",
  costNanos: "coalesce(cost_nanos, 0)",
  inputCostNanos: "coalesce(input_cost_nanos, 0)",
  outputCostNanos: "coalesce(output_cost_nanos, 0)",
  unpriced: "(input_tokens + output_tokens > 0 AND cost_nanos IS NULL)::int",
};

/** What is measured, and of which runs. */
const MEASURES = {
  duration: ["duration_ms", "status = 'success'"],
  ttft: ["ttft_ms", "true"],
  perToken: [
    "greatest(0, duration_ms - ttft_ms) / nullif(output_tokens - 1, 0)",
    "status = 'success' AND ttft_ms IS NOT NULL AND output_tokens > 1",
  ],
  queue: ["queue_ms", "true"],
} as const;

interface Row {
  readonly start: number;
  readonly dims: readonly (string | null)[];
}

/** Groups the runs of a window; the distributions as counts by bucket, from which sketches are made. */
export async function readFigures(client: PoolClient, query: FigureQuery): Promise<FigureCell[]> {
  const cells = new Map<string, { at: number; values: string[]; cell: Cell }>();
  const cellOf = ({ start, dims }: Row): Cell => {
    const values = dims.map((value) => value ?? "");
    const key = `${start}\0${values.join("\0")}`;
    let entry = cells.get(key);
    if (!entry) cells.set(key, (entry = { at: Number(start), values, cell: new Cell() }));
    return entry.cell;
  };
  const sums = SUMS.map((name) => `sum((${SUM_SQL[name]}) * weight)`).join(", ");
  for (const row of await grouped<{ sums: number[] }>(client, query, `ARRAY[${sums}] AS sums`)) {
    const cell = cellOf(row);
    for (const [index, value] of row.sums.entries()) cell.sums[index] = Number(value);
  }
  for (const [name, [value, condition]] of Object.entries(MEASURES)) {
    const select = `${BUCKET_SQL(value)} AS bucket, sum(weight) AS weight, sum((${value}) * weight) AS total, max(${value}) AS most`;
    const rows = await grouped<{ bucket: number; weight: number; total: number; most: number }>(
      client,
      query,
      select,
      `(${value}) IS NOT NULL AND ${condition}`,
      "bucket",
    );
    for (const row of rows) {
      const sketch = cellOf(row)[name as keyof typeof MEASURES];
      sketch.addBucket(Number(row.bucket), Number(row.weight));
      sketch.sum += Number(row.total);
      sketch.max = Math.max(sketch.max, Number(row.most));
    }
  }
  return [...cells.values()]
    .map(({ at, values, cell }) => cell.toFigures(at, values))
    .filter(({ runs }) => runs !== 0)
    .toSorted(
      (a, b) => a.at - b.at || b.runs - a.runs || (a.values.join() < b.values.join() ? -1 : 1),
    );
}

async function grouped<T>(
  client: PoolClient,
  { from, to, bucketMs, by, where, tenantId, filter }: FigureQuery,
  select: string,
  condition = "true",
  also?: string,
): Promise<(Row & T)[]> {
  const binder = new Binder();
  const start =
    bucketMs === undefined
      ? `${binder.add(from)}::float8`
      : `(floor((at - ${binder.add(from)}) / ${binder.add(bucketMs)}) * ${binder.add(bucketMs)} + ${binder.add(from)})`;
  const columns = by.map((name) => (name === "tag" ? "one_tag" : DIMENSION_COLUMNS[name]));
  const conditions = [
    `at >= ${binder.add(from)} AND at < ${binder.add(to)}`,
    "status <> 'pending' AND NOT is_covered",
    `coalesce(route, '') <> '${ROUTE_OF_SHADOWS}'`,
    condition,
    ...Object.entries(where ?? {}).map(([name, values]) =>
      oneOf(name as Dimension, values, binder),
    ),
    ...(tenantId === undefined ? [] : [`tenant_id = ${binder.add(tenantId)}`]),
    ...(filter ? [toSql(filter, binder.dialect)] : []),
  ];
  // Every run counts once in each of its tags.
  const tags = by.includes("tag")
    ? ", LATERAL (SELECT DISTINCT unnest(tags) AS one_tag) AS each_tag"
    : "";
  const { rows } = await client.query<Row & T>(
    `SELECT ${start} AS start, ARRAY[${columns.join(", ")}]::text[] AS dims, ${select} FROM weir.run${tags}
     WHERE ${conditions.map((one) => `(${one})`).join(" AND ")} GROUP BY 1, 2${also ? `, ${also}` : ""}`,
    binder.values,
  );
  return rows;
}

function oneOf(name: Dimension, values: readonly string[], binder: Binder): string {
  if (name === "tag") return `tags && ${binder.add(values)}::text[]`;
  return `coalesce(${DIMENSION_COLUMNS[name]}, '') = ANY(${binder.add(values)}::text[])`;
}
