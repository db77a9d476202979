import { expect, it } from "vitest";
import { marksOf, scaleOf, spreadLabels } from "./quality-scale.ts";

it("spans whole powers of ten, and takes no loss for the least", () => {
  const { powers, heightOf } = scaleOf([0, 0.0007, 0.07]);
  expect(powers).toEqual([-5, -4, -3, -2, -1]);
  expect(heightOf(0)).toBeCloseTo(0);
  expect(heightOf(0.1)).toBeCloseTo(1);
  expect(heightOf(0.001)).toBeCloseTo(0.5);
});

it("has a scale for a single file too", () => {
  const { powers, heightOf } = scaleOf([0]);
  expect(powers).toEqual([-5, -4]);
  expect(heightOf(0)).toBeCloseTo(0);
});

it("marks round steps", () => {
  expect(marksOf(4.2, 1)).toEqual([0, 2, 4]);
  expect(marksOf(9 * 2 ** 20, 2 ** 20)).toEqual([0, 5, 10].slice(0, 2).map((n) => n * 2 ** 20));
});

it("moves labels apart that would lie over each other", () => {
  const label = (x: number, y: number) => ({ x, y, width: 60 });
  expect(spreadLabels([label(0, 50), label(20, 52), label(200, 50)])).toEqual([50, 67, 50]);
});
