import { expect, it } from "vitest";
import { LastHour } from "./last-hour.ts";

const MINUTE = 60_000;
const NOON = 1_800_000_000_000;

it("gives percentiles that are right to one percent, from microseconds to minutes", () => {
  const times = new LastHour();
  for (let value = 1; value <= 1000; value++) times.observe(value / 100, NOON);
  const sketch = times.sketch(NOON);
  expect(sketch.count).toBe(1000);
  expect(sketch.max).toBe(10);
  expect(sketch.mean).toBeCloseTo(5.005);
  for (const share of [0.5, 0.95, 0.99]) {
    const off = (sketch.quantile(share) ?? 0) / (share * 10);
    expect(Math.abs(off - 1)).toBeLessThan(0.011);
  }
});

it("forgets what is older than about an hour, and counts anew in its place", () => {
  const times = new LastHour();
  times.observe(5, NOON);
  times.observe(7, NOON + 30 * MINUTE);
  expect(times.sketch(NOON + 59 * MINUTE).count).toBe(2);
  expect(times.sketch(NOON + 80 * MINUTE).count).toBe(1);
  times.observe(9, NOON + 70 * MINUTE);
  expect(times.sketch(NOON + 70 * MINUTE)).toMatchObject({ count: 2, sum: 16, max: 9 });
  expect(times.sketch(NOON + 300 * MINUTE).quantile(0.5)).toBeNull();
});

it("counts a day's wait as the longest that it knows, and loses none", () => {
  const times = new LastHour();
  times.observe(24 * 60 * MINUTE, NOON);
  expect(times.sketch(NOON)).toMatchObject({ count: 1, max: 24 * 60 * MINUTE });
});

it("says from when on it remembers", () => {
  expect(NOON - LastHour.from(NOON)).toBeGreaterThanOrEqual(60 * MINUTE);
  expect(NOON - LastHour.from(NOON)).toBeLessThan(70 * MINUTE + 1);
});
