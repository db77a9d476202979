import { expect, it } from "vitest";
import { isAskedByItself, priceOf, runningOf, shareOf, type Target } from "./target.ts";

const TARGET: Target = {
  id: "vllm/a",
  provider: "vllm",
  model: "a",
  url: null,
  weight: 3,
  fallback: false,
  state: "ready",
  detail: null,
  abilities: ["facts"],
  actions: [],
  engine: null,
  routing: {
    breaker: "closed",
    isDrained: false,
    inFlight: 3,
    waitingPromptTokens: 0,
    firstContentMs: null,
    tokensPerSecond: null,
    attempts: 0,
    failures: 0,
    lastError: null,
    lastErrorAt: null,
    tags: [],
    concurrency: null,
  },
  inputPricePerMillion: null,
  outputPricePerMillion: null,
};

it("says what a target gets of the traffic", () => {
  const siblings = [TARGET, { ...TARGET, weight: 1 }, { ...TARGET, weight: 9, fallback: true }];
  expect(siblings.map((target) => shareOf(target, siblings))).toEqual([
    "3 (75% of the weight)",
    "1 (25% of the weight)",
    "fallback, asked when the others fail",
  ]);
});

it("says what tokens cost", () => {
  const price = (input: number | null, output: number | null) =>
    priceOf({ ...TARGET, inputPricePerMillion: input, outputPricePerMillion: output });
  expect([price(null, null), price(0, 0), price(0.25, 2)]).toEqual([
    "not known",
    "free of charge",
    "$0.25 in, $2.00 out per million tokens",
  ]);
});

it("asks only engines of one's own by itself", () => {
  expect(isAskedByItself(TARGET)).toBe(true);
  expect(isAskedByItself({ ...TARGET, abilities: [] })).toBe(false);
  expect(isAskedByItself({ ...TARGET, provider: "openai" })).toBe(false);
});

it("says how busy a target is", () => {
  expect(runningOf(TARGET.routing)).toBe("3");
  expect(runningOf({ ...TARGET.routing, concurrency: 8 })).toBe("3 of 8");
});
