import { fromHalf, toHalf } from "../half-float.ts";

const BLOCK = 32;
const BLOCK_BYTES = 34;

/**
 * Q8_0: blocks of 32 values, each a half-float scale and 32 signed bytes. Bit for bit what ggml's
 * reference writes: float arithmetic rounded at every step, halves rounded away from zero. The
 * length must be a multiple of 32.
 */
export function quantizeQ8_0(values: Float32Array): Uint8Array {
  if (values.length % BLOCK !== 0) throw new RangeError("Q8_0 needs a multiple of 32 values");
  const out = new DataView(new ArrayBuffer((values.length / BLOCK) * BLOCK_BYTES));
  for (let block = 0; block * BLOCK < values.length; block++)
    quantizeBlock(values, block * BLOCK, out, block * BLOCK_BYTES);
  return new Uint8Array(out.buffer);
}

function quantizeBlock(values: Float32Array, from: number, out: DataView, at: number): void {
  let most = 0;
  for (let i = from; i < from + BLOCK; i++) most = Math.max(most, Math.abs(values[i] ?? 0));
  const scale = Math.fround(most / 127);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  out.setUint16(at, toHalf(scale), true);
  for (let i = 0; i < BLOCK; i++) {
    const scaled = Math.fround((values[from + i] ?? 0) * inverse);
    out.setInt8(at + 2 + i, scaled < 0 ? -Math.floor(0.5 - scaled) : Math.floor(scaled + 0.5));
  }
}

/** What a Q8_0 tensor's bytes mean. */
export function dequantizeQ8_0(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array((bytes.length / BLOCK_BYTES) * BLOCK);
  for (let i = 0; i < values.length; i++) {
    const at = Math.floor(i / BLOCK) * BLOCK_BYTES;
    values[i] = fromHalf(view.getUint16(at, true)) * view.getInt8(at + 2 + (i % BLOCK));
  }
  return values;
}
