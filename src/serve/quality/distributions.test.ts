import { expect, it } from "vitest";
import { Average, divergence, logSumExp, topOf } from "./distributions.ts";

const LN2 = Math.log(2);

it("adds up what a row says, however great its numbers", () => {
  expect(logSumExp(Float32Array.of(0, 0))).toBeCloseTo(LN2);
  expect(logSumExp(Float32Array.of(1000, 1000))).toBeCloseTo(1000 + LN2);
  expect(logSumExp(Float32Array.of(-1000, 0))).toBeCloseTo(0);
});

it("says how far one is from another", () => {
  const even = Float32Array.of(0, 0);
  const uneven = Float32Array.of(Math.log(3), 0);
  expect(divergence(even, even)).toBe(0);
  expect(divergence(even, Float32Array.of(5, 5))).toBeCloseTo(0);
  // ½ ln(½ / ¾) + ½ ln(½ / ¼)
  expect(divergence(even, uneven)).toBeCloseTo(0.5 * Math.log(2 / 3) + 0.5 * LN2);
  expect(divergence(uneven, even)).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5));
});

it("finds the likeliest token", () => {
  expect(topOf(Float32Array.of(1, 7, 3))).toBe(1);
  expect(topOf(Float32Array.of(2, 2))).toBe(0);
});

it("keeps a mean and how sure it is", () => {
  const average = new Average();
  for (const value of [1, 2, 3, 4]) average.add(value);
  expect(average.mean).toBe(2.5);
  expect(average.error).toBeCloseTo(Math.sqrt(1.25 / 3));
});
