/** The overview's figures from the calls of a window. Pure. */

export interface CallFigures {
  readonly at: number;
  readonly model: string;
  readonly status: string;
  readonly guarded: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costNanos: number;
  readonly durationMs: number;
  readonly ttftMs: number | null;
}

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
  "15m": { lengthMs: 15 * MINUTE, bucketMs: 15_000 },
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

/** Every bucket of the window with its figures, the totals, and the same by model. */
export function summarise(calls: readonly CallFigures[], { from, to, bucketMs }: Window) {
  const buckets: CallFigures[][] = Array.from(
    { length: Math.round((to - from) / bucketMs) },
    () => [],
  );
  for (const call of calls) buckets[Math.floor((call.at - from) / bucketMs)]?.push(call);
  const byModel = Map.groupBy(calls, ({ model }) => model);
  return {
    totals: { ...figuresOf(calls), canceled: countOf(calls, "canceled") },
    series: buckets.map((inBucket, index) => ({
      at: from + index * bucketMs,
      ...figuresOf(inBucket),
    })),
    models: Array.from(byModel, ([model, ofModel]) => {
      const { calls, errors, inputTokens, outputTokens, costNanos, durationMs } =
        figuresOf(ofModel);
      return { model, calls, errors, inputTokens, outputTokens, costNanos, durationMs };
    }).toSorted((a, b) => b.calls - a.calls),
  };
}

function figuresOf(calls: readonly CallFigures[]) {
  return {
    calls: calls.length,
    errors: countOf(calls, "error"),
    blocked: countOf(calls, "blocked"),
    guardHits: calls.filter(({ guarded }) => guarded).length,
    inputTokens: sum(calls, "inputTokens"),
    outputTokens: sum(calls, "outputTokens"),
    costNanos: sum(calls, "costNanos"),
    ttftMs: percentiles(calls.flatMap(({ ttftMs }) => ttftMs ?? [])),
    durationMs: percentiles(
      calls.flatMap(({ status, durationMs }) => (status === "ok" ? durationMs : [])),
    ),
  };
}

function countOf(calls: readonly CallFigures[], status: string): number {
  return calls.filter((call) => call.status === status).length;
}

function sum(
  calls: readonly CallFigures[],
  field: "inputTokens" | "outputTokens" | "costNanos",
): number {
  return calls.reduce((total, call) => total + call[field], 0);
}

/** Nearest rank, on all values: nothing is estimated. */
export function percentiles(values: readonly number[]) {
  const sorted = Float64Array.from(values).toSorted();
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
