import type { CallFacts } from "../../src/ship/rollout/marks.ts";
import { createRandom } from "../../test/support/random.ts";

/** Traffic of which everything is known: what it is like now, and how a candidate differs. */

export interface Moment {
  /** Seconds since the start. */
  readonly at: number;
  /** Load that both arms share: it moves slowly, and answers come later under it. */
  readonly load: number;
}

export interface Effect {
  /** Times stable's rate or value; 1 where it is the same. */
  readonly errors?: number;
  readonly ttft?: number;
  readonly length?: number;
  readonly refusals?: number;
  readonly cost?: number;
}

export interface World {
  readonly requestsPerSecond: number;
  readonly seconds: number;
  /** Stable's error rate now. */
  readonly errorRate: (moment: Moment) => number;
  readonly refusalRate: number;
  readonly driftOfLatency: (moment: Moment) => number;
}

export const QUIET: World = {
  requestsPerSecond: 2,
  seconds: 3600,
  errorRate: () => 0.01,
  refusalRate: 0.03,
  driftOfLatency: () => 1,
};

/** All requests of a world, in order, each as a draw of what an arm makes of it. */
export function* requestsOf(world: World, seed: number) {
  const random = createRandom(seed);
  let load = 0;
  let at = 0;
  for (;;) {
    const gap = -Math.log(1 - random()) / world.requestsPerSecond;
    at += gap;
    if (at >= world.seconds) return;
    const keep = Math.exp(-gap / 60);
    load = load * keep + normal(random) * 0.3 * Math.sqrt(1 - keep * keep);
    const moment = { at, load };
    yield { random, moment, draw: (effect: Effect) => drawCall(world, moment, effect, random) };
  }
}

function drawCall(
  world: World,
  moment: Moment,
  { errors = 1, ttft = 1, length = 1, refusals = 1, cost = 1 }: Effect,
  random: () => number,
): CallFacts {
  const failed = random() < world.errorRate(moment) * errors;
  const tokens = Math.max(1, Math.round(200 * length * Math.exp(0.8 * normal(random))));
  const slow = world.driftOfLatency(moment) * Math.exp(moment.load);
  const values = {
    ttftMs: 300 * ttft * slow * Math.exp(0.5 * normal(random)),
    itlMs: 20 * slow * Math.exp(0.2 * normal(random)),
    outputTokens: tokens,
    costNanos: Math.round(tokens * 600 * cost),
  };
  const nothing = { ttftMs: null, itlMs: null, outputTokens: null, costNanos: null };
  return {
    failed,
    isValid: null,
    refused: !failed && random() < world.refusalRate * refusals,
    guardHit: random() < 0.005,
    guardCritical: false,
    aborted: !failed && random() < 0.02,
    ...(failed ? nothing : values),
    promptTokens: 300,
    cachedTokens: 0,
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
