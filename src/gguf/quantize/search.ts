/**
 * The searches for a good scale behind the K types, each for one group of values. Bit for bit what ggml's
 * reference finds on x86-64: every float operation is rounded, and sums are taken in its order.
 */

const { fround } = Math;

/** Adding and taking away this rounds to the nearest whole number, ties to even. */
const ROUNDER = 12_582_912;
/** A group whose values are all smaller is nothing. */
export const NOTHING = fround(1e-15);

export function nearest(value: number): number {
  return fround(fround(value + ROUNDER) - ROUNDER);
}

function clamp(value: number, least: number, most: number): number {
  return value < least ? least : value > most ? most : value;
}

export interface RangeSearch {
  readonly most: number;
  readonly first: number;
  readonly steps: number;
  /** Errors count by their size, not squared. */
  readonly isAbsolute: boolean;
}

/** Values of a block that share a scale; a weight each. */
interface RangeGroup {
  readonly from: number;
  readonly size: number;
  readonly weights: Float32Array;
}

const tried = new Uint8Array(32);
const tenth = fround(0.1);
/** What a try found. One for all: this runs a thousand times for a row. */
const fit = { l: 0, l2: 0, xl: 0 };
const span = { min: 0, max: 0, w: 0, x: 0 };

/**
 * A scale and a least value (≤ 0), by weighted error; `steps` get each value's step. Gives the scale;
 * `least[at]` becomes how far below zero the least value is.
 */
export function searchRange(
  values: Float32Array,
  group: RangeGroup,
  search: RangeSearch,
  into: { readonly steps: Uint8Array; readonly least: Float32Array; readonly at: number },
): number {
  const { from, size } = group;
  const { most, isAbsolute } = search;
  const { steps } = into;
  measure(values, group);
  const { max } = span;
  let min = Math.min(span.min, 0);
  if (max === min) {
    steps.fill(0, from, from + size);
    into.least[into.at] = -min;
    return 0;
  }
  let inverse = fround(most / fround(max - min));
  let scale = fround(1 / inverse);
  tryAll(values, group, { inverse, min, most });
  let best = errorOf(values, group, { scale, min, isAbsolute });
  steps.set(tried.subarray(0, size), from);
  const first = fround(search.first);
  for (let round = 0; round <= search.steps; round++) {
    // A better least value counts from the next round on.
    const reach = fround(max - min);
    inverse = fround(fround(fround(first + fround(tenth * round)) + most) / reach);
    tryAll(values, group, { inverse, min, most });
    const determinant = fround(fround(span.w * fit.l2) - fround(fit.l * fit.l));
    if (!(determinant > 0)) continue;
    const steep = fround(fround(span.w * fit.xl) - fround(span.x * fit.l));
    const below = fround(fround(fit.l2 * span.x) - fround(fit.l * fit.xl));
    let newScale = fround(steep / determinant);
    let newMin = fround(below / determinant);
    if (newMin > 0) {
      newMin = 0;
      newScale = fround(fit.xl / fit.l2);
    }
    const error = errorOf(values, group, { scale: newScale, min: newMin, isAbsolute });
    if (!(error < best)) continue;
    steps.set(tried.subarray(0, size), from);
    best = error;
    scale = newScale;
    min = newMin;
  }
  into.least[into.at] = -min;
  return scale;
}

function measure(values: Float32Array, { from, size, weights }: RangeGroup): void {
  const first = values[from] ?? 0;
  span.min = first;
  span.max = first;
  span.w = weights[0] ?? 0;
  span.x = fround(span.w * first);
  for (let i = 1; i < size; i++) {
    const value = values[from + i] ?? 0;
    if (value < span.min) span.min = value;
    if (value > span.max) span.max = value;
    const weight = weights[i] ?? 0;
    span.w = fround(span.w + weight);
    span.x = fround(span.x + fround(weight * value));
  }
}

/** Each value's step, and what a least-squares fit through them needs. */
function tryAll(
  values: Float32Array,
  { from, size, weights }: RangeGroup,
  { inverse, min, most }: { readonly inverse: number; readonly min: number; readonly most: number },
): void {
  let [l, l2, xl] = [0, 0, 0];
  for (let i = 0; i < size; i++) {
    const value = values[from + i] ?? 0;
    const step = clamp(nearest(fround(inverse * fround(value - min))), 0, most);
    tried[i] = step;
    const weighted = fround((weights[i] ?? 0) * step);
    l = fround(l + weighted);
    l2 = fround(l2 + fround(weighted * step));
    xl = fround(xl + fround(weighted * value));
  }
  fit.l = l;
  fit.l2 = l2;
  fit.xl = xl;
}

