import { type Call, type Outcome, simulate } from "./simulation.ts";
import type { Workload } from "./workloads.ts";

/** One way of routing, at one load, to so many replicas, and what it came to. */

/** Settings as they stand in weir.yaml. */
export interface Way {
  readonly strategy: "weighted" | "least-busy" | "prefix";
  readonly balance?: number;
  readonly queue: { readonly promptTokens?: number | "off"; readonly large?: number };
}

export interface Figures {
  /** Shares in percent: of all calls, of all prompt tokens. */
  readonly inTime: number;
  readonly saved: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** The busiest replica's calls by its fair share of them. */
  readonly worst: number;
}

/** The factors of a workload are for so many. */
export const REPLICAS = 6;
const WANTED_SHARE = 0.95;
const MOST_REPLICAS = 48;

/** What was simulated before: the same workload, settings, load and size give the same figures. */
const known = new Map<string, Figures>();

/** At `load` of the workload's three, as much of it for each replica whatever their number. */
export function figuresOf(
  { name, at, factors }: Workload,
  way: Way,
  { load, replicas = REPLICAS }: { load: 0 | 1 | 2; replicas?: number },
): Figures {
  const key = JSON.stringify([name, way, load, replicas]);
  let figures = known.get(key);
  if (!figures) {
    figures = toFigures(runWay(at((factors[load] * replicas) / REPLICAS), way, replicas));
    known.set(key, figures);
  }
  return figures;
}

/** The fewest replicas that answer 95 % in time, at twice the load that six just carry. */
export function fewestReplicas({ at, factors }: Workload, way: Way): number {
  const calls = at(factors[1] * 2);
  let [tooFew, enough] = [0, MOST_REPLICAS];
  while (enough - tooFew > 1) {
    const replicas = (tooFew + enough) >> 1;
    if (runWay(calls, way, replicas).inTime >= calls.length * WANTED_SHARE) enough = replicas;
    else tooFew = replicas;
  }
  return enough;
}

function runWay(calls: readonly Call[], way: Way, replicas: number): Outcome {
  const outcome = simulate({ calls, replicas, routing: way });
  const { answered, refused, left } = outcome;
  if (answered + refused === calls.length && left === 0) return outcome;
  throw new Error(
    `${JSON.stringify(way)}: of ${calls.length} calls ${answered} were answered and ${refused} refused; ${left} is still counted as load`,
  );
}

function toFigures(outcome: Outcome): Figures {
  const { calls, inTime, savedTokens, promptTokens, firstTokenMs, handed } = outcome;
  const at = (share: number) => firstTokenMs[Math.floor(firstTokenMs.length * share)] ?? 0;
  return {
    inTime: (100 * inTime) / calls,
    saved: (100 * savedTokens) / promptTokens,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    worst: (Math.max(...handed) * handed.length) / handed.reduce((all, count) => all + count, 0),
  };
}
