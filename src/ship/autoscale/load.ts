import { FadingMean, keepAfter } from "./window.ts";

/** How uneven a load is, is learned more slowly than how much it is. */
const SPREAD_HALF_MS = 10 * 60_000;
/** A change is seen in about so much time, where it is too large for chance. */
const FAST_HALF_MS = 10_000;
/** So many standard errors are left to chance. */
const CHANCE = 2;

/**
 * How fast something comes. Slowly changing means hide bursts that are over before help comes; a change that is
 * larger than what bursts have been so far is believed at once.
 */
export class UnevenRate {
  private readonly slow = new FadingMean();
  private readonly fast = new FadingMean();
  private readonly squares = new FadingMean();
  private before: number | undefined;
  private sureOfFast = 0;

  /** `amount` came in so much time; half of the slow mean is forgotten after `halfMs`. */
  add(amount: number, elapsedMs: number, halfMs: number): void {
    const now = amount / elapsedMs;
    const keepFast = keepAfter(elapsedMs, FAST_HALF_MS);
    this.slow.add(amount, elapsedMs, keepAfter(elapsedMs, halfMs));
    this.fast.add(amount, elapsedMs, keepFast);
    // The variance of a mean with falling weights, as a share of the variance of one interval.
    this.sureOfFast = Math.sqrt((1 - keepFast) / (1 + keepFast));
    // Half the mean square of successive differences: a rate that drifts has hardly any, one that jumps does.
    const jump = now - (this.before ?? now);
    this.squares.add((jump * jump) / 2, 1, keepAfter(elapsedMs, SPREAD_HALF_MS));
    this.before = now;
  }

  /** For each millisecond, by the slow mean. */
  get mean(): number {
    return this.slow.value ?? 0;
  }

  /** For each millisecond: the slow mean, or more where chance cannot explain the fast one. */
  get level(): number {
    const surely = (this.fast.value ?? 0) - CHANCE * this.sureOfFast * this.spread;
    return Math.max(this.mean, surely);
  }

  /** The standard deviation of an interval's rate. */
  get spread(): number {
    return Math.sqrt(this.squares.value ?? 0);
  }
}
