import { expect, it } from "vitest";
import type { FigureRow } from "../api/trace-queries.ts";
import { bucketsOf, seriesOf, spanOf } from "./figure-window.ts";

const NOW = Date.UTC(2026, 5, 15, 12, 34, 56);

it("gives whole buckets, the one under way included", () => {
  const span = spanOf("15m", NOW);
  expect(new Date(span.to).toISOString()).toBe("2026-06-15T12:35:00.000Z");
  expect(bucketsOf(span)).toHaveLength(15);
  expect(bucketsOf(spanOf("30d", NOW))).toHaveLength(120);
});

it("has a place for buckets in which nothing happened", () => {
  const figures = [{ at: 60_000, runs: 3 }] as FigureRow[];
  const buckets = [0, 60_000, 120_000];
  expect(seriesOf(buckets, figures, ({ runs }) => runs, 0)).toEqual([0, 3, 0]);
  expect(seriesOf(buckets, figures, ({ runs }) => runs, null)).toEqual([null, 3, null]);
});
