/* oxlint-disable max-params -- AssemblyScript: kernels take pointers and sizes */
import { toHalf } from "./numbers";

/**
 * The types with blocks of 32 values and one scale, or a scale and a least value. Bit for bit what ggml's
 * reference writes on x86-64.
 */

const SIZE: usize = 128;

function greatestLane(values: v128): f32 {
  const half = f32x4.max(values, v128.shuffle<f32>(values, values, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(half, 0), f32x4.extract_lane(half, 1));
}

function leastLane(values: v128): f32 {
  const half = f32x4.min(values, v128.shuffle<f32>(values, values, 2, 3, 0, 1));
  return min<f32>(f32x4.extract_lane(half, 0), f32x4.extract_lane(half, 1));
}

/** How far the values go from zero. */
function reach(values: usize): f32 {
  let most = f32x4.splat(0);
  for (let i: usize = 0; i < SIZE; i += 16) {
    most = f32x4.max(most, f32x4.abs(v128.load(values + i)));
  }
  return greatestLane(most);
}

/** The first value that is so far from zero, with its sign. */
function firstSoFar(values: usize, most: f32): f32 {
  for (let i: usize = 0; i < SIZE; i += 4) {
    const value = load<f32>(values + i);
    if (abs<f32>(value) === most) return value;
  }
  return 0;
}

/** The first value that equals this one: zeros have two signs. */
function firstLike(values: usize, value: f32): f32 {
  if (value !== 0) return value;
  for (let i: usize = 0; i < SIZE; i += 4) {
    const one = load<f32>(values + i);
    if (one === 0) return one;
  }
  return value;
}

/** Half away from zero, as C's roundf does. */
function rounded(values: v128): v128 {
  const whole = f32x4.trunc(values);
  const rest = f32x4.sub(values, whole);
  const one = v128.bitselect(f32x4.splat(-1), f32x4.splat(1), f32x4.lt(values, f32x4.splat(0)));
  const isHalf = f32x4.ge(f32x4.abs(rest), f32x4.splat(0.5));
  return f32x4.add(whole, v128.and(one, isHalf));
}

/** Q8_0: a scale (half), 32 × 8 bits. */
export function blockQ8_0(values: usize, out: usize): void {
  const scale = reach(values) / 127;
  const inverse = f32x4.splat(scale === 0 ? 0 : <f32>1 / scale);
  store<u16>(out, <u16>toHalf(scale));
  for (let i: usize = 0; i < 2; i++) {
    const from = values + (i << 6);
    const a = i32x4.trunc_sat_f32x4_s(rounded(f32x4.mul(v128.load(from), inverse)));
    const b = i32x4.trunc_sat_f32x4_s(rounded(f32x4.mul(v128.load(from, 16), inverse)));
    const c = i32x4.trunc_sat_f32x4_s(rounded(f32x4.mul(v128.load(from, 32), inverse)));
    const d = i32x4.trunc_sat_f32x4_s(rounded(f32x4.mul(v128.load(from, 48), inverse)));
    const low = i16x8.narrow_i32x4_s(a, b);
    const high = i16x8.narrow_i32x4_s(c, d);
    v128.store(out + 2 + (i << 4), i8x16.narrow_i16x8_s(low, high));
  }
}

/** Steps of 16 values: what is behind the point is dropped. */
function stepSixteen(values: usize, below: v128, inverse: v128, half: v128, most: v128): v128 {
  const a = stepFour(v128.load(values), below, inverse, half);
  const b = stepFour(v128.load(values, 16), below, inverse, half);
  const c = stepFour(v128.load(values, 32), below, inverse, half);
  const d = stepFour(v128.load(values, 48), below, inverse, half);
  const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
  return i8x16.min_s(bytes, most);
}

function stepFour(values: v128, least: v128, inverse: v128, half: v128): v128 {
  const scaled = f32x4.mul(f32x4.sub(values, least), inverse);
  return i32x4.trunc_sat_f32x4_s(f32x4.add(scaled, half));
}

/** Scale, and the value that counts as the lowest step. */
function aroundZero(values: usize, out: usize, lowest: f32): v128 {
  const scale = firstSoFar(values, reach(values)) / lowest;
  store<u16>(out, <u16>toHalf(scale));
  return f32x4.splat(scale === 0 ? 0 : <f32>1 / scale);
}

/** Q4_0: a scale (half), 32 × 4 bits. */
export function blockQ4_0(values: usize, out: usize): void {
  const inverse = aroundZero(values, out, -8);
  const half = f32x4.splat(8.5);
  const none = f32x4.splat(0);
  const most = i8x16.splat(15);
  const low = stepSixteen(values, none, inverse, half, most);
  const high = stepSixteen(values + 64, none, inverse, half, most);
  v128.store(out + 2, v128.or(low, i8x16.shl(high, 4)));
}

/** The lower four bits of 32 steps. */
function writeFourBits(out: usize, low: v128, high: v128): void {
  v128.store(out, v128.or(v128.and(low, i8x16.splat(15)), i8x16.shl(high, 4)));
}

/** The fifth bits of 32 steps. */
function fifthBits(low: v128, high: v128): u32 {
  const lowBits = i8x16.bitmask(i8x16.shl(low, 3));
  return <u32>lowBits | ((<u32>i8x16.bitmask(i8x16.shl(high, 3))) << 16);
}

/** Q5_0: a scale (half), the fifth bits (32 bits), 32 × 4 bits. */
export function blockQ5_0(values: usize, out: usize): void {
  const inverse = aroundZero(values, out, -16);
  const half = f32x4.splat(16.5);
  const none = f32x4.splat(0);
  const most = i8x16.splat(31);
  const low = stepSixteen(values, none, inverse, half, most);
  const high = stepSixteen(values + 64, none, inverse, half, most);
  store<u32>(out, fifthBits(low, high), 2);
  writeFourBits(out + 6, low, high);
}

/** Writes scale and least value; gives the scale's inverse. `least` is the values' least. */
function range(values: usize, out: usize, least: f32, count: f32): v128 {
  let most = v128.load(values);
  for (let i: usize = 16; i < SIZE; i += 16) most = f32x4.max(most, v128.load(values + i));
  const scale = (greatestLane(most) - least) / count;
  store<u16>(out, <u16>toHalf(scale));
  store<u16>(out, <u16>toHalf(firstLike(values, least)), 2);
  return f32x4.splat(scale === 0 ? 0 : <f32>1 / scale);
}

function leastOf(values: usize): f32 {
  let least = v128.load(values);
  for (let i: usize = 16; i < SIZE; i += 16) least = f32x4.min(least, v128.load(values + i));
  return leastLane(least);
}

/** Q4_1: a scale and the least value (halves), 32 × 4 bits. */
export function blockQ4_1(values: usize, out: usize): void {
  const least = leastOf(values);
  const inverse = range(values, out, least, 15);
  const from = f32x4.splat(least);
  const half = f32x4.splat(0.5);
  const most = i8x16.splat(15);
  const low = stepSixteen(values, from, inverse, half, most);
  const high = stepSixteen(values + 64, from, inverse, half, most);
  v128.store(out + 4, v128.or(low, i8x16.shl(high, 4)));
}

/** Q5_1: a scale and the least value (halves), the fifth bits (32 bits), 32 × 4 bits. */
export function blockQ5_1(values: usize, out: usize): void {
  const least = leastOf(values);
  const inverse = range(values, out, least, 31);
  const from = f32x4.splat(least);
  const half = f32x4.splat(0.5);
  const most = i8x16.splat(31);
  const low = stepSixteen(values, from, inverse, half, most);
  const high = stepSixteen(values + 64, from, inverse, half, most);
  store<u32>(out, fifthBits(low, high), 4);
  writeFourBits(out + 8, low, high);
}
