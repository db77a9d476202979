import { expect, it } from "vitest";
import { type SummedCell, costRows, startOf, totalRow } from "./cost-report.ts";
import { forecast, forecastFrom } from "./forecast.ts";

const DAY = 86_400_000;

function cell(at: number, values: string[], more: Partial<SummedCell> = {}): SummedCell {
  return {
    at,
    values,
    runs: 1,
    errors: 0,
    unpriced: 0,
    counted: 1,
    costNanos: 100,
    inputCostNanos: 60,
    outputCostNanos: 40,
    inputTokens: 10,
    outputTokens: 4,
    cachedTokens: 2,
    cacheWriteTokens: 0,
    reasoningTokens: 1,
    imageTokens: 0,
    audioTokens: 0,
    ...more,
  };
}

it("knows where hours, days, weeks and months begin, in UTC", () => {
  const at = Date.parse("2026-11-25T14:35:00Z");
  const starts = (["hour", "day", "week", "month"] as const).map((period) =>
    new Date(startOf(period, at)).toISOString().slice(0, 13),
  );
  expect(starts).toEqual(["2026-11-25T14", "2026-11-25T00", "2026-11-23T00", "2026-11-01T00"]);
  expect(startOf("week", Date.parse("2026-11-23T00:00:00Z"))).toBe(Date.parse("2026-11-23"));
});

it("puts months together of days, and tells what own machines cost of it apart", () => {
  const days = ["2026-10-30", "2026-10-31", "2026-11-01"].map((day) => Date.parse(day));
  const cells = days.map((at) => cell(at, ["chat"]));
  const infra = [cell(days[0] ?? 0, ["chat"], { costNanos: 30 })];
  const rows = costRows(
    [...cells, cell(days[0] ?? 0, ["big"], { costNanos: 900 })],
    infra,
    "month",
  );
  expect(rows).toMatchObject([
    { at: Date.parse("2026-10-01"), values: ["big"], costNanos: 900 },
    {
      at: Date.parse("2026-10-01"),
      values: ["chat"],
      requests: 2,
      costNanos: 200,
      apiCostNanos: 170,
      infraCostNanos: 30,
      perRequest: { costNanos: 100, inputTokens: 10, totalTokens: 14 },
    },
    { at: Date.parse("2026-11-01"), values: ["chat"], costNanos: 100 },
  ]);
  expect(totalRow(cells, infra, 7)).toMatchObject({ at: 7, costNanos: 300, infraCostNanos: 30 });
  expect(totalRow([], [], 7)).toMatchObject({ costNanos: 0, perRequest: { costNanos: 0 } });
});

it("forecasts the month's end from its full days, with a range", () => {
  const now = Date.parse("2026-11-11T12:00:00Z");
  const days = Array.from({ length: 11 }, (_, day) => ({
    at: Date.parse("2026-11-01") + day * DAY,
    costNanos: day === 10 ? 50 : day % 2 === 0 ? 80 : 120,
  }));
  const steady = forecast(days, now);
  // 1,000 of ten full days and 50 of today; 19.5 days are left at 100.
  expect(steady).toMatchObject({ spentNanos: 1050, expectedNanos: 3000, days: 10 });
  expect(steady.lowNanos).toBeLessThan(3000);
  expect(steady.lowNanos).toBeGreaterThan(1050);
  expect(steady.highNanos + steady.lowNanos).toBeCloseTo(6000, -1);
  expect(steady.method).toContain("10 full days");
  const even = forecast(
    days.map((day) => ({ ...day, costNanos: 100 })),
    now,
  );
  expect([even.lowNanos, even.highNanos]).toEqual([even.expectedNanos, even.expectedNanos]);
});

it("takes days of the month before where this one is young, and none before the first cost", () => {
  const now = Date.parse("2026-11-02T00:00:00Z");
  expect(forecastFrom(now)).toBe(Date.parse("2026-10-26"));
  const before = Array.from({ length: 6 }, (_, day) => ({
    at: Date.parse("2026-10-26") + day * DAY,
    costNanos: 100,
  }));
  const young = forecast([...before, { at: Date.parse("2026-11-01"), costNanos: 100 }], now);
  expect(young).toMatchObject({ days: 7, spentNanos: 100, expectedNanos: 3000 });
  const first = forecast([{ at: Date.parse("2026-11-02"), costNanos: 60 }], now + DAY / 2);
  expect(first).toMatchObject({ days: 0, spentNanos: 60, expectedNanos: 60 + 28.5 * 120 });
  expect(forecast([], now)).toMatchObject({ spentNanos: 0, expectedNanos: 0, highNanos: 0 });
});
