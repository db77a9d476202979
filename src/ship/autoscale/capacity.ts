import type { StepCost } from "./step-model.ts";

/** What calls are like now, on average. */
export interface Mix {
  readonly promptTokens: number;
  /** Those of the prompt that have to be read: the others are in a cache. */
  readonly unreadTokens: number;
  readonly outputTokens: number;
}

export interface Limits {
  /** The longest mean time between tokens that is good. */
  readonly itlMs: number;
  readonly maxRunning: number;
  /** Tokens that a replica's cache holds; absent: nobody tells, so it sets no limit. */
  readonly kvTokens?: number;
}

/**
 * The work of a call: the milliseconds that it adds to the steps of a replica. Each of its tokens makes one
 * step longer, by the sequence and by what it looks back on; and its prompt is read once.
 */
export function workMs(cost: StepCost, { promptTokens, unreadTokens, outputTokens }: Mix): number {
  const lookBack = promptTokens + outputTokens / 2;
  return (
    outputTokens * (cost.sequenceMs + cost.kvTokenMs * lookBack) + unreadTokens * cost.promptTokenMs
  );
}

export interface Capacity {
  /** The share of a replica's time that may be work (the rest are the steps' bases), 0 to 1. */
  readonly share: number;
  /** What sets it. */
  readonly limit: "itl" | "running" | "kv";
}

/**
 * How much work a replica can take. Where calls with work w come at rate r, x = r·w of its time is work and a
 * step takes base ÷ (1 − x): it grows with each call that runs, and so do the tokens in the cache. The
 * largest x is the one at which the step, the number of sequences, or the cache reaches its limit.
 */
export function capacityOf(cost: StepCost, mix: Mix, limits: Limits): Capacity {
  const work = Math.max(1e-9, workMs(cost, mix));
  const base = Math.max(1e-6, cost.baseMs);
  // Sequences that run at a step of twice the base, and the tokens that these hold.
  const running = (mix.outputTokens / work) * base;
  const tokens = running * (mix.promptTokens + mix.outputTokens / 2);
  const shares = {
    itl: Math.max(LEAST_SHARE, 1 - base / limits.itlMs),
    running: limits.maxRunning / (limits.maxRunning + running),
    kv: limits.kvTokens === undefined ? 1 : limits.kvTokens / (limits.kvTokens + tokens),
  };
  const limit = (["itl", "running", "kv"] as const).reduce((least, one) =>
    shares[one] < shares[least] ? one : least,
  );
  return { share: shares[limit], limit };
}

/** An engine whose empty step is too slow already: it gets some work nevertheless. */
const LEAST_SHARE = 0.1;
