import type { FigureCell } from "../../core/run-query.ts";
import { Sketch } from "../../core/sketch.ts";

/**
 * The figures of the busiest values of the window; the rest of each bucket becomes one cell without
 * values. Percentiles of that rest are true ones: their sketches are merged. Pure.
 */
export function topCells(cells: readonly FigureCell[], top: number): FigureCell[] {
  const runs = new Map<string, number>();
  for (const cell of cells) {
    const key = keyOf(cell);
    runs.set(key, (runs.get(key) ?? 0) + cell.runs);
  }
  const busiest = [...runs].toSorted(([a, some], [b, more]) => more - some || (a < b ? -1 : 1));
  const kept = new Set(busiest.slice(0, top).map(([key]) => key));
  const rest = Map.groupBy(
    cells.filter((cell) => !kept.has(keyOf(cell))),
    ({ at }) => at,
  );
  return [
    ...cells.filter((cell) => kept.has(keyOf(cell))),
    ...Array.from(rest.values(), (ofBucket) => ({ ...ofBucket.reduce(together), values: [] })),
  ].toSorted((a, b) => a.at - b.at); // which leaves those of one bucket in their order
}

function keyOf({ values }: FigureCell): string {
  return values.join("\0");
}

function together(one: FigureCell, other: FigureCell): FigureCell {
  return {
    at: one.at,
    values: one.values,
    runs: one.runs + other.runs,
    errors: one.errors + other.errors,
    blocked: one.blocked + other.blocked,
    canceled: one.canceled + other.canceled,
    guarded: one.guarded + other.guarded,
    streamed: one.streamed + other.streamed,
    counted: one.counted + other.counted,
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    cachedTokens: one.cachedTokens + other.cachedTokens,
    cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
    reasoningTokens: one.reasoningTokens + other.reasoningTokens,
    imageTokens: one.imageTokens + other.imageTokens,
    audioTokens: one.audioTokens + other.audioTokens,
    costNanos: one.costNanos + other.costNanos,
    inputCostNanos: one.inputCostNanos + other.inputCostNanos,
    outputCostNanos: one.outputCostNanos + other.outputCostNanos,
    unpriced: one.unpriced + other.unpriced,
    duration: merged(one.duration, other.duration),
    ttft: merged(one.ttft, other.ttft),
    perToken: merged(one.perToken, other.perToken),
    queue: merged(one.queue, other.queue),
  };
}

function merged(one: Sketch, other: Sketch): Sketch {
  const sum = new Sketch();
  sum.merge(one);
  sum.merge(other);
  return sum;
}
