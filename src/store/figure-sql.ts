/** Figures by grouping the runs themselves, in the SQL that databases share. */
import type { Dimension, FigureCell } from "../core/run-query.ts";
import { BUCKET_SQL } from "../core/sketch.ts";
import { Cell, SUMS } from "./figure-cells.ts";
import { ROUTE_OF_SHADOWS } from "./shadow-route.ts";

const one = (condition: string) => `CASE WHEN ${condition} THEN 1 ELSE 0 END`;

/** What is summed, in the order of `SUMS`. */
const SUM_SQL: Readonly<Record<(typeof SUMS)[number], string>> = {
  runs: "1",
  errors: one("status = 'error'"),
  blocked: one("status = 'blocked'"),
  canceled: one("status = 'canceled'"),
  guarded: one("is_guarded"),
  streamed: one("is_stream"),
  counted: one("input_tokens + output_tokens > 0"),
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
  unpriced: one("input_tokens + output_tokens > 0 AND cost_nanos IS NULL"),
};

/** What is measured, and of which runs. */
const MEASURES = {
  duration: ["duration_ms", "status = 'success' AND duration_ms IS NOT NULL"],
  ttft: ["ttft_ms", "is_stream AND ttft_ms IS NOT NULL"],
  perToken: [
    "greatest(0, duration_ms - ttft_ms) / nullif(output_tokens - 1, 0)",
    "status = 'success' AND is_stream AND duration_ms IS NOT NULL AND ttft_ms IS NOT NULL AND output_tokens > 1",
  ],
  queue: ["queue_ms", "queue_ms IS NOT NULL"],
} as const;

/** Runs that stand in figures. */
export const COUNTED_SQL = `status <> 'pending' AND NOT is_covered AND coalesce(route, '') <> '${ROUTE_OF_SHADOWS}'`;

type FigureRow = Readonly<Record<string, string | number | null>>;

export interface FigureGrouping {
  /** The rows of `select`, grouped by `start`, by the dimensions as `d0` and `d1`, and by `also`. */
  ask(select: string, condition: string, also: readonly string[]): Promise<readonly FigureRow[]>;
  /** The value of a column that is not null where it is asked for. */
  value(column: string): string;
}

export async function groupedFigures(
  by: readonly Dimension[],
  grouping: FigureGrouping,
): Promise<FigureCell[]> {
  const cells = new Map<string, { at: number; values: string[]; cell: Cell }>();
  const cellOf = (row: FigureRow): Cell => {
    const at = Number(row["start"]);
    const values = by.map((_, index) => String(row[`d${index}`] ?? ""));
    const key = `${at}\0${values.join("\0")}`;
    let entry = cells.get(key);
    if (!entry) cells.set(key, (entry = { at, values, cell: new Cell() }));
    return entry.cell;
  };
  const sums = SUMS.map((name, index) => `sum((${SUM_SQL[name]}) * weight) AS s${index}`);
  for (const row of await grouping.ask(sums.join(", "), "1 = 1", [])) {
    const cell = cellOf(row);
    for (const index of SUMS.keys()) cell.sums[index] = Number(row[`s${index}`]);
  }
  for (const name of ["duration", "ttft", "perToken", "queue"] as const) {
    const [sql, condition] = MEASURES[name];
    const measured = sql.replaceAll(/duration_ms|ttft_ms|queue_ms/g, (column) =>
      grouping.value(column),
    );
    const select = `${BUCKET_SQL(measured)} AS bucket, sum(weight) AS total_weight, sum((${measured}) * weight) AS total, max(${measured}) AS most`;
    const rows = await grouping.ask(select, condition, ["bucket"]);
    for (const row of rows) {
      const sketch = cellOf(row)[name];
      sketch.addBucket(Number(row["bucket"]), Number(row["total_weight"]));
      sketch.sum += Number(row["total"]);
      sketch.max = Math.max(sketch.max, Number(row["most"]));
    }
  }
  return [...cells.values()]
    .map(({ at, values, cell }) => cell.toFigures(at, values))
    .filter(({ runs }) => runs !== 0)
    .toSorted(
      (a, b) => a.at - b.at || b.runs - a.runs || (a.values.join() < b.values.join() ? -1 : 1),
    );
}
