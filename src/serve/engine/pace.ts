/** Tokens of prompt in one step, at most: llama.cpp's own micro-batch. */
export const MOST_TOKENS = 512;

/** Below this a chunk is mostly overhead. */
const LEAST_TOKENS = 16;
/** A lone chunk is kept short enough that a live host is never taken for a hung one. */
const LONE_STEP_MS = 4000;
/** How many ordinary steps a step may last in which prompts share. */
const SHARED_STEPS = 4;
/** How much a new measurement weighs. */
const WEIGHT = 0.3;

/**
 * How fast this model runs on this machine, measured while it works, and what follows from it for the
 * size of the next chunk. Pure: time comes in as elapsed milliseconds.
 */
export class Pace {
  readonly #stepMs: number;
  #tokenMs: number | undefined;
  #decodeMs = 0;

  constructor(stepMs: number) {
    this.#stepMs = stepMs;
  }

  /** Milliseconds that a prompt token costs; a guess before the first measurement. */
  get tokenMs(): number {
    return this.#tokenMs ?? 1;
  }

  /** Learns from a step of `promptTokens` beside `streams` single tokens. */
  observe(elapsedMs: number, step: { promptTokens: number; streams: number }): void {
    if (step.promptTokens === 0) {
      this.#decodeMs = blend(this.#decodeMs === 0 ? undefined : this.#decodeMs, elapsedMs);
      return;
    }
    // A handful of tokens says nothing about a chunk: the weights are read once either way.
    if (step.promptTokens < LEAST_TOKENS) return;
    const own = Math.max(0.001, elapsedMs - (step.streams > 0 ? this.#decodeMs : 0));
    this.#tokenMs = blend(this.#tokenMs, own / step.promptTokens);
  }

  /**
   * Up to how many tokens prompts share a step. A fast machine computes many together; on a slow one
   * a single prompt fills it, and one after the other the first answers come sooner and the last no later.
   */
  get sharedTokens(): number {
    return Math.floor((SHARED_STEPS * this.#stepMs) / this.tokenMs);
  }

  /** Prompt tokens that the next step may take, beside `streams` running answers. */
  chunkTokens(streams: number): number {
    if (this.#tokenMs === undefined) return streams > 0 ? 64 : MOST_TOKENS;
    const left = streams > 0 ? this.#stepMs - this.#decodeMs : LONE_STEP_MS;
    const tokens = Math.floor(left / this.#tokenMs);
    return Math.min(MOST_TOKENS, Math.max(LEAST_TOKENS, tokens));
  }
}

function blend(known: number | undefined, measured: number): number {
  return known === undefined ? measured : known + WEIGHT * (measured - known);
}
