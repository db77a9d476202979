import { expect, it } from "vitest";
import { likeliest, logprobOf } from "./logprobs.ts";

const bytesOf = (token: number): Uint8Array => Uint8Array.of(97 + token);

it("turns logits into log-probabilities that sum to one", () => {
  const logits = Float32Array.of(1, 3, 2, -1);
  const { top, token, logprob, bytes } = logprobOf(logits, { token: 2, top: 4, bytesOf });
  expect(top.map((one) => one.token)).toEqual(["b", "c", "a", "d"]);
  expect(top.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeCloseTo(1, 6);
  expect([token, bytes]).toEqual(["c", [99]]);
  expect(logprob).toBe(top[1]?.logprob);
});

it("stays finite for large logits", () => {
  const { logprob } = logprobOf(Float32Array.of(1000, 0), { token: 0, top: 0, bytesOf });
  expect(logprob).toBeCloseTo(0, 6);
});

it.each([
  [0, []],
  [2, [3, 1]],
  [9, [3, 1, 0, 2]],
])("finds the %i likeliest", (count, ids) => {
  expect(likeliest(Float32Array.of(0, 5, -1, 7), count)).toEqual(ids);
});
