import type { Timeline } from "../../core/call.ts";
import { block } from "./exposition.ts";

/** Where calls spend their time in this server, by stage: from 50 µs up. */
export interface OverheadMetrics {
  observe(timeline: Timeline): void;
  expose(): string;
}

const NAME = "weir_overhead_seconds";
const BOUNDS = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
];
const STAGES = ["auth", "admit", "guard", "cache", "route", "settle"] as const;
type Stage = (typeof STAGES)[number];

interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

export function createOverheadMetrics(): OverheadMetrics {
  const histograms = Object.fromEntries(STAGES.map((stage) => [stage, empty()])) as Record<
    Stage,
    Histogram
  >; // one for each of them

  function add(stage: Stage, from: number | undefined, to: number | undefined): void {
    if (from === undefined || to === undefined || to < from) return;
    const seconds = (to - from) / 1000;
    const histogram = histograms[stage];
    histogram.sum += seconds;
    histogram.count += 1;
    const bucket = bucketOf(seconds);
    if (bucket < BOUNDS.length) histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1;
  }

  return {
    observe({ authMs, admitAt, guardAt, routeAt, attemptAt, settledAt, endedAt, attempts }) {
      add("auth", 0, authMs);
      add("admit", admitAt, guardAt);
      add("guard", guardAt, routeAt);
      // An answer from the cache goes nowhere: how long it took to play is the reader's affair.
      add("cache", routeAt, attemptAt);
      add("route", attemptAt, attempts[0]?.startedAt);
      add("settle", settledAt, endedAt);
    },
    expose() {
      const lines = STAGES.flatMap((stage) => linesOf(stage, histograms[stage]));
      return block(NAME, "Time that calls spent in this server, by stage.", "histogram", lines);
    },
  };
}

/** A loop: at six times a call, `findIndex` and its closure show. */
function bucketOf(seconds: number): number {
  let bucket = 0;
  while (seconds > (BOUNDS[bucket] ?? Infinity)) bucket += 1;
  return bucket;
}

function linesOf(stage: Stage, { counts, sum, count }: Histogram): string[] {
  let below = 0;
  const buckets = BOUNDS.map((bound, index) => {
    below += counts[index] ?? 0;
    return `${NAME}_bucket{stage="${stage}",le="${bound}"} ${below}`;
  });
  return [
    ...buckets,
    `${NAME}_bucket{stage="${stage}",le="+Inf"} ${count}`,
    `${NAME}_sum{stage="${stage}"} ${sum}`,
    `${NAME}_count{stage="${stage}"} ${count}`,
  ];
}

function empty(): Histogram {
  return { counts: BOUNDS.map(() => 0), sum: 0, count: 0 };
}
