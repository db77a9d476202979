import { type Asked, type Rule, sizeOf } from "./rule.ts";
import type { Signals } from "./signals.ts";
import { PeakWindow } from "./window.ts";

export type Measure = "queue" | "concurrency" | "kv" | "busy";

export interface TargetSettings {
  /** What each replica should have: waiting calls, calls at work, or a share of cache or processor (0 to 1). */
  readonly target: number;
  /** The size shrinks only to the most that was asked for in this time: 5 minutes, as Kubernetes has it. */
  readonly downAfterMs?: number;
}

/** Kubernetes: this close to the target nothing is done, and shrinking waits for the last five minutes. */
const TOLERANCE = 0.1;
const DOWN_AFTER_MS = 300_000;

/**
 * What Kubernetes' HPA does with a measure that is averaged over replicas: desired = ready × measured ÷
 * target, with its tolerance and its window for shrinking.
 */
export class TargetRule implements Rule {
  private readonly settings: TargetSettings & { readonly kind: Measure };
  private readonly recent = new PeakWindow();

  constructor(settings: TargetSettings & { readonly kind: Measure }) {
    this.settings = settings;
  }

  ask(signals: Signals): Asked {
    const { kind, target, downAfterMs = DOWN_AFTER_MS } = this.settings;
    const size = sizeOf(signals);
    const total = MEASURES[kind].total(signals);
    if (total === undefined) {
      return { replicas: size, why: `nobody tells ${MEASURES[kind].name}`, numbers: {} };
    }
    const ready = Math.max(1, signals.replicas.ready);
    const perReplica = total / ready;
    const isNear = Math.abs(perReplica / target - 1) <= TOLERANCE;
    const wanted = isNear ? size : Math.ceil(total / target);
    const kept = this.recent.add(wanted, signals.elapsedMs, downAfterMs);
    const replicas = wanted >= size ? wanted : Math.min(size, kept);
    return {
      replicas,
      why: `${MEASURES[kind].name}: ${short(perReplica)} for each replica, where ${short(target)} is wanted`,
      numbers: { perReplica, target },
    };
  }
}

interface MeasureOf {
  readonly name: string;
  /** Over all ready replicas; undefined where nobody told it. */
  total(signals: Signals): number | undefined;
}

const MEASURES: Readonly<Record<Measure, MeasureOf>> = {
  queue: { name: "calls that wait", total: ({ waiting }) => waiting.requests },
  concurrency: {
    name: "calls at work",
    total: ({ waiting, running }) => waiting.requests + running,
  },
  kv: {
    name: "the share of the cache in use",
    total: ({ kv }) => kv && kv.residentTokens / kv.replicaTokens,
  },
  busy: {
    name: "how busy processors are",
    total: ({ busyShare, replicas }) =>
      busyShare === undefined ? undefined : busyShare * replicas.ready,
  },
};

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}
