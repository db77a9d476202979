import { normal, type Random } from "./random.ts";
import type { Parameter } from "./shape.ts";

/** Fills a block of parameters as training starts: small normal numbers, norms at one. */
export function initialize(
  weights: Float32Array,
  parameters: readonly Parameter[],
  random: Random,
): void {
  for (const { rows, columns, offset, isNorm, spread } of parameters) {
    const values = weights.subarray(offset, offset + rows * columns);
    values.forEach((_, at) => (values[at] = isNorm ? 1 : normal(random) * spread));
  }
}
