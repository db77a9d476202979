import { beforeAll, expect, it } from "vitest";
import { accumulate } from "./backward.ts";
import { generate, hitsOf } from "./forward.ts";
import { initialize } from "./initialize.ts";
import { bindKernels, compileKernels, createArena, floatsAt } from "./kernels.ts";
import { createModel, modelBytes, type Model } from "./model.ts";
import { createRandom } from "./random.ts";
import { parameterCount, parametersOf, type Shape } from "./shape.ts";

const SHAPE: Shape = {
  vocabulary: 24,
  hidden: 128,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  feedForward: 64,
  context: 32,
};
const COUNT = parameterCount(SHAPE);
const random = createRandom(7);

/** Two conversations, the second of odd length. */
const BATCH = {
  tokens: Array.from({ length: 13 }, () => random.below(24)),
  starts: [0, 0, 0, 0, 0, 0, 6, 6, 6, 6, 6, 6, 6],
  rows: [1, 2, 4, 7, 9, 10, 11],
  targets: [3, 9, 1, 20, 7, 7, 2],
};

let model: Model;
let weights: Float32Array;
let gradient: Float32Array;

beforeAll(async () => {
  const module = await compileKernels();
  const arena = createArena(modelBytes(SHAPE, 32) + COUNT * 8 + 8192);
  const places = { weights: arena.take(COUNT), gradient: arena.take(COUNT), room: 32 };
  model = createModel(SHAPE, arena, bindKernels(module, arena.memory), places);
  weights = floatsAt(arena.memory, places.weights, COUNT);
  gradient = floatsAt(arena.memory, places.gradient, COUNT);
  initialize(weights, parametersOf(SHAPE), random);
  // Larger than training starts with, so that no gradient drowns in rounding.
  weights.forEach((value, at) => (weights[at] = value === 1 ? 1 + random.next() : value * 8));
});

it.each(parametersOf(SHAPE).map(({ name }) => name))(
  "the gradient of %s agrees with finite differences",
  (name) => {
    gradient.fill(0);
    accumulate(model, BATCH, 1);
    const parameter = parametersOf(SHAPE).find((one) => one.name === name);
    const offset = parameter?.offset ?? 0;
    const size = (parameter?.rows ?? 0) * (parameter?.columns ?? 0);
    const own = gradient.slice(offset, offset + size);
    // Along a random direction: one number that every entry of the tensor has a part in.
    const direction = own.map(() => (random.chance(0.5) ? 1 : -1));
    const step = 2e-3 / Math.sqrt(size);
    const slope = (lossAt(offset, direction, step) - lossAt(offset, direction, -step)) / (2 * step);
    const said = own.reduce((sum, value, at) => sum + value * (direction[at] ?? 0), 0);
    const length = Math.hypot(...own);
    expect(Math.abs(said - slope)).toBeLessThan(0.02 * length + 2e-2);
    expect(length).toBeGreaterThan(0.01);
  },
);

function lossAt(offset: number, direction: Float32Array, step: number): number {
  const kept = weights.slice(offset, offset + direction.length);
  direction.forEach((sign, at) => (weights[offset + at] = (kept[at] ?? 0) + sign * step));
  const loss = accumulate(model, BATCH, 0);
  weights.set(kept, offset);
  return loss;
}

it("generates the same tokens as one pass over the whole text scores", () => {
  const prompt = [5, 1, 9];
  const made = generate(model, prompt, { stop: 99, most: 12 });
  expect(made).toHaveLength(12);
  const tokens = [...prompt, ...made.slice(0, -1)];
  const rows = made.map((_, at) => prompt.length - 1 + at);
  const batch = { tokens, starts: tokens.map(() => 0), rows, targets: made };
  expect([...hitsOf(model, batch)]).toEqual(made.map(() => 1));
});
