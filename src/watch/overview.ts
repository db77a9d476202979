/** The overview's figures from those of a window's calls. Pure. */
import type { FigureCell } from "../core/run-query.ts";
import type { Sketch } from "../core/sketch.ts";

export interface Window {
  readonly from: number;
  readonly to: number;
  readonly bucketMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long each window is, and how wide its buckets. */
export const WINDOWS = {
  "15m": { lengthMs: 15 * MINUTE, bucketMs: MINUTE },
  "1h": { lengthMs: HOUR, bucketMs: MINUTE },
  "6h": { lengthMs: 6 * HOUR, bucketMs: 5 * MINUTE },
  "24h": { lengthMs: DAY, bucketMs: 20 * MINUTE },
  "7d": { lengthMs: 7 * DAY, bucketMs: 3 * HOUR },
  "30d": { lengthMs: 30 * DAY, bucketMs: 12 * HOUR },
} as const;

export function windowOf(name: keyof typeof WINDOWS, now: number): Window {
  const { lengthMs, bucketMs } = WINDOWS[name];
  const to = Math.ceil((now + 1) / bucketMs) * bucketMs;
  return { from: to - lengthMs, to, bucketMs };
}

/**
 * Every bucket of the window with its figures, the totals, and the same by model: `series` has a cell for
 * each bucket in which something happened, `total` at most one, `models` one for each model.
 */
export function summarise(
  series: readonly FigureCell[],
  total: FigureCell | undefined,
  models: readonly FigureCell[],
  { from, to, bucketMs }: Window,
) {
  const byStart = new Map(series.map((cell) => [cell.at, cell]));
  const starts = Array.from(
    { length: Math.round((to - from) / bucketMs) },
    (_, index) => from + index * bucketMs,
  );
  return {
    totals: { ...figuresOf(total), canceled: total?.canceled ?? 0 },
    series: starts.map((at) => ({ at, ...figuresOf(byStart.get(at)) })),
    models: models.map((cell) => {
      const { calls, errors, inputTokens, outputTokens, costNanos, durationMs } = figuresOf(cell);
      const [model = ""] = cell.values;
      return { model, calls, errors, inputTokens, outputTokens, costNanos, durationMs };
    }),
  };
}

function figuresOf(cell: FigureCell | undefined) {
  return {
    calls: cell?.runs ?? 0,
    errors: cell?.errors ?? 0,
    blocked: cell?.blocked ?? 0,
    guardHits: cell?.guarded ?? 0,
    inputTokens: cell?.inputTokens ?? 0,
    outputTokens: cell?.outputTokens ?? 0,
    costNanos: cell?.costNanos ?? 0,
    ttftMs: percentiles(cell?.ttft),
    durationMs: percentiles(cell?.duration),
  };
}

/** Right to 1 %. */
export function percentiles(sketch: Sketch | undefined) {
  const at = (share: number) => sketch?.quantile(share) ?? null;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
