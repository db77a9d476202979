import { expect, it } from "vitest";
import type { FigureRow } from "../../api/trace-queries.ts";
import { FIRST_VIEW } from "./performance-view.ts";
import { chartsByValue } from "./value-charts.ts";

const NOW = Date.UTC(2026, 5, 15, 12, 34, 56);
const MINUTE = 60_000;
const AT = Date.UTC(2026, 5, 15, 12, 34);

function figure(values: string[], at: number, runs: number, p95: number | null): FigureRow {
  const times = { count: runs, mean: 1, p50: 1, p90: 1, p95, p99: 1, max: 1 };
  const none = { ...times, count: 0, p95: null };
  const tokens = { inputTokens: 4, outputTokens: 2, cachedTokens: 0, cacheWriteTokens: 0 };
  const rare = { reasoningTokens: 0, imageTokens: 0, audioTokens: 0 };
  const ends = { errors: 0, blocked: 0, canceled: 0, guarded: 0, streamed: 0, counted: runs };
  const cost = { costNanos: 0, inputCostNanos: 0, outputCostNanos: 0, unpriced: 0 };
  const timings = { durationMs: times, ttftMs: none, perTokenMs: none, queueMs: none };
  return { at, values, runs, ...ends, ...tokens, ...rare, ...cost, ...timings };
}

const VIEW = { ...FIRST_VIEW, lines: "p95" } as const;
const name = (value: string) => value || "none";

it("draws a line for each value, the busiest first, the others last", () => {
  const figures = [
    figure(["few"], AT, 2, 40),
    figure([], AT, 90, 70),
    figure(["many"], AT - MINUTE, 30, 20),
    figure(["many"], AT, 30, 25),
    figure([""], AT, 1, null),
  ];
  const [first, , , , runs] = chartsByValue(VIEW, figures, name, NOW);
  expect(first?.title).toBe("End to end, p95");
  expect(first?.series.map(({ label }) => label)).toEqual(["many", "few", "none", "all others"]);
  expect(first?.series[0]?.values.slice(-2)).toEqual([20, 25]);
  expect(first?.series[1]?.values.slice(-2)).toEqual([null, 40]);
  expect(first?.summary).toBe(
    "End to end, p95: many 25 ms, few 40 ms, none nothing, all others 70 ms at the end.",
  );
  expect(runs?.series[1]?.values.slice(-2)).toEqual([0, 2]);
});

it("tells nine lines apart by their dashes alone", () => {
  const figures = Array.from({ length: 8 }, (_, index) => figure([`v${index}`], AT, 9 - index, 1));
  const [first] = chartsByValue(VIEW, [...figures, figure([], AT, 1, 1)], name, NOW);
  const dashes = first?.series.map(({ dash }) => dash?.join(" ") ?? "");
  expect(new Set(dashes).size).toBe(9);
});
