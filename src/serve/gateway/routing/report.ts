import type { BreakerState } from "./breaker.ts";
import type { TargetState } from "./target-state.ts";

/** What one process knows of a target, in words that another can add to its own. */
export interface TargetReport {
  readonly identity: string;
  readonly breaker: BreakerState;
  readonly inFlight: number;
  readonly waitingPromptTokens: number;
  readonly attempts: number;
  readonly failures: number;
  readonly firstContentMs: number | undefined;
  /** 0 while unknown. */
  readonly tokensPerSecond: number;
  readonly lastError: string | undefined;
  /** Epoch milliseconds. */
  readonly lastErrorAt: number | undefined;
}

/** What one process knows of all targets and models. */
export interface RoutingReport {
  readonly targets: readonly TargetReport[];
  /** Calls that wait for room, by model. */
  readonly waiting: Readonly<Record<string, number>>;
}

/** Both clocks at one moment: the router's, and the one that people read. */
export interface Moment {
  readonly monotonic: number;
  readonly now: number;
}

export function reportOf(
  { identity }: { readonly identity: string },
  state: TargetState,
  { monotonic, now }: Moment,
): TargetReport {
  const { lastErrorAt: at } = state;
  return {
    identity,
    breaker: state.breaker.state(monotonic),
    inFlight: state.inFlight,
    waitingPromptTokens: state.waitingTokens.small + state.waitingTokens.large,
    attempts: state.started,
    failures: state.failed,
    firstContentMs: state.firstContentMs,
    tokensPerSecond: state.tokensPerSecond,
    lastError: state.lastError,
    lastErrorAt: at === undefined ? undefined : Math.round(now - (monotonic - at)),
  };
}

const WORSE = { closed: 0, "half-open": 1, open: 2 } as const;

/**
 * One target as several processes know it: loads and counts are added up, of breakers the worst is
 * shown, of errors the newest; speeds count by the attempts that they stand on.
 */
export function sumReports(first: TargetReport, others: readonly TargetReport[]): TargetReport {
  const all = [first, ...others];
  const sum = (value: (one: TargetReport) => number) =>
    all.reduce((total, one) => total + value(one), 0);
  const newest = all.reduce((best, one) =>
    (one.lastErrorAt ?? 0) > (best.lastErrorAt ?? 0) ? one : best,
  );
  return {
    identity: first.identity,
    breaker: all.reduce((worst, one) => (WORSE[one.breaker] > WORSE[worst.breaker] ? one : worst))
      .breaker,
    inFlight: sum((one) => one.inFlight),
    waitingPromptTokens: sum((one) => one.waitingPromptTokens),
    attempts: sum((one) => one.attempts),
    failures: sum((one) => one.failures),
    firstContentMs: mean(all, (one) => one.firstContentMs),
    tokensPerSecond: mean(all, (one) => one.tokensPerSecond || undefined) ?? 0,
    lastError: newest.lastError,
    lastErrorAt: newest.lastErrorAt,
  };
}

/** What a process that has ended leaves behind: what it counted, and nothing that still runs. */
export function withoutLoad({ targets }: RoutingReport): RoutingReport {
  const past = targets.map((one) => ({
    ...one,
    breaker: "closed" as const,
    inFlight: 0,
    waitingPromptTokens: 0,
    firstContentMs: undefined,
    tokensPerSecond: 0,
  }));
  return { targets: past, waiting: {} };
}

/** Two of them as one. */
export function joinReports(one: RoutingReport, other: RoutingReport): RoutingReport {
  const joined = new Map(one.targets.map((target) => [target.identity, target]));
  for (const target of other.targets) {
    const known = joined.get(target.identity);
    joined.set(target.identity, known ? sumReports(known, [target]) : target);
  }
  const waiting = { ...one.waiting };
  for (const [model, count] of Object.entries(other.waiting)) {
    waiting[model] = (waiting[model] ?? 0) + count;
  }
  return { targets: [...joined.values()], waiting };
}

/** The mean over those that know, by how many attempts they made. */
function mean(
  all: readonly TargetReport[],
  value: (one: TargetReport) => number | undefined,
): number | undefined {
  let total = 0;
  let weights = 0;
  for (const one of all) {
    const found = value(one);
    if (found === undefined) continue;
    const weight = Math.max(1, one.attempts);
    total += found * weight;
    weights += weight;
  }
  return weights === 0 ? undefined : total / weights;
}
