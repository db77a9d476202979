import { createPolicy } from "../ship/autoscale/policy.ts";
import type { RuleSettings } from "../ship/autoscale/rules.ts";
import { AT_ONCE, PACED } from "../ship/simulate/admission.ts";
import { USUAL_REPLICA } from "../ship/simulate/defaults.ts";
import { type Slo, simulate } from "../ship/simulate/simulate.ts";
import type { Trace } from "../ship/simulate/trace.ts";

/** Policies side by side on one trace: ours with one setting, each rival with every knob. */

export interface ComparisonSettings {
  readonly min: number;
  readonly max: number;
  readonly startDelayMs: number;
  readonly slo: Slo;
  readonly headroom?: number | undefined;
  /** Rivals to be shown; absent: all. */
  readonly rivals?: readonly string[] | undefined;
}

export interface Point {
  readonly policy: string;
  /** What it was set to; null: its one setting. */
  readonly knob: number | null;
  readonly calls: number;
  /** 0 to 1. */
  readonly inTime: number;
  readonly replicaHours: number;
  readonly peak: number;
  readonly changes: number;
  readonly ttftP95Ms: number;
}

const INTERVAL_MS = 10_000;

/** What each knob means: calls a second, waiting or running calls, shares; all of them for one replica. */
const RIVALS: Readonly<
  Record<
    string,
    { kind: "qps" | "concurrency" | "queue" | "kv" | "busy"; knobs: readonly number[] }
  >
> = {
  qps: { kind: "qps", knobs: [0.1, 0.2, 0.4, 0.75, 1.3, 2, 3] },
  concurrency: { kind: "concurrency", knobs: [1, 2, 4, 8, 16, 32] },
  queue: { kind: "queue", knobs: [0.25, 0.5, 1, 2] },
  "KV use": { kind: "kv", knobs: [0.07, 0.13, 0.2, 0.3] },
  "GPU busy": { kind: "busy", knobs: [0.5, 0.7, 0.9] },
};

export const RIVAL_NAMES = Object.keys(RIVALS);
export const OURS = "work, paced";
const OURS_AT_ONCE = "work, at once";

/** Ours first, then ours without the paced queue, then every knob of every rival. */
export function comparePolicies(
  trace: Trace,
  settings: ComparisonSettings,
  onProgress: (done: number, all: number) => void,
): Point[] {
  const work = {
    kind: "work-rate" as const,
    ...(settings.headroom !== undefined && { headroom: settings.headroom }),
    itlMs: settings.slo.itlMs,
  };
  const runs: { policy: string; knob: number | null; rule: RuleSettings; isPaced: boolean }[] = [
    { policy: OURS, knob: null, rule: work, isPaced: true },
    { policy: OURS_AT_ONCE, knob: null, rule: work, isPaced: false },
  ];
  for (const [policy, { kind, knobs }] of Object.entries(RIVALS)) {
    if (settings.rivals && !settings.rivals.includes(policy)) continue;
    for (const knob of knobs) {
      runs.push({ policy, knob, rule: { kind, target: knob }, isPaced: false });
    }
  }
  return runs.map(({ policy, knob, rule, isPaced }, at) => {
    const point = { policy, knob, ...run(trace, rule, isPaced, settings) };
    onProgress(at + 1, runs.length);
    return point;
  });
}

/** The row of a table for each policy: of a rival the cheapest knob that gets as many in time as ours. */
export function bestOf(points: readonly Point[]): Point[] {
  const [ours] = points;
  const least = ours?.inTime ?? 0;
  const byPolicy = Map.groupBy(points, ({ policy }) => policy);
  return Array.from(byPolicy.values(), (own) => {
    const enough = own.filter(({ inTime }) => inTime >= least);
    const cheapest = enough.toSorted((a, b) => a.replicaHours - b.replicaHours)[0];
    return cheapest ?? own.toSorted((a, b) => b.inTime - a.inTime)[0];
  }).filter((point) => point !== undefined);
}

function run(
  trace: Trace,
  rule: RuleSettings,
  isPaced: boolean,
  { min, max, startDelayMs, slo }: ComparisonSettings,
) {
  const result = simulate(trace, {
    policy: createPolicy({ min, max, rule }),
    spec: USUAL_REPLICA,
    slo,
    admission: isPaced ? PACED : AT_ONCE,
    startDelayMs,
    intervalMs: INTERVAL_MS,
    initial: Math.max(1, min),
  });
  const { calls, inTime, replicaHours, peak, changes, ttftMs } = result;
  return {
    calls,
    inTime: calls === 0 ? 0 : inTime / calls,
    replicaHours,
    peak,
    changes,
    ttftP95Ms: ttftMs[Math.min(ttftMs.length - 1, Math.floor(ttftMs.length * 0.95))] ?? 0,
  };
}
