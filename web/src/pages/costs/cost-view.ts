import { BY_MODEL, putSplit, splitFrom, type Split } from "../../parts/split.ts";

/** Periods of UTC, as bills have them. */
export const PERIODS = [
  ["24h", "24 h"],
  ["7d", "7 d"],
  ["month", "This month"],
  ["last", "Last month"],
  ["90d", "90 d"],
  ["year", "Year"],
] as const;
export type Period = (typeof PERIODS)[number][0];
export type Bucket = "hour" | "day" | "week" | "month";

const BUCKETS: Readonly<Record<Period, Bucket>> = {
  "24h": "hour",
  "7d": "day",
  month: "day",
  last: "day",
  "90d": "week",
  year: "month",
};

/** What the page's address says. */
export interface CostView extends Split {
  readonly period: Period;
}

export const FIRST_VIEW: CostView = { period: "month", ...BY_MODEL };

export function fromSearch(search: string): CostView {
  const params = new URLSearchParams(search);
  return {
    period: PERIODS.find(([name]) => name === params.get("period"))?.[0] ?? FIRST_VIEW.period,
    ...splitFrom(params),
  };
}

export function toSearch({ period, ...split }: CostView): string {
  const params = new URLSearchParams();
  if (period !== FIRST_VIEW.period) params.set("period", period);
  putSplit(params, split);
  return params.toString();
}

export function bucketOf({ period }: CostView): Bucket {
  return BUCKETS[period];
}

const DAY = 86_400_000;

export function boundsOf(period: Period, now: number): { from: number; to: number } {
  const date = new Date(now);
  const month = (offset: number) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset);
  if (period === "24h") return { from: now - DAY, to: now };
  if (period === "7d") return { from: now - 7 * DAY, to: now };
  if (period === "month") return { from: month(0), to: now };
  if (period === "last") return { from: month(-1), to: month(0) };
  if (period === "90d") return { from: now - 90 * DAY, to: now };
  return { from: month(-11), to: now };
}

function baseQuery({ period, only }: CostView, now: number): URLSearchParams {
  const { from, to } = boundsOf(period, now);
  const params = new URLSearchParams({ from: String(from), to: String(to) });
  if (only) params.set(only.dimension, only.value);
  return params;
}

/** The period in its parts. */
export function courseQuery(view: CostView, now: number): string {
  const params = baseQuery(view, now);
  params.set("bucket", bucketOf(view));
  return params.toString();
}

/** The period by the values of a dimension; as CSV in its parts too. */
export function splitQuery(view: CostView, now: number, format: "json" | "csv" = "json"): string {
  const params = baseQuery(view, now);
  params.set("by", view.by);
  if (format === "csv") {
    params.set("bucket", bucketOf(view));
    params.set("format", "csv");
  }
  return params.toString();
}

export function adviceQuery({ period }: CostView, now: number): string {
  const { from, to } = boundsOf(period, now);
  return new URLSearchParams({ from: String(from), to: String(to) }).toString();
}
