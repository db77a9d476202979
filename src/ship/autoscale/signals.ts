/**
 * What a controller measured in one interval of 5 s to 15 s. Sums (`arrived`, `finished`, `steps`) are
 * of the interval, everything else is as it stood at its end. All of it is what a gateway sees by itself,
 * but for `kv`, `steps` and `busyShare`, which only some engines tell: leave out what nobody told.
 *
 * The interface is stable: fields may be added, but none changes its meaning.
 */
export interface Signals {
  /** Epoch milliseconds. Read only to find which scheduled bounds hold, so a clock that jumps moves nothing else. */
  readonly at: number;
  /** How long the interval was, by a clock that never goes back. */
  readonly elapsedMs: number;
  /** Calls that came, answered or not. */
  readonly arrived: { readonly requests: number; readonly promptTokens: number };
  /** Calls that were answered to their end. `cachedTokens` are those of the prompt that nobody had to read again. */
  readonly finished: {
    readonly requests: number;
    readonly promptTokens: number;
    readonly cachedTokens: number;
    readonly outputTokens: number;
  };
  /** Calls without their first token: held in the gateway, or waiting at replicas. */
  readonly waiting: { readonly requests: number; readonly promptTokens: number };
  /** Calls that have had their first token and go on. */
  readonly running: number;
  readonly replicas: {
    readonly ready: number;
    /** Asked for, and not ready yet. */
    readonly starting: number;
    /** Told to end: they finish what they have and get nothing new. */
    readonly draining: number;
  };
  /** Tokens in the caches of the ready replicas, and how many one replica can hold. */
  readonly kv?: { readonly residentTokens: number; readonly replicaTokens: number };
  /** Steps that engines took, or a sample of them. */
  readonly steps?: readonly StepSample[];
  /** How busy the processors of the ready replicas were, on average: 0 to 1. */
  readonly busyShare?: number;
  /** How long replicas took from being asked for to being ready, lately. Absent: none was started yet. */
  readonly startDelayMs?: number;
  /** Why the size may not shrink now, as "a canary is judged". Absent: it may. */
  readonly frozen?: string;
  /** What gave no figures in this interval, as "the engine at 10.0.0.7". All other fields then mean nothing. */
  readonly silent?: string;
}

/** One step of continuous batching: every running sequence makes a token, and some prompt is read. */
export interface StepSample {
  readonly ms: number;
  /** Sequences that made a token. */
  readonly running: number;
  /** Tokens in the cache that these looked back on. */
  readonly kvTokens: number;
  /** Tokens of prompts that were read in it. */
  readonly promptTokens: number;
}

/** The field that holds no sane number, as `arrived.requests is NaN`; undefined where all are sane. */
export function faultOf(signals: Signals): string | undefined {
  const { at: _at, elapsedMs, frozen: _frozen, silent: _silent, steps = [], ...groups } = signals;
  if (!(elapsedMs > 0 && elapsedMs < Infinity)) return `elapsedMs is ${elapsedMs}`;
  return (
    faultIn(groups, "") ??
    steps.map((step, at) => faultIn(step, `steps[${at}].`)).find((fault) => fault !== undefined)
  );
}

function faultIn(group: object, prefix: string): string | undefined {
  for (const [name, value] of Object.entries(group)) {
    if (value === undefined) continue;
    if (typeof value === "object" && value !== null) {
      const inner = faultIn(value, `${prefix}${name}.`);
      if (inner !== undefined) return inner;
    } else if (!(typeof value === "number" && value >= 0 && value < Infinity)) {
      return `${prefix}${name} is ${String(value)}`;
    }
  }
  return undefined;
}
