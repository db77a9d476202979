/* oxlint-disable max-params -- AssemblyScript: kernels take pointers and sizes */
import { belows, inverses, lanes, scales, starts, tried, weights } from "./memory";
import { clampFour, nearestOfFour } from "./numbers";

/**
 * The search for a scale and a least value (≤ 0) of a group of values, by weighted error: four groups at a
 * time, one in each lane, so that every lane adds up in ggml's order. Bit for bit what ggml's reference finds
 * on x86-64, where it is built without fused operations.
 */

/** Lays `size` values of four groups that follow each other side by side. */
export function spread(values: usize, size: i32): void {
  const stride = (<usize>size) << 2;
  for (let i: usize = 0; i < stride; i += 16) {
    const a = v128.load(values + i);
    const b = v128.load(values + stride + i);
    const c = v128.load(values + 2 * stride + i);
    const d = v128.load(values + 3 * stride + i);
    const abLow = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cdLow = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    const at = lanes + (i << 2);
    v128.store(at, v128.shuffle<f32>(abLow, cdLow, 0, 1, 4, 5));
    v128.store(at, v128.shuffle<f32>(abLow, cdLow, 2, 3, 6, 7), 16);
    v128.store(at, v128.shuffle<f32>(abHigh, cdHigh, 0, 1, 4, 5), 32);
    v128.store(at, v128.shuffle<f32>(abHigh, cdHigh, 2, 3, 6, 7), 48);
  }
}

/** Each value weighs what its size is. */
export function weighBySize(size: i32): void {
  const end = (<usize>size) << 4;
  for (let i: usize = 0; i < end; i += 16) {
    v128.store(weights + i, f32x4.abs(v128.load(lanes + i)));
  }
}

/** Each value weighs its size and the group's root mean square. */
export function weighBySizeAndSpread(size: i32): void {
  const end = (<usize>size) << 4;
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < end; i += 16) {
    const value = v128.load(lanes + i);
    sum = f32x4.add(sum, f32x4.mul(value, value));
  }
  const average = f32x4.sqrt(f32x4.div(sum, f32x4.splat(<f32>size)));
  for (let i: usize = 0; i < end; i += 16) {
    v128.store(weights + i, f32x4.add(average, f32x4.abs(v128.load(lanes + i))));
  }
}

function squaredError(end: usize, scale: v128, min: v128): v128 {
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < end; i += 16) {
    const fitted = f32x4.add(f32x4.mul(scale, v128.load(tried + i)), min);
    const off = f32x4.sub(fitted, v128.load(lanes + i));
    sum = f32x4.add(sum, f32x4.mul(v128.load(weights + i), f32x4.mul(off, off)));
  }
  return sum;
}

function absoluteError(end: usize, scale: v128, min: v128): v128 {
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < end; i += 16) {
    const fitted = f32x4.add(f32x4.mul(scale, v128.load(tried + i)), min);
    const off = f32x4.sub(fitted, v128.load(lanes + i));
    sum = f32x4.add(sum, f32x4.mul(v128.load(weights + i), f32x4.abs(off)));
  }
  return sum;
}

/** Least and greatest values, sums of weights and of weighted values. */
let min: v128 = f32x4(0, 0, 0, 0);
let max: v128 = f32x4(0, 0, 0, 0);
let sumW: v128 = f32x4(0, 0, 0, 0);
let sumX: v128 = f32x4(0, 0, 0, 0);

function measure(end: usize): void {
  min = v128.load(lanes);
  max = min;
  sumW = v128.load(weights);
  sumX = f32x4.mul(sumW, min);
  for (let i: usize = 16; i < end; i += 16) {
    const value = v128.load(lanes + i);
    const weight = v128.load(weights + i);
    min = f32x4.pmin(min, value);
    max = f32x4.pmax(max, value);
    sumW = f32x4.add(sumW, weight);
    sumX = f32x4.add(sumX, f32x4.mul(weight, value));
  }
  min = f32x4.pmin(min, f32x4.splat(0));
}

