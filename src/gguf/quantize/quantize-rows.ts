import { tensorTypeByName } from "../tensor-types.ts";
import { KERNEL_TYPES, type KernelType, kernels } from "./kernels.ts";

/** The tensor types that rows can be written in. */
export const QUANTIZED_TYPES: readonly string[] = KERNEL_TYPES;

const isWritten = (type: string): type is KernelType => QUANTIZED_TYPES.includes(type);

/**
 * Rows of a tensor as `type` stores them. The length must be a whole number of the type's blocks. Throws
 * RangeError where it is not, or where the type cannot be written.
 */
export function quantizeRows(values: Float32Array, type: string): Uint8Array {
  const layout = tensorTypeByName(type);
  if (!isWritten(type) || !layout) throw new RangeError(`${type} cannot be written`);
  const { blockSize, blockBytes } = layout;
  if (values.length % blockSize !== 0) {
    throw new RangeError(`${type} needs a multiple of ${blockSize} values`);
  }
  const { floats, packed, pack } = kernels();
  const out = new Uint8Array((values.length / blockSize) * blockBytes);
  for (let at = 0; at < values.length; at += floats.length) {
    const part = values.subarray(at, at + floats.length);
    floats.set(part);
    const blocks = part.length / blockSize;
    pack[type](blocks);
    out.set(packed.subarray(0, blocks * blockBytes), (at / blockSize) * blockBytes);
  }
  return out;
}
