import type { Timeline } from "../../core/call.ts";
import type { Sketch } from "../../core/sketch.ts";
import type { Family } from "./exposition.ts";
import { Histogram } from "./histogram.ts";
import { LastHour } from "./last-hour.ts";

/** Where calls spend their time in this server, by stage: from 50 µs up. */
export interface OverheadMetrics {
  observe(timeline: Timeline): void;
  family(): Family;
  report(): OverheadReport;
}

/** The last hour, or less where the server started later. */
export interface OverheadReport {
  /** Epoch milliseconds: calls that ended before it are not counted. */
  readonly from: number;
  /** In milliseconds, in the order in which a call goes through them; the last is all of them together. */
  readonly stages: readonly { readonly stage: Stage | "together"; readonly times: Sketch }[];
}

const BOUNDS = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
];
const STAGES = ["auth", "admit", "guard", "cache", "route", "settle"] as const;
type Stage = (typeof STAGES)[number];

export function createOverheadMetrics(now: () => number): OverheadMetrics {
  const startedAt = now();
  const together = new LastHour();
  const stages = Object.fromEntries(
    STAGES.map((stage) => [stage, { all: new Histogram(BOUNDS), lately: new LastHour() }]),
  ) as Record<Stage, { all: Histogram; lately: LastHour }>; // one for each of them

  /** Gives the milliseconds; none where the call did not come so far. */
  function add(at: number, stage: Stage, from: number | undefined, to: number | undefined): number {
    if (from === undefined || to === undefined || to < from) return 0;
    stages[stage].all.observe((to - from) / 1000);
    stages[stage].lately.observe(to - from, at);
    return to - from;
  }

  return {
    observe({ authMs, admitAt, guardAt, routeAt, attemptAt, settledAt, endedAt, attempts }) {
      const at = now();
      const ms =
        add(at, "auth", 0, authMs) +
        add(at, "admit", admitAt, guardAt) +
        add(at, "guard", guardAt, routeAt) +
        // An answer from the cache goes nowhere: how long it took to play is the reader's affair.
        add(at, "cache", routeAt, attemptAt) +
        add(at, "route", attemptAt, attempts[0]?.startedAt) +
        add(at, "settle", settledAt, endedAt);
      together.observe(ms, at);
    },
    family: () => ({
      name: "weir_overhead_seconds",
      help: "Time that calls spent in this server, by stage.",
      type: "histogram",
      values: STAGES.map((stage) => ({ labels: `stage="${stage}"`, value: stages[stage].all })),
    }),
    report() {
      const at = now();
      const byStage = STAGES.map((stage) => ({ stage, times: stages[stage].lately.sketch(at) }));
      return {
        from: Math.max(startedAt, LastHour.from(at)),
        stages: [...byStage, { stage: "together", times: together.sketch(at) }],
      };
    },
  };
}
