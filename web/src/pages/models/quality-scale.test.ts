import { expect, it } from "vitest";
import { marksOf, scaleOf, spreadLabels } from "./quality-scale.ts";

it("spans whole powers of ten, with no loss at the bottom", () => {
  const { lines, heightOf } = scaleOf([0, 0.0007, 0.07]);
  expect(lines).toEqual([0, 0.001, 0.01, 0.1].map((one) => expect.closeTo(one)));
  expect(heightOf(0)).toBe(0);
  expect(heightOf(0.1)).toBeCloseTo(1);
  expect(heightOf(0.01)).toBeCloseTo(2 / 3);
  expect(heightOf(0.0007)).toBeGreaterThan(0.2);
});

it("keeps a small loss above none", () => {
  const { heightOf } = scaleOf([0, 0.00101, 0.07]);
  expect(heightOf(0.00101)).toBeGreaterThan(0.05);
});

it("has a scale where nothing is lost too", () => {
  const { lines, heightOf } = scaleOf([0]);
  expect(lines).toHaveLength(2);
  expect(heightOf(0)).toBe(0);
});

it("marks round steps", () => {
  expect(marksOf(4.2, 1)).toEqual([0, 2, 4]);
  expect(marksOf(9 * 2 ** 20, 2 ** 20)).toEqual([0, 5, 10].slice(0, 2).map((n) => n * 2 ** 20));
});

it("moves labels apart that would lie over each other", () => {
  const label = (x: number, y: number) => ({ x, y, width: 60 });
  expect(spreadLabels([label(0, 50), label(20, 52), label(200, 50)])).toEqual([50, 67, 50]);
});
