import { type CallFacts, QUANTILES, type ValueName, valueOf } from "./marks.ts";

/**
 * What stable's own traffic was like lately: the quantiles beyond which a call of either arm is marked. They
 * come from earlier calls of stable only, so that they are the same for both arms and known beforehand.
 * Calls are compared with their like: by the length of the prompt, and whether its start was cached.
 */
export class Baseline {
  private readonly windows = new Map<string, Window>();
  private limits: Limits = {};

  limit(call: CallFacts, value: ValueName, quantile: number): number | undefined {
    return this.limits[keyOf(call, value)]?.[quantile];
  }

  /** Takes a call of stable. True: the limits moved, and `current` tells them. */
  learn(call: CallFacts): boolean {
    let hasMoved = false;
    if (call.failed || call.aborted) return hasMoved;
    for (const value of VALUES) {
      const number = valueOf(call, value);
      if (number === null) continue;
      const key = keyOf(call, value);
      const window = this.windows.get(key) ?? new Window();
      this.windows.set(key, window);
      if (!window.add(number)) continue;
      this.limits = { ...this.limits, [key]: window.quantiles(quantilesOf(value)) };
      hasMoved = true;
    }
    return hasMoved;
  }

  get current(): Limits {
    return this.limits;
  }

  /** Goes on with limits that were learned before a restart. */
  use(limits: Limits): void {
    this.limits = limits;
  }

  /** How far learning is: values seen of the kind that has most, of so many. */
  get progress(): { readonly seen: number; readonly needed: number } {
    const seen = Math.max(0, ...Array.from(this.windows.values(), ({ size }) => size));
    const isKnown = Object.keys(this.limits).length > 0;
    return { seen: isKnown ? NEEDED : Math.min(seen, NEEDED), needed: NEEDED };
  }
}

/** By kind of call and value: its quantiles. */
export type Limits = Readonly<Record<string, Readonly<Record<number, number>>>>;

const VALUES = ["ttft", "itl", "length", "cost"] as const;
/** Tokens from which on a prompt is of the next kind. */
const PROMPTS = [256, 1024, 4096];
const NEEDED = 100;
const KEPT = 1000;
const EVERY = 25;

function keyOf({ promptTokens, cachedTokens }: CallFacts, value: ValueName): string {
  const size = PROMPTS.filter((least) => promptTokens >= least).length;
  return `${value}/${size}${cachedTokens > 0 ? "c" : ""}`;
}

function quantilesOf(value: ValueName): number[] {
  return QUANTILES.filter((one) => one.value === value).map(({ quantile }) => quantile);
}

/** The last values of one kind. */
class Window {
  private readonly values: number[] = [];
  private at = 0;
  private news = 0;

  get size(): number {
    return this.values.length;
  }

  /** True: it is time to look at the quantiles anew. */
  add(value: number): boolean {
    this.values[this.at] = value;
    this.at = (this.at + 1) % KEPT;
    this.news += 1;
    if (this.values.length < NEEDED || this.news < EVERY) return false;
    this.news = 0;
    return true;
  }

  quantiles(of: readonly number[]): Record<number, number> {
    const sorted = this.values.toSorted((a, b) => a - b);
    const at = (quantile: number) =>
      Math.min(sorted.length - 1, Math.floor(sorted.length * quantile));
    return Object.fromEntries(of.map((quantile) => [quantile, sorted[at(quantile)] ?? 0]));
  }
}