function errorOf(
  values: Float32Array,
  { from, size, weights }: RangeGroup,
  by: { readonly scale: number; readonly min: number; readonly isAbsolute: boolean },
): number {
  const { scale, min, isAbsolute } = by;
  let sum = 0;
  for (let i = 0; i < size; i++) {
    const off = fround(fround(fround(scale * (tried[i] ?? 0)) + min) - (values[from + i] ?? 0));
    const error = isAbsolute ? Math.abs(off) : fround(off * off);
    sum = fround(sum + fround((weights[i] ?? 0) * error));
  }
  return sum;
}

/** The value furthest from zero, with its sign. */
function furthest(values: Float32Array, from: number, size: number): number {
  let most = 0;
  let found = 0;
  for (let i = from; i < from + size; i++) {
    const value = values[i] ?? 0;
    if (Math.abs(value) > most) {
      most = Math.abs(value);
      found = value;
    }
  }
  return found;
}

/** One group of a block, `values[from…]`, and where its steps go. */
export interface ScaledGroup {
  readonly from: number;
  readonly size: number;
  /** Counted from the lowest, which is 0; all 0 where the group is nothing. */
  readonly steps: Uint8Array;
}

/**
 * A scale around zero for steps from −`half` to `half` − 1, by squared error weighted with the square of
 * the value. Gives 0 where the group is nothing.
 */
export function searchScale(
  values: Float32Array,
  { from, size, steps }: ScaledGroup,
  half: number,
): number {
  const most = furthest(values, from, size);
  steps.fill(0);
  if (Math.abs(most) < NOTHING) return 0;
  let best = 0;
  let scale = 0;
  for (const round of ROUNDS) {
    const inverse =
      round === 0 ? fround(-half / most) : fround(-fround(half + fround(tenth * round)) / most);
    let sumXL = 0;
    let sumL2 = 0;
    for (let i = from; i < from + size; i++) {
      const value = values[i] ?? 0;
      const step = clamp(nearest(fround(inverse * value)), -half, half - 1);
      const weight = fround(value * value);
      sumXL = fround(sumXL + fround(fround(weight * value) * step));
      sumL2 = fround(sumL2 + fround(fround(weight * step) * step));
    }
    if (round === 0) scale = sumL2 === 0 ? 0 : fround(sumXL / sumL2);
    else if (sumL2 > 0 && fround(sumXL * sumXL) > fround(best * sumL2))
      scale = fround(sumXL / sumL2);
    else continue;
    best = fround(scale * sumXL);
    for (let i = 0; i < size; i++) {
      const value = values[from + i] ?? 0;
      steps[i] = clamp(nearest(fround(inverse * value)), -half, half - 1) + half;
    }
  }
  return scale;
}

/** The plain one first, then a little wider and narrower. */
const ROUNDS = [0, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9];

const settled = new Int8Array(32);

/** The same for few steps: each value's step is moved on its own while that makes the error less. */
export function refineScale(
  values: Float32Array,
  { from, size, steps }: ScaledGroup,
  half: number,
): number {
  const most = furthest(values, from, size);
  steps.fill(0);
  if (Math.abs(most) < NOTHING) return 0;
  const inverse = fround(-half / most);
  let sumXL = 0;
  let sumL2 = 0;
  for (let i = 0; i < size; i++) {
    const value = values[from + i] ?? 0;
    const step = clamp(nearest(fround(inverse * value)), -half, half - 1);
    settled[i] = step;
    const weight = fround(value * value);
    sumXL = fround(sumXL + fround(fround(weight * value) * step));
    sumL2 = fround(sumL2 + fround(fround(weight * step) * step));
  }
  for (let round = 0; round < 5; round++) {
    let isMoved = false;
    for (let i = 0; i < size; i++) {
      const value = values[from + i] ?? 0;
      const step = settled[i] ?? 0;
      const weight = fround(value * value);
      let xl = fround(sumXL - fround(fround(weight * value) * step));
      if (!(xl > 0)) continue;
      let l2 = fround(sumL2 - fround(fround(weight * step) * step));
      const moved = clamp(nearest(fround(fround(value * l2) / xl)), -half, half - 1);
      if (moved === step) continue;
      xl = fround(xl + fround(fround(weight * value) * moved));
      l2 = fround(l2 + fround(fround(weight * moved) * moved));
      const gain = fround(fround(xl * xl) * sumL2);
      if (!(l2 > 0) || !(gain > fround(fround(sumXL * sumXL) * l2))) continue;
      settled[i] = moved;
      sumXL = xl;
      sumL2 = l2;
      isMoved = true;
    }
    if (!isMoved) break;
  }
  for (let i = 0; i < size; i++) steps[i] = (settled[i] ?? 0) + half;
  return sumL2 > 0 ? fround(sumXL / sumL2) : 0;
}
