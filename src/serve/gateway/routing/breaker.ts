/** Whether a target is spared: a state machine over injected time, which its driver tells what happened. */
import type { Outage } from "../../../core/target-news.ts";

export interface BreakerRules {
  /** So many failures in a row open it. */
  readonly failures: number;
  /** Or this share of the last `WINDOW` attempts. */
  readonly share: number;
  readonly pause: number;
  readonly longestPause: number;
}

/** What another process says of an opening of its own: see `core/target-news.ts`. */
export type Told = Pick<Outage, "opening" | "forMs">;

export type BreakerState = "closed" | "open" | "half-open";

const WINDOW = 20;
const DEFAULT_RULES: BreakerRules = {
  failures: 3,
  share: 0.5,
  pause: 5_000,
  longestPause: 60_000,
};

/**
 * Closed: all calls go. Open: none, until its pause is over. Half-open: one attempt probes; its
 * success closes the breaker, its failure opens it for twice as long. A target that asked for a rest
 * (`Retry-After`) gets it, whatever the breaker says.
 */
export class Breaker {
  rules: BreakerRules = DEFAULT_RULES;
  private isOpen = false;
  private openUntil = 0;
  private restUntil = 0;
  private pauseMs = 0;
  private failuresInARow = 0;
  /** The last attempts, the newest as the lowest bit: 1 failed. */
  private recent = 0;
  private recentCount = 0;
  private isProbing = false;
  /** How often it opened by what was seen here. */
  private openings = 0;
  /** It is open by what others saw. */
  private isHearsay = false;
  /** The openings that others told of last. */
  private heard: readonly string[] = [];

  state(now: number): BreakerState {
    if (!this.isOpen) return "closed";
    return now >= this.openUntil ? "half-open" : "open";
  }

  /** Whether an attempt may start now. */
  admits(now: number): boolean {
    if (now < this.restUntil) return false;
    if (!this.isOpen) return true;
    return now >= this.openUntil && !this.isProbing;
  }

  /** Whether it asked for a rest that is not over: then not even a last resort. */
  isResting(now: number): boolean {
    return now < this.restUntil;
  }

  /** The end of its rest, or `now`. */
  restUntilAfter(now: number): number {
    return Math.max(now, this.restUntil);
  }

  /** When an attempt may start again; `now` where one may. */
  admitsFrom(now: number): number {
    return Math.max(now, this.restUntil, this.isOpen ? this.openUntil : 0);
  }

  started(now: number): void {
    if (this.isOpen && now >= this.openUntil) this.isProbing = true;
  }

  succeeded(): void {
    this.close();
    this.failuresInARow = 0;
    this.note(0);
  }

  /** An attempt that proved nothing: its client left. */
  withdrawn(): void {
    this.isProbing = false;
  }

  failed(now: number, retryAfterMs = 0): void {
    const wasProbe = this.isProbing;
    this.isProbing = false;
    this.failuresInARow += 1;
    this.note(1);
    this.restUntil = Math.max(this.restUntil, now + Math.min(retryAfterMs, LONGEST_REST_MS));
    if (this.isOpen && !wasProbe) return;
    if (!wasProbe && !this.isTooMuch()) return;
    const { pause, longestPause } = this.rules;
    this.pauseMs = wasProbe ? Math.min(this.pauseMs * 2, longestPause) : pause;
    this.isOpen = true;
    this.isHearsay = false;
    this.openings += 1;
    this.openUntil = now + this.pauseMs;
    this.recentCount = 0;
  }

  /** What was seen here, for others; undefined while it is closed, or open by what they saw. */
  seen(now: number): { readonly count: number; readonly forMs: number } | undefined {
    if (!this.isOpen || this.isHearsay) return undefined;
    return { count: this.openings, forMs: Math.max(0, this.openUntil - now) };
  }

  /** All that others say of it now. Only what is new opens it: what was seen here since counts more. */
  told(outages: readonly Told[], now: number): void {
    const news = outages.filter(({ opening }) => !this.heard.includes(opening));
    this.heard = outages.map(({ opening }) => opening);
    if (outages.length === 0) {
      if (this.isHearsay) this.close();
    } else if (news.length > 0 && (!this.isOpen || this.isHearsay)) {
      this.isOpen = true;
      this.isHearsay = true;
      this.pauseMs = this.rules.pause;
      // Not longer than after a first failure here: it may be the other that is cut off.
      const longest = Math.max(...news.map(({ forMs }) => forMs));
      this.openUntil = now + Math.min(longest, this.rules.pause);
    }
  }

  private close(): void {
    this.isProbing = false;
    this.isOpen = false;
    this.isHearsay = false;
    this.pauseMs = 0;
  }

  private isTooMuch(): boolean {
    if (this.failuresInARow >= this.rules.failures) return true;
    return this.recentCount >= WINDOW && bits(this.recent) >= this.rules.share * WINDOW;
  }

  private note(failure: 0 | 1): void {
    this.recent = ((this.recent << 1) | failure) & ((1 << WINDOW) - 1);
    this.recentCount = Math.min(WINDOW, this.recentCount + 1);
  }
}

/** A `Retry-After` beyond it is an upstream's mistake, or a quota that is better looked at again. */
const LONGEST_REST_MS = 10 * 60_000;

function bits(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
