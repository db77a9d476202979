import { createPolicy } from "../../src/ship/autoscale/policy.ts";
import type { RuleSettings } from "../../src/ship/autoscale/rules.ts";
import { AT_ONCE, PACED } from "../../src/ship/simulate/admission.ts";
import { USUAL_REPLICA, USUAL_SLO } from "../../src/ship/simulate/defaults.ts";
import { simulate } from "../../src/ship/simulate/simulate.ts";
import type { Trace } from "../../src/ship/simulate/trace.ts";
import { WARM_UP } from "./traces.ts";

/** One policy on one trace: what it cost, and how many calls were answered in time. */
export interface Point {
  /** In percent. */
  readonly inTime: number;
  readonly hours: number;
}

const START_DELAY_MS = 120_000;
const INTERVAL_MS = 10_000;
const MOST_REPLICAS = 64;

export interface Ways {
  readonly isPaced?: boolean;
  readonly initial: number;
}

export function pointOf(
  trace: Trace,
  rule: RuleSettings,
  { isPaced = false, initial }: Ways,
): Point {
  const { inTime, calls, replicaHours } = simulate(trace, {
    policy: createPolicy({ min: 1, max: MOST_REPLICAS, rule }),
    spec: USUAL_REPLICA,
    slo: USUAL_SLO,
    admission: isPaced ? PACED : AT_ONCE,
    startDelayMs: START_DELAY_MS,
    intervalMs: INTERVAL_MS,
    initial,
    warmUpMs: WARM_UP,
  });
  return { inTime: (100 * inTime) / calls, hours: replicaHours };
}

const SIZES = [2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32];

/** Half of what a fixed fleet needs for 95 %: whoever begins with that has to find the rest. */
export function initialOf(trace: Trace): number {
  const enough = SIZES.find(
    (replicas) => pointOf(trace, { kind: "fixed", replicas }, { initial: replicas }).inTime >= 95,
  );
  return Math.ceil((enough ?? MOST_REPLICAS) / 2);
}

/** The knobs of each rival, wide enough for all of the workloads. */
export const RIVALS = {
  qps: knobs("qps", [0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1, 1.3, 1.6, 2, 2.5, 3, 3.5]),
  concurrency: knobs("concurrency", [1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32]),
  queue: knobs("queue", [0.12, 0.25, 0.5, 0.75, 1, 1.5, 2]),
  "KV use": knobs("kv", [0.07, 0.1, 0.13, 0.17, 0.2, 0.25, 0.3]),
  "GPU busy": knobs("busy", [0.5, 0.6, 0.7, 0.8, 0.9]),
  Knative: knobs("knative", [2, 3, 4, 6, 8, 12, 16, 24]),
  completions: [0.25, 0.3, 0.4, 0.5, 0.6, 0.7].map((headroom): RuleSettings => ({
    kind: "completions",
    headroom,
  })),
} satisfies Record<string, readonly RuleSettings[]>;

function knobs(
  kind: "qps" | "concurrency" | "queue" | "kv" | "busy" | "knative",
  targets: readonly number[],
): RuleSettings[] {
  return targets.map((target) => ({ kind, target }));
}

/**
 * The fewest replica-hours at which so much is in time: straight lines between the best of the points.
 * Undefined where none reaches it.
 */
export function hoursAt(points: readonly Point[], inTime: number): number | undefined {
  const best: Point[] = [];
  for (const point of points.toSorted((a, b) => a.hours - b.hours)) {
    if (point.inTime > (best.at(-1)?.inTime ?? -1)) best.push(point);
  }
  const at = best.findIndex((point) => point.inTime >= inTime);
  const [above, below] = [best[at], best[at - 1]];
  if (!above || !below) return above?.hours;
  const share = (inTime - below.inTime) / (above.inTime - below.inTime);
  return below.hours + share * (above.hours - below.hours);
}
