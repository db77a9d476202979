import type { Usage } from "../../../core/chat.ts";

/** Calls, and tokens of their prompts. */
interface Sum {
  requests: number;
  promptTokens: number;
}

/**
 * What calls ask of one model's replicas, as routing sees it: sums since the start, and what stands now.
 * A call that an answer given before is enough for never comes here: it needs no replica.
 */
export class Demand {
  /** Calls that needed a target, by our own estimate of their prompts. */
  readonly arrived: Sum = { requests: 0, promptTokens: 0 };
  /** Calls that were answered, as the target counted them. */
  readonly finished = { requests: 0, promptTokens: 0, cachedTokens: 0, outputTokens: 0 };
  /** Without their first token: held, in the queue, or at a target. */
  readonly waiting: Sum = { requests: 0, promptTokens: 0 };
  /** Past their first token. */
  running = 0;

  came(promptTokens: number): void {
    this.arrived.requests += 1;
    this.arrived.promptTokens += promptTokens;
  }

  waits(promptTokens: number): void {
    this.waiting.requests += 1;
    this.waiting.promptTokens += promptTokens;
  }

  waitsNoMore(promptTokens: number): void {
    this.waiting.requests -= 1;
    this.waiting.promptTokens -= promptTokens;
  }

  /** `usage` is absent where nobody counted. */
  answered(promptTokens: number, usage: Usage | undefined): void {
    const { finished } = this;
    finished.requests += 1;
    finished.promptTokens += usage?.inputTokens ?? promptTokens;
    finished.cachedTokens += usage?.cachedTokens ?? 0;
    finished.outputTokens += usage?.outputTokens ?? 0;
  }

  /** Whether nobody asks for anything now. */
  get isIdle(): boolean {
    return this.waiting.requests === 0 && this.running === 0;
  }
}
