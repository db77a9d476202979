import type { StepSample } from "./signals.ts";

/**
 * What a step of continuous batching costs, in milliseconds: a base, something for each running sequence,
 * for each token that these look back on, and for each token of a prompt that is read in it.
 */
export interface StepCost {
  readonly baseMs: number;
  readonly sequenceMs: number;
  readonly kvTokenMs: number;
  readonly promptTokenMs: number;
}

/** A replica of middle size: what is believed until steps are seen, and where too few are. */
export const USUAL_COST: StepCost = {
  baseMs: 25,
  sequenceMs: 0.3,
  kvTokenMs: 5e-5,
  promptTokenMs: 0.15,
};

export function stepMs(
  cost: StepCost,
  { running, kvTokens, promptTokens }: Omit<StepSample, "ms">,
) {
  return (
    cost.baseMs +
    cost.sequenceMs * running +
    cost.kvTokenMs * kvTokens +
    cost.promptTokenMs * promptTokens
  );
}
