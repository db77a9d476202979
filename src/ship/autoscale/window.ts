/** What was asked for lately, and the most of it. Time is what its user adds up. */
export class PeakWindow {
  private elapsedMs = 0;
  /** Falling values: one that a later one reaches can never be the most again. */
  private entries: { readonly at: number; readonly value: number }[] = [];

  /** Adds a value after so much time, and returns the most of the last `windowMs`. */
  add(value: number, elapsedMs: number, windowMs: number): number {
    this.elapsedMs += elapsedMs;
    this.entries = this.entries.filter((entry) => entry.value > value);
    this.entries.push({ at: this.elapsedMs, value });
    const from = this.elapsedMs - windowMs;
    while (this.entries.length > 1 && (this.entries[0]?.at ?? 0) <= from) this.entries.shift();
    return this.entries[0]?.value ?? value;
  }
}

/** The mean of a sum over the last stretch of time: exponential weights, exact from the first value on. */
export class FadingMean {
  private sum = 0;
  private weight = 0;

  /** Adds `amount` of something of which there was `over` (seconds, requests); `keep` of the past stays. */
  add(amount: number, over: number, keep: number): void {
    this.sum = this.sum * keep + amount;
    this.weight = this.weight * keep + over;
  }

  /** Undefined before anything was added. */
  get value(): number | undefined {
    return this.weight > 0 ? this.sum / this.weight : undefined;
  }
}

/** The share of the past that stays after so much time, where half of it goes in `halfMs`. */
export function keepAfter(elapsedMs: number, halfMs: number): number {
  return 2 ** (-elapsedMs / halfMs);
}
