import { inverses, lanes, scales, starts, steps } from "./memory";
import { clampFour, nearestOfFour } from "./numbers";

/**
 * The search for a scale around zero of groups of 16 values, four at a time as in `search-range.ts`. The lowest
 * step stands for the value that is furthest from zero.
 */

const END: usize = 256;
/** A group whose values are all smaller is nothing. */
const NOTHING: f32 = 1e-15;

/** The values furthest from zero, with their signs. */
function furthest(): v128 {
  let most = f32x4.splat(0);
  let found = most;
  for (let i: usize = 0; i < END; i += 16) {
    const value = v128.load(lanes + i);
    const size = f32x4.abs(value);
    const isMore = f32x4.gt(size, most);
    most = v128.bitselect(size, most, isMore);
    found = v128.bitselect(value, found, isMore);
  }
  return found;
}

/** Steps from −32 to 31, by squared error weighted with the square of the value. */
export function searchScales(group: i32): void {
  const most = furthest();
  const isNothing = f32x4.lt(f32x4.abs(most), f32x4.splat(NOTHING));
  const zero = f32x4.splat(0);
  const lowest = f32x4.splat(-32);
  const highest = f32x4.splat(31);
  let best = zero;
  let scale = zero;
  let good = zero;
  // The plain one first, then a little wider and narrower.
  for (let turn = -10; turn <= 9; turn++) {
    const round = turn === -10 ? 0 : turn;
    if (turn === 0) continue;
    const reach = round === 0 ? <f32>-32 : -(<f32>32 + <f32>0.1 * <f32>round);
    const inverse = f32x4.div(f32x4.splat(reach), most);
    let sumXL = zero;
    let sumL2 = zero;
    for (let i: usize = 0; i < END; i += 16) {
      const value = v128.load(lanes + i);
      const step = clampFour(nearestOfFour(f32x4.mul(inverse, value)), lowest, highest);
      const weight = f32x4.mul(value, value);
      sumXL = f32x4.add(sumXL, f32x4.mul(f32x4.mul(weight, value), step));
      sumL2 = f32x4.add(sumL2, f32x4.mul(f32x4.mul(weight, step), step));
    }
    const fitted = f32x4.div(sumXL, sumL2);
    const isThere = f32x4.gt(sumL2, zero);
    if (round === 0) {
      scale = v128.bitselect(zero, fitted, f32x4.eq(sumL2, zero));
      best = f32x4.mul(scale, sumXL);
      good = inverse;
      continue;
    }
    const isMore = f32x4.gt(f32x4.mul(sumXL, sumXL), f32x4.mul(best, sumL2));
    const isBetter = v128.and(isThere, isMore);
    scale = v128.bitselect(fitted, scale, isBetter);
    best = v128.bitselect(f32x4.mul(fitted, sumXL), best, isBetter);
    good = v128.bitselect(inverse, good, isBetter);
  }
  const at = (<usize>group) << 2;
  v128.store(scales + at, v128.andnot(scale, isNothing));
  // What is nothing has the lowest step everywhere.
  v128.store(inverses + at, v128.bitselect(f32x4.splat(1), good, isNothing));
  v128.store(starts + at, v128.bitselect(f32x4.splat(32), zero, isNothing));
}

const settled: usize = memory.data(256, 16);
let sumXL: v128 = f32x4(0, 0, 0, 0);
let sumL2: v128 = f32x4(0, 0, 0, 0);

function settle(inverse: v128, lowest: v128, highest: v128): void {
  sumXL = f32x4.splat(0);
  sumL2 = sumXL;
  for (let i: usize = 0; i < END; i += 16) {
    const value = v128.load(lanes + i);
    const step = clampFour(nearestOfFour(f32x4.mul(inverse, value)), lowest, highest);
    v128.store(settled + i, step);
    const weight = f32x4.mul(value, value);
    sumXL = f32x4.add(sumXL, f32x4.mul(f32x4.mul(weight, value), step));
    sumL2 = f32x4.add(sumL2, f32x4.mul(f32x4.mul(weight, step), step));
  }
}

/** Moves each step once where that is better; true where one was moved. */
function moveSteps(lowest: v128, highest: v128): bool {
  const zero = f32x4.splat(0);
  let moves = zero;
  for (let i: usize = 0; i < END; i += 16) {
    const value = v128.load(lanes + i);
    const step = v128.load(settled + i);
    const weight = f32x4.mul(value, value);
    const weighted = f32x4.mul(weight, value);
    let xl = f32x4.sub(sumXL, f32x4.mul(weighted, step));
    let isMoved = f32x4.gt(xl, zero);
    let l2 = f32x4.sub(sumL2, f32x4.mul(f32x4.mul(weight, step), step));
    const wanted = nearestOfFour(f32x4.div(f32x4.mul(value, l2), xl));
    const moved = clampFour(wanted, lowest, highest);
    isMoved = v128.and(isMoved, f32x4.ne(moved, step));
    xl = f32x4.add(xl, f32x4.mul(weighted, moved));
    l2 = f32x4.add(l2, f32x4.mul(f32x4.mul(weight, moved), moved));
    isMoved = v128.and(isMoved, f32x4.gt(l2, zero));
    const gain = f32x4.mul(f32x4.mul(xl, xl), sumL2);
    const had = f32x4.mul(f32x4.mul(sumXL, sumXL), l2);
    isMoved = v128.and(isMoved, f32x4.gt(gain, had));
    v128.store(settled + i, v128.bitselect(moved, step, isMoved));
    sumXL = v128.bitselect(xl, sumXL, isMoved);
    sumL2 = v128.bitselect(l2, sumL2, isMoved);
    moves = v128.or(moves, isMoved);
  }
  return v128.any_true(moves);
}

/**
 * Steps from −4 to 3: each value's step is moved on its own while that makes the error less. They stand in
 * `steps`, counted from −4.
 */
export function refineScales(group: i32): void {
  const most = furthest();
  const isNothing = f32x4.lt(f32x4.abs(most), f32x4.splat(NOTHING));
  const lowest = f32x4.splat(-4);
  const highest = f32x4.splat(3);
  settle(f32x4.div(lowest, most), lowest, highest);
  for (let round = 0; round < 5; round++) {
    if (!moveSteps(lowest, highest)) break;
  }
  const scale = v128.and(f32x4.div(sumXL, sumL2), f32x4.gt(sumL2, f32x4.splat(0)));
  v128.store(scales + ((<usize>group) << 2), v128.andnot(scale, isNothing));
  for (let i = 0; i < 16; i++) {
    const counted = f32x4.sub(v128.load(settled + ((<usize>i) << 4)), lowest);
    const step = v128.andnot(i32x4.trunc_sat_f32x4_s(counted), isNothing);
    const at = steps + ((<usize>group) << 4) + <usize>i;
    store<u8>(at, <u8>i32x4.extract_lane(step, 0));
    store<u8>(at, <u8>i32x4.extract_lane(step, 1), 16);
    store<u8>(at, <u8>i32x4.extract_lane(step, 2), 32);
    store<u8>(at, <u8>i32x4.extract_lane(step, 3), 48);
  }
}
