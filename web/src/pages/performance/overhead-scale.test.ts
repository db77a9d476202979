import { expect, it } from "vitest";
import { scaleOf } from "./overhead-scale.ts";

function stage(p50: number | null, p99: number | null) {
  const ms = { count: 1, mean: p50, p50, p90: p50, p95: p99, p99, max: p99 };
  return { stage: "auth" as const, ms };
}

it("spans whole powers of ten around all times", () => {
  const { ticks, placeOf } = scaleOf([stage(0.02, 0.5), stage(3, 40)]);
  expect(ticks.map((tick) => tick.toPrecision(1))).toEqual(["0.01", "0.1", "1", "1e+1", "1e+2"]);
  expect(placeOf(0.01)).toBe(0);
  expect(placeOf(1)).toBeCloseTo(50);
  expect(placeOf(100)).toBe(100);
});

it("keeps what is nothing, or out of the scale, inside the axis", () => {
  const { ticks, placeOf } = scaleOf([stage(0, 0.05), stage(null, null)]);
  expect(ticks[0]).toBeCloseTo(0.001);
  expect(placeOf(0)).toBe(0);
  expect(placeOf(1e9)).toBe(100);
});
