import { expect, it } from "vitest";
import { HOUR_MS, MachineMeter, hourlyNanos } from "./infra.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** $3.60 an hour is a tenth of a cent each second. */
const HOURLY = 3_600_000_000;
const PER_SECOND = 1_000_000;
const T = Date.UTC(2026, 5, 15, 12);

/** What a call that began and ended so many seconds after T pays. */
function paid(meter: MachineMeter, from: number, to: number, tokens: number): number {
  return tokens * meter.took({ from: T + from * SECOND, to: T + to * SECOND }, tokens, HOURLY);
}

it("adds up what an hour costs: the machine's and the power's", () => {
  const cost = { gpuHour: 2.5e9, gpus: 2, watts: 400, perKwh: 0.3e9 };
  expect(hourlyNanos(cost)).toBe(2 * (2.5e9 + 0.12e9));
  expect(HOURLY / HOUR_MS).toBe(1000);
});

it("lets a call alone pay for the time it took, and nothing for idle time", () => {
  const meter = new MachineMeter();
  expect(paid(meter, 0, 10, 500)).toBeCloseTo(10 * PER_SECOND);
  expect(paid(meter, 100, 110, 500)).toBeCloseTo(10 * PER_SECOND);
});

it("shares busy time among calls that run together by their tokens", () => {
  const meter = new MachineMeter();
  // Both ran the whole ten seconds; the first that ends does not know of the other yet.
  expect(paid(meter, 0, 10, 100)).toBeCloseTo(10 * PER_SECOND);
  expect(paid(meter, 0, 10, 300)).toBeCloseTo(7.5 * PER_SECOND);
  // With more calls it comes to busy time ÷ tokens: 20 s for 800 tokens.
  paid(meter, 10, 20, 200);
  expect(paid(meter, 10, 20, 200)).toBeCloseTo(5 * PER_SECOND);
});

it("counts a long call's own time where others left gaps", () => {
  const meter = new MachineMeter();
  paid(meter, 1, 2, 10);
  paid(meter, 4, 5, 10);
  // Nine seconds were busy in all, for 120 tokens.
  expect(paid(meter, 0, 9, 100) / 100).toBeCloseTo((9 * PER_SECOND) / 120);
});

it("forgets what is older than its window", () => {
  const meter = new MachineMeter();
  paid(meter, 0, 10, 1_000_000);
  const later = (20 * MINUTE) / SECOND;
  expect(paid(meter, later, later + 10, 100)).toBeCloseTo(10 * PER_SECOND);
});

it("charges nothing where no token was made, and bears clocks that go back", () => {
  const meter = new MachineMeter();
  expect(paid(meter, 10, 20, 0)).toBe(0);
  expect(paid(meter, 5, 3, 10)).toBeGreaterThanOrEqual(0);
});
