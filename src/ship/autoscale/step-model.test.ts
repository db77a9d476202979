import { expect, it } from "vitest";
import { type StepCost, StepModel, USUAL_COST, stepMs } from "./step-model.ts";

const TRUE_COST: StepCost = {
  baseMs: 12,
  sequenceMs: 0.8,
  kvTokenMs: 2e-5,
  promptTokenMs: 0.05,
};

/** Steps of all kinds, as a server takes them. */
function steps(cost: StepCost, count: number, noise = 0) {
  return Array.from({ length: count }, (_, at) => {
    const running = 1 + ((at * 37) % 64);
    const step = {
      running,
      kvTokens: running * (300 + ((at * 91) % 1500)),
      promptTokens: at % 3 === 0 ? (at * 131) % 1024 : 0,
    };
    return { ...step, ms: stepMs(cost, step) * (1 + noise * Math.sin(at * 12.9898)) };
  });
}

/** How far off it is at most, as a share. */
function worstError(model: StepModel, cost: StepCost): number {
  return Math.max(
    ...steps(cost, 40).map((step) => Math.abs(stepMs(model.cost, step) / step.ms - 1)),
  );
}

it("finds the cost of a machine that is not as was believed", () => {
  const model = new StepModel();
  for (let round = 0; round < 60; round++) model.learn(steps(TRUE_COST, 16, 0.1), 10_000);
  expect(worstError(model, TRUE_COST)).toBeLessThan(0.05);
  expect(model.cost.promptTokenMs).toBeCloseTo(TRUE_COST.promptTokenMs, 2);
});

it("believes what it was told while nothing is seen, and a slow machine from its first steps", () => {
  const model = new StepModel();
  model.learn([], 10_000);
  expect(model.cost).toEqual(USUAL_COST);
  const tenfold = { running: 1, kvTokens: 100, promptTokens: 0 };
  model.learn([{ ...tenfold, ms: 10 * stepMs(USUAL_COST, tenfold) }], 10_000);
  model.learn([{ ...tenfold, ms: 10 * stepMs(USUAL_COST, tenfold) }], 10_000);
  // Steps that are all alike say nothing of prompts: these are believed to be slower as well.
  expect(model.cost.promptTokenMs / USUAL_COST.promptTokenMs).toBeGreaterThan(3);
});

it("follows a machine that changes", () => {
  const model = new StepModel();
  for (let round = 0; round < 30; round++) model.learn(steps(USUAL_COST, 16), 10_000);
  for (let round = 0; round < 900; round++) model.learn(steps(TRUE_COST, 16), 10_000);
  expect(worstError(model, TRUE_COST)).toBeLessThan(0.1);
});

it("is hardly moved by one sick replica among ten", () => {
  const model = new StepModel();
  for (let round = 0; round < 60; round++) {
    const sound = steps(TRUE_COST, 16);
    model.learn(
      sound.map((step, at) => (at === 5 ? { ...step, ms: step.ms * 40 } : step)),
      10_000,
    );
  }
  expect(worstError(model, TRUE_COST)).toBeLessThan(0.35);
});

it("never has a negative term, and passes over steps without a time", () => {
  const model = new StepModel();
  // Longer steps with fewer sequences: no cost could say that.
  const odd = [1, 2, 4, 8, 16].map((running) => ({
    ms: 40 / running,
    running,
    kvTokens: 0,
    promptTokens: 0,
  }));
  for (let round = 0; round < 20; round++) model.learn(odd, 10_000);
  for (const term of Object.values(model.cost)) expect(term).toBeGreaterThanOrEqual(0);
  const before = model.cost;
  model.learn([{ ms: 0, running: 1, kvTokens: 1, promptTokens: 1 }], 1000);
  expect(model.cost).toBe(before);
});
