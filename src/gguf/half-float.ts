/** IEEE 754 half precision, the 16-bit float of F16 tensors and of every block's scale. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Rounds to the nearest half float, ties to even, as every CPU does. Any NaN becomes a quiet one. */
export function toHalf(value: number): number {
  float[0] = value;
  const word = bits[0] ?? 0;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const rebiased = magnitude - 0x38000000;
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
  }
  return sign | subnormal(magnitude);
}

/** Below 2⁻¹⁴ a half counts in steps of 2⁻²⁴; scaling by a power of two is exact. */
function subnormal(magnitude: number): number {
  bits[0] = magnitude;
  const steps = (float[0] ?? 0) * 2 ** 24;
  const floor = Math.floor(steps);
  const over = steps - floor;
  return floor + (over > 0.5 || (over === 0.5 && floor % 2 === 1) ? 1 : 0);
}

const TABLE = Float32Array.from({ length: 65_536 }, (_, half) => decode(half));

/** The value of a half float's 16 bits. */
export function fromHalf(half: number): number {
  return TABLE[half & 0xffff] ?? 0;
}

function decode(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A row of floats as F16 tensor data. */
export function encodeHalves(values: Float32Array): Uint8Array {
  return new Uint8Array(Uint16Array.from(values, toHalf).buffer);
}
