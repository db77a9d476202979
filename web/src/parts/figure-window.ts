import type { FigureRow } from "../api/trace-queries.ts";

/** Windows of figures: how long, in buckets of what size, and how often they are asked for again. */
const WINDOWS = {
  "15m": { length: 900_000, bucket: 60_000, again: 10_000 },
  "1h": { length: 3_600_000, bucket: 60_000, again: 15_000 },
  "6h": { length: 21_600_000, bucket: 300_000, again: 30_000 },
  "24h": { length: 86_400_000, bucket: 900_000, again: 60_000 },
  "7d": { length: 604_800_000, bucket: 7_200_000, again: 120_000 },
  "30d": { length: 2_592_000_000, bucket: 21_600_000, again: 300_000 },
} as const;

export type FigureWindow = keyof typeof WINDOWS;

export const WINDOW_NAMES = [
  ["15m", "15 min"],
  ["1h", "1 h"],
  ["6h", "6 h"],
  ["24h", "24 h"],
  ["7d", "7 d"],
  ["30d", "30 d"],
] as const satisfies readonly (readonly [FigureWindow, string])[];

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly bucketMs: number;
}

/** Whole buckets up to the one that is under way. */
export function spanOf(window: FigureWindow, now: number): Span {
  const { length, bucket } = WINDOWS[window];
  const to = Math.floor(now / bucket) * bucket + bucket;
  return { from: to - Math.ceil(length / bucket) * bucket, to, bucketMs: bucket };
}

export function refetchMs(window: FigureWindow): number {
  return WINDOWS[window].again;
}

/** The starts of a span's buckets. */
export function bucketsOf({ from, to, bucketMs }: Span): number[] {
  return Array.from(
    { length: Math.round((to - from) / bucketMs) },
    (_, at) => from + at * bucketMs,
  );
}

/** A figure for each bucket; null, or zero for counts, where nothing happened. */
export function seriesOf<Empty>(
  buckets: readonly number[],
  figures: readonly FigureRow[],
  read: (figure: FigureRow) => number | null,
  empty: Empty,
): (number | null | Empty)[] {
  const byTime = new Map(figures.map((figure) => [figure.at, figure]));
  return buckets.map((at) => {
    const figure = byTime.get(at);
    return figure === undefined ? empty : read(figure);
  });
}
