import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { formatBytes } from "../../gguf/format-bytes.ts";
import { type MixName, sizesOf } from "../../gguf/quantize/mixes.ts";
import { type RowsPool, quantizeFile } from "../../gguf/quantize/quantize-file.ts";
import { readModel } from "../../gguf/read-model.ts";
import { type Measured, type MeasureOptions, measureFile } from "./measure-file.ts";

/** What a file may cost and lose. */
export interface Bounds {
  /** Bytes; Infinity: any. */
  readonly memory: number;
  /** Nats a token. */
  readonly divergence: number;
}

export const MOST_DIVERGENCE = 0.02;

export interface Search {
  readonly original: string;
  readonly options: MeasureOptions;
  readonly bounds: Bounds;
  /** Where what is tried stands meanwhile; on the disk where the result goes. */
  readonly folder: string;
  readonly pool: RowsPool;
  readonly signal: AbortSignal;
  /** Told before each type is made. */
  readonly onType?: ((mix: MixName, at: number, of: number) => void) | undefined;
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
  /** Takes the chosen file away; it goes when this has returned. */
  readonly keep: (file: string, chosen: Measured) => Promise<void> | void;
}

export interface Found {
  readonly tried: readonly Measured[];
  /** Undefined: no type is within the bounds. */
  readonly chosen: Measured | undefined;
}

/**
 * Makes one type after the other, the smallest first, measures each, and keeps the first that is within the
 * bounds. Nothing else of what it made stays, also on errors and on `signal`.
 */
export async function findSmallest(search: Search): Promise<Found> {
  const { original, options, bounds, pool, signal, onProgress } = search;
  const folder = await mkdtemp(join(search.folder, ".weir-optimize-"));
  const tried: Measured[] = [];
  try {
    const types = await candidates(original);
    for (const [at, { mix, bytes }] of types.entries()) {
      if (bytes > bounds.memory) break;
      search.onType?.(mix, at, types.length);
      const file = join(folder, `${mix}.gguf`);
      await quantizeFile(original, file, { mix, pool, again: true, signal });
      const measured = await measureFile({ file, original, options, signal, onProgress });
      tried.push(measured);
      const { speed, divergence } = measured;
      if (speed.peakBytes <= bounds.memory && divergence <= bounds.divergence) {
        await search.keep(file, measured);
        return { tried, chosen: measured };
      }
      await rm(file);
    }
    return { tried, chosen: undefined };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every quantized type by the size that the file will have. */
async function candidates(original: string): Promise<{ mix: MixName; bytes: number }[]> {
  return sizesOf((await readModel(original)).whole)
    .filter(({ type }) => type.startsWith("Q"))
    .map(({ type, bytes }) => ({ mix: type, bytes }))
    .toSorted((a, b) => a.bytes - b.bytes);
}

/** `within 0.02 nats a token and 6.0 GB of memory`. */
export function withinOf({ divergence, memory }: Bounds): string {
  const room = Number.isFinite(memory) ? ` and ${formatBytes(memory)} of memory` : "";
  return `within ${divergence} nats a token${room}`;
}
