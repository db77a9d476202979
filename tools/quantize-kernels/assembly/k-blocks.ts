/* oxlint-disable max-params -- AssemblyScript: kernels take pointers and sizes */
import {
  BLOCK,
  belows,
  floatAt,
  inverses,
  scales,
  setFloat,
  starts,
  steps,
  writtenBelows,
  writtenScales,
} from "./memory";
import { clampFour, clampOf, fromHalf, nearestOf, nearestOfFour, toHalf } from "./numbers";
import { searchRange, spread, weighBySize, weighBySizeAndSpread } from "./search-range";
import { refineScales, searchScales } from "./search-scale";

/**
 * The K types: blocks of 256 values in groups of 16 or 32, whose scales are small numbers times the block's
 * own. Bit for bit what ggml's reference writes on x86-64.
 */

/** Steps of 16 values by the scale that is written, for the search knew it unrounded. */
function stepSixteen(values: usize, at: i32, scale: f32, below: f32, least: f32, most: f32): void {
  const scale4 = f32x4.splat(scale);
  const below4 = f32x4.splat(below);
  const least4 = f32x4.splat(least);
  const most4 = f32x4.splat(most);
  const from = values + ((<usize>at) << 2);
  const a = stepFour(v128.load(from), scale4, below4, least4, most4);
  const b = stepFour(v128.load(from, 16), scale4, below4, least4, most4);
  const c = stepFour(v128.load(from, 32), scale4, below4, least4, most4);
  const d = stepFour(v128.load(from, 48), scale4, below4, least4, most4);
  const low = i16x8.narrow_i32x4_s(a, b);
  const high = i16x8.narrow_i32x4_s(c, d);
  v128.store(steps + <usize>at, i8x16.narrow_i16x8_u(low, high));
}

function stepFour(values: v128, scale: v128, below: v128, least: v128, most: v128): v128 {
  const wanted = nearestOfFour(f32x4.div(f32x4.add(values, below), scale));
  return i32x4.trunc_sat_f32x4_s(f32x4.sub(clampFour(wanted, least, most), least));
}

/** A group whose scale is written as zero keeps the steps that the search found. */
function foundSteps(values: usize, group: i32, size: i32, least: f32, most: f32): void {
  const inverse = floatAt(inverses, group);
  const start = floatAt(starts, group);
  for (let i = group * size; i < (group + 1) * size; i++) {
    const wanted = nearestOf(inverse * (floatAt(values, i) - start));
    store<u8>(steps + <usize>i, <u8>(clampOf(wanted, least, most) - least));
  }
}

function stepsAgain(values: usize, groups: i32, least: f32, most: f32): void {
  const size = BLOCK / groups;
  for (let group = 0; group < groups; group++) {
    const scale = floatAt(writtenScales, group);
    const below = floatAt(writtenBelows, group);
    if (scale === 0) {
      foundSteps(values, group, size, least, most);
      continue;
    }
    for (let at = group * size; at < (group + 1) * size; at += 16) {
      stepSixteen(values, at, scale, below, least, most);
    }
  }
}

function greatest(array: usize, count: i32): f32 {
  let found: f32 = 0;
  for (let i = 0; i < count; i++) {
    const value = floatAt(array, i);
    if (value > found) found = value;
  }
  return found;
}

/** The scale that is furthest from zero, with its sign. */
function furthestScale(): f32 {
  let found: f32 = 0;
  for (let i = 0; i < 16; i++) {
    const value = floatAt(scales, i);
    if (abs<f32>(value) > abs<f32>(found)) found = value;
  }
  return found;
}

function sixteenSteps(at: i32): v128 {
  return v128.load(steps + <usize>at);
}

/** Four steps of two bits in a byte, a quarter of half a block apart. */
function writeTwoBits(out: usize): void {
  const mask = i8x16.splat(3);
  for (let half = 0; half < BLOCK; half += 128) {
    for (let i = 0; i < 32; i += 16) {
      let bits = v128.and(sixteenSteps(half + i), mask);
      bits = v128.or(bits, i8x16.shl(v128.and(sixteenSteps(half + 32 + i), mask), 2));
      bits = v128.or(bits, i8x16.shl(v128.and(sixteenSteps(half + 64 + i), mask), 4));
      bits = v128.or(bits, i8x16.shl(v128.and(sixteenSteps(half + 96 + i), mask), 6));
      v128.store(out + <usize>(half / 4 + i), bits);
    }
  }
}

