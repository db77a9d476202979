/** Figures on their way between threads: sketches go as bytes. */
import type { FigureCell } from "../../core/run-query.ts";
import { Sketch } from "../../core/sketch.ts";

const NAMES = ["duration", "ttft", "perToken", "queue"] as const;
type Sketches = (typeof NAMES)[number];
export type PackedCell = Omit<FigureCell, Sketches> & Record<Sketches, Uint8Array | undefined>;

export function packCells(cells: readonly FigureCell[]): PackedCell[] {
  return cells.map(({ duration, ttft, perToken, queue, ...cell }) => ({
    ...cell,
    duration: duration.toBytes(),
    ttft: ttft.toBytes(),
    perToken: perToken.toBytes(),
    queue: queue.toBytes(),
  }));
}

export function unpackCells(cells: readonly PackedCell[]): FigureCell[] {
  return cells.map(({ duration, ttft, perToken, queue, ...cell }) => ({
    ...cell,
    duration: Sketch.fromBytes(duration),
    ttft: Sketch.fromBytes(ttft),
    perToken: Sketch.fromBytes(perToken),
    queue: Sketch.fromBytes(queue),
  }));
}
