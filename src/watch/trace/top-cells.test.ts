import { expect, it } from "vitest";
import type { FigureCell } from "../../core/run-query.ts";
import { Sketch } from "../../core/sketch.ts";
import { topCells } from "./top-cells.ts";

function cell(at: number, value: string, runs: number, ms = 10): FigureCell {
  const duration = new Sketch();
  duration.add(ms, runs);
  const tokens = { inputTokens: 2 * runs, outputTokens: runs, cachedTokens: 0 };
  const rare = { cacheWriteTokens: 0, reasoningTokens: 0, imageTokens: 0, audioTokens: 0 };
  const cost = { costNanos: 7 * runs, inputCostNanos: 0, outputCostNanos: 0, unpriced: 0 };
  const ends = { errors: 1, blocked: 0, canceled: 0, guarded: 0, streamed: 0, counted: runs };
  const others = { ttft: new Sketch(), perToken: new Sketch(), queue: new Sketch() };
  return { at, values: [value], runs, ...ends, ...tokens, ...rare, ...cost, duration, ...others };
}

const said = (cells: readonly FigureCell[]) =>
  cells.map(({ at, values, runs }) => `${at} ${values[0] ?? "(rest)"} ${runs}`);

it("keeps the busiest values of the whole window, and makes one of the rest in each bucket", () => {
  const cells = [
    cell(0, "a", 5),
    cell(0, "b", 4),
    cell(0, "c", 3),
    cell(60, "c", 9),
    cell(60, "d", 1),
  ];
  expect(said(topCells(cells, 2))).toEqual([
    "0 a 5",
    "0 c 3",
    "0 (rest) 4",
    "60 c 9",
    "60 (rest) 1",
  ]);
});

it("adds up the rest: sums, and percentiles of all its runs", () => {
  const cells = [cell(0, "a", 100), cell(0, "b", 60, 10), cell(0, "c", 40, 1000)];
  const [, rest] = topCells(cells, 1);
  expect(rest).toMatchObject({ runs: 100, errors: 2, inputTokens: 200, costNanos: 700 });
  expect(rest?.duration.count).toBe(100);
  expect(rest?.duration.quantile(0.5)).toBeCloseTo(10, 0);
  expect((rest?.duration.quantile(0.95) ?? 0) / 1000).toBeCloseTo(1, 1);
  expect(cells[1]?.duration.count).toBe(60);
});

it("leaves what is few as it is", () => {
  const cells = [cell(0, "", 5), cell(60, "b", 4)];
  expect(topCells(cells, 8)).toEqual(cells);
});
