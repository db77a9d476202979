import type { Mix } from "./capacity.ts";
import type { Signals, StepSample } from "./signals.ts";
import { FadingMean, keepAfter } from "./window.ts";

/** Half of what was seen of answers is forgotten after so much time. */
const HALF_MS = 5 * 60_000;
/** Of levels that jump from one interval to the next. */
const LEVEL_HALF_MS = 60_000;
/** The length of an answer while none has ended. */
const USUAL_OUTPUT = 200;

/**
 * What calls are like. Prompts are known as they come; how long answers get, and how much of a prompt is
 * found in caches, only when they have ended.
 */
export class CallMix {
  private readonly output = new FadingMean();
  private readonly cached = new FadingMean();
  private readonly running = new FadingMean();
  private readonly made = new FadingMean();

  learn({ finished, running, elapsedMs }: Signals): void {
    const keep = keepAfter(elapsedMs, HALF_MS);
    this.output.add(finished.outputTokens, finished.requests, keep);
    this.cached.add(finished.cachedTokens, finished.promptTokens, keep);
    const keepLevel = keepAfter(elapsedMs, LEVEL_HALF_MS);
    this.running.add(running * elapsedMs, elapsedMs, keepLevel);
    this.made.add(finished.outputTokens, elapsedMs, keepLevel);
  }

  /** Of each answer. */
  get outputTokens(): number {
    return this.output.value ?? USUAL_OUTPUT;
  }

  /** The share of prompt tokens that has to be read: 0 to 1. */
  get unreadShare(): number {
    return 1 - Math.min(1, this.cached.value ?? 0);
  }

  /** A call with a prompt of that length. */
  of(promptTokens: number): Mix {
    return {
      promptTokens,
      unreadTokens: promptTokens * this.unreadShare,
      outputTokens: this.outputTokens,
    };
  }

  /**
   * What a mean step was like, as far as a gateway sees it, for engines that tell no steps: where so many
   * calls run and so many tokens are made in a time, each waits that long for its next (Little's law).
   */
  seenStep({ replicas, kv }: Signals, promptTokensPerMs: number): StepSample | undefined {
    const [running = 0, made = 0] = [this.running.value, this.made.value];
    if (replicas.ready === 0 || running <= 0 || made <= 0) return undefined;
    const ms = running / made;
    const perReplica = running / replicas.ready;
    const held = kv && kv.residentTokens / replicas.ready;
    return {
      ms,
      running: perReplica,
      kvTokens: held ?? 0,
      promptTokens: (promptTokensPerMs * this.unreadShare * ms) / replicas.ready,
    };
  }
}