function writeFourBits(out: usize): void {
  const mask = i8x16.splat(15);
  for (let pair = 0; pair < BLOCK; pair += 64) {
    for (let i = 0; i < 32; i += 16) {
      const low = v128.and(sixteenSteps(pair + i), mask);
      const high = i8x16.shl(sixteenSteps(pair + 32 + i), 4);
      v128.store(out + <usize>(pair / 2 + i), v128.or(low, high));
    }
  }
}

/** One bit of each step: of those 32 apart in one byte, the first lowest. */
function writeBit(out: usize, bit: u8): void {
  const mask = i8x16.splat(bit);
  for (let i = 0; i < 32; i += 16) {
    let bits = i8x16.splat(0);
    for (let eighth: i32 = 0; eighth < 8; eighth++) {
      const isSet = i8x16.eq(v128.and(sixteenSteps(eighth * 32 + i), mask), mask);
      bits = v128.or(bits, v128.and(isSet, i8x16.splat(<i8>((<i32>1) << eighth))));
    }
    v128.store(out + <usize>i, bits);
  }
}

/** Q2_K: 16 × (4-bit scale, 4-bit least), 256 × 2 bits, scale and least of the block (halves). */
export function blockQ2_K(values: usize, out: usize): void {
  for (let group = 0; group < 16; group += 4) {
    spread(values + ((<usize>group) << 6), 16);
    weighBySize(16);
    searchRange(16, group, 3, -0.5, 15, true);
  }
  const scale = greatest(scales, 16);
  const below = greatest(belows, 16);
  const d = toHalf(scale / 15);
  const dmin = toHalf(below / 15);
  const up: f32 = scale > 0 ? <f32>15 / scale : 0;
  const belowUp: f32 = below > 0 ? <f32>15 / below : 0;
  for (let group = 0; group < 16; group++) {
    const small = <u32>(<i32>nearestOf(up * floatAt(scales, group)));
    const least = <u32>(<i32>nearestOf(belowUp * floatAt(belows, group)));
    store<u8>(out + <usize>group, <u8>(small | (least << 4)));
    setFloat(writtenScales, group, fromHalf(d) * <f32>(small & 15));
    setFloat(writtenBelows, group, fromHalf(dmin) * <f32>(least & 15));
  }
  stepsAgain(values, 16, 0, 3);
  writeTwoBits(out + 16);
  store<u16>(out, <u16>d, 80);
  store<u16>(out, <u16>dmin, 82);
}

/** Q3_K: the third bits (32 bytes), 256 × 2 bits, 16 × 6-bit scale in 12 bytes, scale of the block (half). */
export function blockQ3_K(values: usize, out: usize): void {
  for (let group = 0; group < 16; group += 4) {
    spread(values + ((<usize>group) << 6), 16);
    refineScales(group);
  }
  const most = furthestScale();
  const packed = out + 96;
  memory.fill(packed, 0, 14);
  if (most !== 0) {
    const up = <f32>-32 / most;
    const d = toHalf(<f32>1 / up);
    store<u16>(out, <u16>d, 108);
    for (let group = 0; group < 16; group++) {
      const small = clampOf(nearestOf(up * floatAt(scales, group)), -32, 31);
      const scale = <u32>(<i32>(small + 32));
      const low = packed + <usize>(group % 8);
      store<u8>(low, <u8>(load<u8>(low) | ((scale & 15) << (group < 8 ? 0 : 4))));
      const high = packed + 8 + <usize>(group % 4);
      store<u8>(high, <u8>(load<u8>(high) | ((scale >> 4) << (2 * (group >> 2)))));
      const written = fromHalf(d) * small;
      if (written === 0) continue;
      stepSixteen(values, group * 16, written, 0, -4, 3);
    }
  }
  writeBit(out, 4);
  writeTwoBits(out + 32);
}

function sixBits(value: f32): u32 {
  return min<u32>(63, <u32>(<i32>nearestOf(value)) & 255);
}

