import { tensorTypeByName } from "../tensor-types.ts";
import type { QuantizeBlock } from "./block.ts";
import {
  quantizeQ2_K,
  quantizeQ3_K,
  quantizeQ4_K,
  quantizeQ5_K,
  quantizeQ6_K,
} from "./k-blocks.ts";
import { quantizeQ8_0 } from "./q8-0.ts";
import { quantizeQ4_0, quantizeQ4_1, quantizeQ5_0, quantizeQ5_1 } from "./small-blocks.ts";

const BLOCKS: Readonly<Record<string, QuantizeBlock>> = {
  Q8_0: quantizeQ8_0,
  Q4_0: quantizeQ4_0,
  Q4_1: quantizeQ4_1,
  Q5_0: quantizeQ5_0,
  Q5_1: quantizeQ5_1,
  Q2_K: quantizeQ2_K,
  Q3_K: quantizeQ3_K,
  Q4_K: quantizeQ4_K,
  Q5_K: quantizeQ5_K,
  Q6_K: quantizeQ6_K,
};

/** The tensor types that rows can be written in. */
export const QUANTIZED_TYPES: readonly string[] = Object.keys(BLOCKS);

/**
 * Rows of a tensor as `type` stores them. The length must be a whole number of the type's blocks. Throws
 * RangeError where it is not, or where the type cannot be written.
 */
export function quantizeRows(values: Float32Array, type: string): Uint8Array {
  const block = BLOCKS[type];
  const layout = tensorTypeByName(type);
  if (!block || !layout) throw new RangeError(`${type} cannot be written`);
  const { blockSize, blockBytes } = layout;
  if (values.length % blockSize !== 0) {
    throw new RangeError(`${type} needs a multiple of ${blockSize} values`);
  }
  const count = values.length / blockSize;
  const out = new DataView(new ArrayBuffer(count * blockBytes));
  for (let at = 0; at < count; at++) block(values, at * blockSize, out, at * blockBytes);
  return new Uint8Array(out.buffer);
}
