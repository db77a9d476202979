import type { Timeline } from "../../core/call.ts";
import type { Family } from "./exposition.ts";
import { Histogram } from "./histogram.ts";

/** Where calls spend their time in this server, by stage: from 50 µs up. */
export interface OverheadMetrics {
  observe(timeline: Timeline): void;
  family(): Family;
}

const BOUNDS = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
];
const STAGES = ["auth", "admit", "guard", "cache", "route", "settle"] as const;
type Stage = (typeof STAGES)[number];

export function createOverheadMetrics(): OverheadMetrics {
  const histograms = Object.fromEntries(
    STAGES.map((stage) => [stage, new Histogram(BOUNDS)]),
  ) as Record<Stage, Histogram>; // one for each of them

  function add(stage: Stage, from: number | undefined, to: number | undefined): void {
    if (from === undefined || to === undefined || to < from) return;
    histograms[stage].observe((to - from) / 1000);
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
    family: () => ({
      name: "weir_overhead_seconds",
      help: "Time that calls spent in this server, by stage.",
      type: "histogram",
      values: STAGES.map((stage) => ({ labels: `stage="${stage}"`, value: histograms[stage] })),
    }),
  };
}
