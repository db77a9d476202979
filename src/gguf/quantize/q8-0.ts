import { toHalf } from "../half-float.ts";
import type { QuantizeBlock } from "./block.ts";

const BLOCK = 32;

/**
 * Q8_0: blocks of 32 values, each a half-float scale and 32 signed bytes. Bit for bit what ggml's
 * reference writes: float arithmetic rounded at every step, halves rounded away from zero.
 */
export const quantizeQ8_0: QuantizeBlock = (values, from, out, at) => {
  let most = 0;
  for (let i = from; i < from + BLOCK; i++) most = Math.max(most, Math.abs(values[i] ?? 0));
  const scale = Math.fround(most / 127);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  out.setUint16(at, toHalf(scale), true);
  for (let i = 0; i < BLOCK; i++) {
    const scaled = Math.fround((values[from + i] ?? 0) * inverse);
    out.setInt8(at + 2 + i, scaled < 0 ? -Math.floor(0.5 - scaled) : Math.floor(scaled + 0.5));
  }
};
