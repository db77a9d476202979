/** Rounding, and half floats. */

/** Adding and taking away this rounds to the nearest whole number, ties to even, as ggml does it. */
const ROUNDER: f32 = 12_582_912;

export function nearestOf(value: f32): f32 {
  return value + ROUNDER - ROUNDER;
}

export function nearestOfFour(values: v128): v128 {
  const rounder = f32x4.splat(ROUNDER);
  return f32x4.sub(f32x4.add(values, rounder), rounder);
}

export function clampFour(values: v128, least: v128, most: v128): v128 {
  return f32x4.pmin(f32x4.pmax(values, least), most);
}

export function clampOf(value: f32, least: f32, most: f32): f32 {
  return value < least ? least : value > most ? most : value;
}

/** Rounds to the nearest half float, ties to even; any NaN becomes a quiet one. */
export function toHalf(value: f32): u32 {
  const word = reinterpret<u32>(value);
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const rebiased = magnitude - 0x38000000;
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
  }
  // Below 2⁻¹⁴ a half counts in steps of 2⁻²⁴; scaling by a power of two is exact.
  return sign | <u32>nearest<f32>(reinterpret<f32>(magnitude) * 16_777_216);
}

/** The value of a half float that is no NaN. */
export function fromHalf(half: u32): f32 {
  const sign: f32 = (half & 0x8000) !== 0 ? -1 : 1;
  if ((half & 0x7c00) === 0x7c00) return sign * Infinity;
  // 2¹¹²: the exponents of both kinds differ by it. Exact, for subnormal halves too.
  return sign * (reinterpret<f32>((half & 0x7fff) << 13) * reinterpret<f32>(0x77800000));
}
