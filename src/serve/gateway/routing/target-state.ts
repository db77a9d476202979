import { Breaker } from "./breaker.ts";

/** Weights of the last value; a new peak counts at once, and fades as time passes. */
const FADE_MS = 10_000;
const RATE_WEIGHT = 0.2;

/**
 * What is known of one running target: how busy it is, how fast, how sound. Shared by every model
 * that uses it, and kept while it runs. The router's tickets are the only ones to write here.
 */
export class TargetState {
  readonly breaker = new Breaker();
  inFlight = 0;
  /** Tokens of prompts that were sent and have no answer yet, in the lanes of small and large ones. */
  readonly waitingTokens = { small: 0, large: 0 };
  /** An operator took it out: what runs may finish. */
  isDrained = false;
  started = 0;
  usedAt = 0;
  failed = 0;
  lastError: string | undefined;
  lastErrorAt: number | undefined;
  /** Made per second by one stream; 0 while unknown. */
  tokensPerSecond = 0;
  /** Prompt tokens a second, as streams show it; 0 while unknown. */
  promptTokensPerSecond = 0;
  private peakMs = 0;
  private peakAt = 0;

  /** Time to first content: a slow answer counts in full at once, and is forgotten slowly. */
  firstContent(ms: number, now: number): void {
    const keep = Math.exp(-(now - this.peakAt) / FADE_MS);
    this.peakMs = ms > this.peakMs ? ms : this.peakMs * keep + ms * (1 - keep);
    this.peakAt = now;
  }

  /** Undefined before the first answer. */
  get firstContentMs(): number | undefined {
    return this.peakAt === 0 ? undefined : this.peakMs;
  }

  promptRate(tokensPerSecond: number): void {
    this.promptTokensPerSecond = blend(this.promptTokensPerSecond, tokensPerSecond);
  }

  outputRate(tokensPerSecond: number): void {
    this.tokensPerSecond = blend(this.tokensPerSecond, tokensPerSecond);
  }
}

function blend(known: number, value: number): number {
  return known === 0 ? value : known + (value - known) * RATE_WEIGHT;
}
