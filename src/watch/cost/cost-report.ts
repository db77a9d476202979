import type { Nanos } from "../../core/money.ts";
import type { RunUsage } from "../../core/run.ts";
import type { FigureCell } from "../../core/run-query.ts";

/** Figures as reports of money and tokens, by the periods that people count in. Pure; all times are UTC. */

export const PERIODS = ["hour", "day", "week", "month"] as const;
export type Period = (typeof PERIODS)[number];

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** The first of January 1970 was a Thursday: weeks begin on Mondays. */
const MONDAY_MS = 4 * DAY_MS;
const WEEK_MS = 7 * DAY_MS;

/** What a report says of one period and one combination of values. */
export interface CostRow extends RunUsage {
  /** The period's start; the report's where there is one period. */
  readonly at: number;
  readonly values: readonly string[];
  readonly runs: number;
  readonly errors: number;
  /** Runs that tell their tokens: averages are of these. */
  readonly requests: number;
  readonly unpriced: number;
  readonly costNanos: Nanos;
  /** Of it, what vendors bill, and what one's own machines cost while they were busy. */
  readonly apiCostNanos: Nanos;
  readonly infraCostNanos: Nanos;
  readonly inputCostNanos: Nanos;
  readonly outputCostNanos: Nanos;
  readonly perRequest: {
    readonly costNanos: number;
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly totalTokens: number;
    readonly cachedTokens: number;
    readonly cacheWriteTokens: number;
    readonly reasoningTokens: number;
    readonly imageTokens: number;
    readonly audioTokens: number;
  };
}

/**
 * What the store is asked to add up for a period: months and weeks are put together of days. Its buckets
 * begin with the window: where that is in the middle of a day, days are put together of hours.
 */
export function bucketOf(period: Period | undefined, from: number): number | undefined {
  if (period === undefined) return undefined;
  return period === "hour" || from % DAY_MS !== 0 ? HOUR_MS : DAY_MS;
}

export function startOf(period: Period, at: number): number {
  if (period === "hour") return Math.floor(at / HOUR_MS) * HOUR_MS;
  if (period === "day") return Math.floor(at / DAY_MS) * DAY_MS;
  if (period === "week") return Math.floor((at - MONDAY_MS) / WEEK_MS) * WEEK_MS + MONDAY_MS;
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

/** The start of the month after that of a time. */
export function nextMonth(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

const SUMS = [
  "runs",
  "errors",
  "unpriced",
  "counted",
  "costNanos",
  "inputCostNanos",
  "outputCostNanos",
  "inputTokens",
  "outputTokens",
  "cachedTokens",
  "cacheWriteTokens",
  "reasoningTokens",
  "imageTokens",
  "audioTokens",
] as const;
type Sums = Record<(typeof SUMS)[number], number>;
export type SummedCell = Pick<FigureCell, "at" | "values"> & Readonly<Sums>;

interface Group {
  readonly at: number;
  readonly values: readonly string[];
  readonly sums: Sums;
  infraNanos: number;
}

/** The rows of a report, by time and then the dearest first. `infra` is what of it ran on own machines. */
export function costRows(
  cells: readonly SummedCell[],
  infra: readonly SummedCell[],
  period: Period | undefined,
): CostRow[] {
  const groups = new Map<string, Group>();
  const groupOf = ({ at, values }: SummedCell): Group => {
    const start = period === undefined ? at : startOf(period, at);
    const key = [start, ...values].join("\0");
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { at: start, values, sums: emptySums(), infraNanos: 0 }));
    return group;
  };
  for (const cell of cells) {
    const { sums } = groupOf(cell);
    for (const name of SUMS) sums[name] += cell[name];
  }
  for (const cell of infra) groupOf(cell).infraNanos += cell.costNanos;
  return Array.from(groups.values(), toRow).toSorted(
    (a, b) => a.at - b.at || b.costNanos - a.costNanos || b.runs - a.runs,
  );
}

/** What is in no part of a split by one dimension: the runs that have no value of it. */
export function restOf(whole: readonly SummedCell[], parts: readonly SummedCell[]): SummedCell[] {
  const byStart = Map.groupBy(parts, ({ at }) => at);
  return whole.flatMap(({ at, ...all }) => {
    const own = byStart.get(at) ?? [];
    const left = SUMS.map((name): [string, number] => {
      const sum = own.reduce((total, cell) => total + cell[name], 0);
      return [name, Math.max(0, all[name] - sum)];
    });
    const rest = Object.fromEntries(left) as Sums; // each of them
    // Less than a run is what adding fractions leaves.
    return rest.runs < 0.5 ? [] : [{ at, values: [""], ...rest }];
  });
}

/** One row of everything, also where nothing was used. */
export function totalRow(
  cells: readonly SummedCell[],
  infra: readonly SummedCell[],
  at: number,
): CostRow {
  const flat = (cell: SummedCell): SummedCell => ({ ...cell, at, values: [] });
  const [row] = costRows(cells.map(flat), infra.map(flat), undefined);
  return row ?? toRow({ at, values: [], sums: emptySums(), infraNanos: 0 });
}

function emptySums(): Sums {
  return Object.fromEntries(SUMS.map((name) => [name, 0])) as Sums; // each of them
}

/** Samples weigh more than one: sums may be fractions, and money is whole. */
function toRow({ at, values, sums, infraNanos }: Group): CostRow {
  const { counted, ...rest } = sums;
  const each = (sum: number) => (counted > 0 ? sum / counted : 0);
  const costNanos = Math.round(sums.costNanos);
  const infraCostNanos = Math.min(costNanos, Math.round(infraNanos));
  return {
    ...rest,
    at,
    values,
    requests: counted,
    costNanos,
    apiCostNanos: costNanos - infraCostNanos,
    infraCostNanos,
    inputCostNanos: Math.round(sums.inputCostNanos),
    outputCostNanos: Math.round(sums.outputCostNanos),
    perRequest: {
      costNanos: each(sums.costNanos),
      inputTokens: each(sums.inputTokens),
      outputTokens: each(sums.outputTokens),
      totalTokens: each(sums.inputTokens + sums.outputTokens),
      cachedTokens: each(sums.cachedTokens),
      cacheWriteTokens: each(sums.cacheWriteTokens),
      reasoningTokens: each(sums.reasoningTokens),
      imageTokens: each(sums.imageTokens),
      audioTokens: each(sums.audioTokens),
    },
  };
}
