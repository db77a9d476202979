import type { Nanos } from "../../core/money.ts";
import type { PricedUsage } from "../trace/usage-of.ts";

/** Nano-dollars for a token; may be a fraction. With steps, the prompt's length says which one counts. */
export type Rate =
  | number
  | {
      readonly base: number;
      readonly steps: readonly { readonly over: number; readonly rate: number }[];
    };

/** What each kind of token costs. What is absent costs as much as the kind that it is a part of. */
export interface Rates {
  readonly input: Rate;
  readonly cached?: Rate | undefined;
  readonly cacheWrite?: Rate | undefined;
  /** Put into a cache for an hour, where that costs more than a few minutes. */
  readonly cacheWriteHour?: Rate | undefined;
  readonly image?: Rate | undefined;
  readonly audio?: Rate | undefined;
  readonly output: Rate;
  readonly reasoning?: Rate | undefined;
  readonly audioOutput?: Rate | undefined;
  /** For each request, beside its tokens. */
  readonly request?: number | undefined;
}

/** A price with the name by which runs remember it. */
export interface NamedRates {
  readonly rates: Rates;
  readonly version: string;
}

export interface Cost {
  readonly input: Nanos;
  readonly output: Nanos;
}

/**
 * The most special kind first: each token is paid once, at the price of its kind, and the rest of the
 * prompt and of the answer at the plain ones. Whole nano-dollars, rounded up.
 */
export function costAt(rates: Rates, usage: PricedUsage): Cost {
  const long = usage.inputTokens;
  const hour = usage.cacheWriteHourTokens ?? 0;
  const spoken = usage.audioOutputTokens ?? 0;
  const { input, output } = rates;
  const written = rates.cacheWrite ?? input;
  const inputs: readonly Portion[] = [
    [usage.cachedTokens, rates.cached ?? input],
    [hour, rates.cacheWriteHour ?? written],
    [usage.cacheWriteTokens - hour, written],
    [usage.imageTokens, rates.image ?? input],
    [usage.audioTokens - spoken, rates.audio ?? input],
  ];
  const outputs: readonly Portion[] = [
    [spoken, rates.audioOutput ?? output],
    [usage.reasoningTokens, rates.reasoning ?? output],
  ];
  return {
    input: whole(paid(usage.inputTokens, inputs, input, long) + (rates.request ?? 0)),
    output: whole(paid(usage.outputTokens, outputs, output, long)),
  };
}

type Portion = readonly [tokens: number, rate: Rate];

function paid(total: number, portions: readonly Portion[], plain: Rate, long: number): number {
  let left = total;
  let sum = 0;
  for (const [wanted, rate] of portions) {
    // Senders' counts do not always add up: no token is paid twice.
    const tokens = Math.min(left, Math.max(0, wanted));
    left -= tokens;
    sum += tokens * rateFor(rate, long);
  }
  return sum + left * rateFor(plain, long);
}

export function rateFor(rate: Rate, inputTokens: number): number {
  if (typeof rate === "number") return rate;
  let found = rate.base;
  for (const step of rate.steps) if (inputTokens > step.over) found = step.rate;
  return found;
}

/** Prices per token are decimal fractions in binary: 3 × 100.00000000000001 is still 300. */
function whole(nanos: number): Nanos {
  return Math.max(0, Math.ceil(nanos - 1e-6));
}