/** What a least-squares fit through the steps needs. */
let sumL: v128 = f32x4(0, 0, 0, 0);
let sumL2: v128 = f32x4(0, 0, 0, 0);
let sumXL: v128 = f32x4(0, 0, 0, 0);

function tryAll(end: usize, inverse: v128, mosts: v128): void {
  const zero = f32x4.splat(0);
  let l = zero;
  let l2 = zero;
  let xl = zero;
  for (let i: usize = 0; i < end; i += 16) {
    const value = v128.load(lanes + i);
    const above = f32x4.mul(inverse, f32x4.sub(value, min));
    const step = clampFour(nearestOfFour(above), zero, mosts);
    v128.store(tried + i, step);
    const weighted = f32x4.mul(v128.load(weights + i), step);
    l = f32x4.add(l, weighted);
    l2 = f32x4.add(l2, f32x4.mul(weighted, step));
    xl = f32x4.add(xl, f32x4.mul(weighted, value));
  }
  sumL = l;
  sumL2 = l2;
  sumXL = xl;
}

/** The line through the steps: its scale and its least value, which is not above zero; true where there is one. */
let fitScale: v128 = f32x4(0, 0, 0, 0);
let fitMin: v128 = f32x4(0, 0, 0, 0);

function fit(): v128 {
  const zero = f32x4.splat(0);
  const determinant = f32x4.sub(f32x4.mul(sumW, sumL2), f32x4.mul(sumL, sumL));
  const steep = f32x4.sub(f32x4.mul(sumW, sumXL), f32x4.mul(sumX, sumL));
  const below = f32x4.sub(f32x4.mul(sumL2, sumX), f32x4.mul(sumL, sumXL));
  const least = f32x4.div(below, determinant);
  const isAbove = f32x4.gt(least, zero);
  fitMin = v128.bitselect(zero, least, isAbove);
  const alone = f32x4.div(sumXL, sumL2);
  fitScale = v128.bitselect(alone, f32x4.div(steep, determinant), isAbove);
  return f32x4.gt(determinant, zero);
}

/**
 * Searches the four groups that are spread, which are `group` and the next three of their block: 0 to `most`
 * steps, `rounds` more tries from `first` on; errors count by their size where `isAbsolute`, or else squared.
 * What was found stands in `scales`, `belows`, `inverses`, `starts`.
 */
export function searchRange(
  size: i32,
  group: i32,
  most: f32,
  first: f32,
  rounds: i32,
  isAbsolute: bool,
): void {
  const end = (<usize>size) << 4;
  const mosts = f32x4.splat(most);
  measure(end);
  const isFlat = f32x4.eq(max, min);
  const flatBelow = f32x4.neg(min);
  let goodInverse = f32x4.div(mosts, f32x4.sub(max, min));
  let goodMin = min;
  let scale = f32x4.div(f32x4.splat(1), goodInverse);
  tryAll(end, goodInverse, mosts);
  let best = isAbsolute ? absoluteError(end, scale, min) : squaredError(end, scale, min);
  for (let round = 0; round <= rounds; round++) {
    const reach = f32x4.splat(first + <f32>0.1 * <f32>round + most);
    const inverse = f32x4.div(reach, f32x4.sub(max, min));
    tryAll(end, inverse, mosts);
    const isThere = fit();
    const error = isAbsolute
      ? absoluteError(end, fitScale, fitMin)
      : squaredError(end, fitScale, fitMin);
    const isBetter = v128.and(isThere, f32x4.lt(error, best));
    best = v128.bitselect(error, best, isBetter);
    scale = v128.bitselect(fitScale, scale, isBetter);
    goodInverse = v128.bitselect(inverse, goodInverse, isBetter);
    goodMin = v128.bitselect(min, goodMin, isBetter);
    // A better least value counts from the next round on.
    min = v128.bitselect(fitMin, min, isBetter);
  }
  const at = (<usize>group) << 2;
  v128.store(scales + at, v128.andnot(scale, isFlat));
  v128.store(belows + at, v128.bitselect(flatBelow, f32x4.neg(min), isFlat));
  v128.store(inverses + at, v128.andnot(goodInverse, isFlat));
  v128.store(starts + at, v128.andnot(goodMin, isFlat));
}
