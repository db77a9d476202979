import type { Nanos } from "../../core/money.ts";
import type { Run, RunUsage } from "../../core/run.ts";

/** Tokens and money of a run, or of it and everything under it. */
export interface Totals extends RunUsage {
  readonly costNanos: Nanos | null;
  readonly inputCostNanos: Nanos | null;
  readonly outputCostNanos: Nanos | null;
}

type Sums = { -readonly [Field in keyof Totals]: Totals[Field] };

const TOKENS = [
  "inputTokens",
  "outputTokens",
  "cachedTokens",
  "cacheWriteTokens",
  "reasoningTokens",
  "imageTokens",
  "audioTokens",
] as const satisfies (keyof RunUsage)[];
const COSTS = ["costNanos", "inputCostNanos", "outputCostNanos"] as const;

function noTotals(): Sums {
  return {
    inputTokens: 0,
    outputTokens: 0,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    imageTokens: 0,
    audioTokens: 0,
    costNanos: null,
    inputCostNanos: null,
    outputCostNanos: null,
  };
}

function add(sums: Sums, more: Totals): void {
  for (const field of TOKENS) sums[field] += more[field];
  for (const field of COSTS) {
    const value = more[field];
    if (value !== null) sums[field] = (sums[field] ?? 0) + value;
  }
}

/** Runs that say nothing of tokens themselves show what the runs under them used. */
export function saysTokens({ inputTokens, outputTokens, costNanos }: Totals): boolean {
  return inputTokens > 0 || outputTokens > 0 || costNanos !== null;
}

/**
 * What each of these runs used, with everything under it, of one whole trace. What a call of ours
 * counts already, is counted once; what has tokens itself is not added to from below.
 */
export function totalsWithin(trace: readonly Run[]): ReadonlyMap<string, Totals> {
  const children = Map.groupBy(trace, ({ parentId }) => parentId ?? "");
  const found = new Map<string, Totals>();
  for (const run of trace) sum(run, new Set());
  return found;

  function sum(run: Run, above: Set<string>): Totals {
    const known = found.get(run.id);
    if (known) return known;
    // Parents that form a circle: each is counted where it was met first.
    if (above.has(run.id)) return noTotals();
    above.add(run.id);
    const sums = noTotals();
    if (!saysTokens(run) || run.isCovered) {
      for (const child of children.get(run.id) ?? []) add(sums, sum(child, above));
    }
    // The call of ours that counts it may belong to another trace.
    if (saysTokens(run) && !saysTokens(sums)) add(sums, run);
    above.delete(run.id);
    found.set(run.id, sums);
    return sums;
  }
}

export function totalsOf(all: readonly Totals[]): Totals {
  const sums = noTotals();
  for (const one of all) add(sums, one);
  return sums;
}

/** Dollars as an exact decimal text, `0.00000123`. */
export function decimalDollars(nanos: Nanos): string {
  const whole = Math.trunc(nanos / 1e9);
  const rest = String(Math.abs(Math.round(nanos - whole * 1e9))).padStart(9, "0");
  const text = `${nanos < 0 && whole === 0 ? "-" : ""}${whole}.${rest}`;
  return text.replace(/\.?0+$/, "");
}

/** Every run under one of its trace, in the order of the tree. */
export function idsUnder(id: string, trace: readonly Run[]): string[] {
  const children = Map.groupBy(trace, ({ parentId }) => parentId);
  const found = new Set<string>();
  const waiting = [id];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next !== id) found.add(next);
    const below = children.get(next) ?? [];
    for (const run of below.toReversed()) {
      if (run.id !== id && !found.has(run.id)) waiting.push(run.id);
    }
  }
  return [...found];
}