/** Scale and least value of the block (halves), and eight of each with 6 bits in 12 bytes. */
function writeSixBits(out: usize): void {
  const scale = greatest(scales, 8);
  const below = greatest(belows, 8);
  const d = toHalf(scale / 63);
  const dmin = toHalf(below / 63);
  store<u16>(out, <u16>d);
  store<u16>(out, <u16>dmin, 2);
  const up: f32 = scale > 0 ? <f32>63 / scale : 0;
  const belowUp: f32 = below > 0 ? <f32>63 / below : 0;
  const packed = out + 4;
  for (let group = 0; group < 8; group++) {
    const small = sixBits(up * floatAt(scales, group));
    const least = sixBits(belowUp * floatAt(belows, group));
    setFloat(writtenScales, group, fromHalf(d) * <f32>small);
    setFloat(writtenBelows, group, fromHalf(dmin) * <f32>least);
    const at = packed + <usize>group;
    if (group < 4) {
      store<u8>(at, <u8>small);
      store<u8>(at, <u8>least, 4);
      continue;
    }
    store<u8>(at, <u8>((small & 15) | ((least & 15) << 4)), 4);
    store<u8>(at - 4, <u8>(load<u8>(at - 4) | ((small >> 4) << 6)));
    store<u8>(at, <u8>(load<u8>(at) | ((least >> 4) << 6)));
  }
}

/** Q4_K: scale and least (halves), 8 × (6 + 6 bits), 256 × 4 bits. */
export function blockQ4_K(values: usize, out: usize): void {
  for (let group = 0; group < 8; group += 4) {
    spread(values + ((<usize>group) << 7), 32);
    weighBySizeAndSpread(32);
    searchRange(32, group, 15, -1, 20, false);
  }
  writeSixBits(out);
  stepsAgain(values, 8, 0, 15);
  writeFourBits(out + 16);
}

/** Q5_K: scale and least (halves), 8 × (6 + 6 bits), the fifth bits (32 bytes), 256 × 4 bits. */
export function blockQ5_K(values: usize, out: usize): void {
  for (let group = 0; group < 8; group += 4) {
    spread(values + ((<usize>group) << 7), 32);
    weighBySizeAndSpread(32);
    searchRange(32, group, 31, -0.5, 15, false);
  }
  writeSixBits(out);
  stepsAgain(values, 8, 0, 31);
  writeBit(out + 16, 16);
  writeFourBits(out + 48);
}

/** Q6_K: 256 × 4 bits, 256 × 2 bits, 16 × 8-bit scale, scale of the block (half). */
export function blockQ6_K(values: usize, out: usize): void {
  for (let group = 0; group < 16; group += 4) {
    spread(values + ((<usize>group) << 6), 16);
    searchScales(group);
  }
  const most = furthestScale();
  if (abs<f32>(most) < <f32>1e-15) {
    memory.fill(out, 0, 210);
    return;
  }
  const up = <f32>-128 / most;
  const d = toHalf(<f32>1 / up);
  for (let group = 0; group < 16; group++) {
    const small = min<f32>(127, nearestOf(up * floatAt(scales, group)));
    i32.store8(out + <usize>group, <i32>small, 192);
    setFloat(writtenScales, group, fromHalf(d) * small);
    setFloat(writtenBelows, group, 0);
  }
  store<u16>(out, <u16>d, 208);
  stepsAgain(values, 16, -32, 31);
  const low = i8x16.splat(15);
  for (let half = 0; half < BLOCK; half += 128) {
    for (let i = 0; i < 32; i += 16) {
      const a = sixteenSteps(half + i);
      const b = sixteenSteps(half + 32 + i);
      const c = sixteenSteps(half + 64 + i);
      const e = sixteenSteps(half + 96 + i);
      const at = out + <usize>(half / 2 + i);
      v128.store(at, v128.or(v128.and(a, low), i8x16.shl(c, 4)));
      v128.store(at, v128.or(v128.and(b, low), i8x16.shl(e, 4)), 32);
      let high = i8x16.shr_u(a, 4);
      high = v128.or(high, i8x16.shl(i8x16.shr_u(b, 4), 2));
      high = v128.or(high, i8x16.shl(i8x16.shr_u(c, 4), 4));
      high = v128.or(high, i8x16.shl(i8x16.shr_u(e, 4), 6));
      v128.store(out + <usize>(128 + half / 4 + i), high);
    }
  }
}
