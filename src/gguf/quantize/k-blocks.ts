import { fromHalf, toHalf } from "../half-float.ts";
import type { QuantizeBlock } from "./block.ts";
import {
  NOTHING,
  type RangeSearch,
  type ScaledGroup,
  nearest,
  refineScale,
  searchRange,
  searchScale,
} from "./search.ts";

/**
 * The K types: blocks of 256 values in groups of 16 or 32, whose scales are small numbers times the block's
 * own. Bit for bit what ggml's reference writes on x86-64.
 */

const { fround } = Math;
const SIZE = 256;

const steps = new Uint8Array(SIZE);
const weights = new Float32Array(32);
const scales = new Float32Array(16);
const least = new Float32Array(16);
const small = new Uint8Array(16);

/**
 * Steps of `values` by the scales that are written, for the search knew them unrounded. A group whose scale
 * has become zero keeps what the search gave it.
 */
function stepsAgain(values: Float32Array, from: number, count: number, ofGroup: Group): void {
  const size = SIZE / count;
  for (let group = 0; group < count; group++) {
    const { scale, below, lowest, most } = ofGroup(group);
    if (scale === 0) continue;
    for (let i = group * size; i < (group + 1) * size; i++) {
      const step = nearest(fround(fround((values[from + i] ?? 0) + below) / scale));
      steps[i] = (step < lowest ? lowest : step > most ? most : step) - lowest;
    }
  }
}

type Group = (group: number) => {
  readonly scale: number;
  readonly below: number;
  readonly lowest: number;
  readonly most: number;
};

/** Searches the groups of one block; gives the greatest scale and the greatest value below zero. */
function searchGroups(
  values: Float32Array,
  from: number,
  { count, search, weigh }: { count: number; search: RangeSearch; weigh: Weigh },
): { readonly scale: number; readonly below: number } {
  const size = SIZE / count;
  const block = values.subarray(from, from + SIZE);
  let [scale, below] = [0, 0];
  for (let at = 0; at < count; at++) {
    weigh(block, at * size, size);
    const group = { from: at * size, size, weights };
    const found = searchRange(block, group, search, { steps, least, at });
    scales[at] = found;
    if (found > scale) scale = found;
    if ((least[at] ?? 0) > below) below = least[at] ?? 0;
  }
  return { scale, below };
}

type Weigh = (values: Float32Array, from: number, size: number) => void;

const bySize: Weigh = (values, from, size) => {
  for (let i = 0; i < size; i++) weights[i] = Math.abs(values[from + i] ?? 0);
};

const bySizeAndSpread: Weigh = (values, from, size) => {
  let sum = 0;
  for (let i = from; i < from + size; i++) {
    const value = values[i] ?? 0;
    sum = fround(sum + fround(value * value));
  }
  const average = fround(Math.sqrt(fround(sum / size)));
  for (let i = 0; i < size; i++) weights[i] = fround(average + Math.abs(values[from + i] ?? 0));
};

const sixteens = Array.from({ length: 16 }, (_, at) => steps.subarray(at * 16, (at + 1) * 16));

function sixteen(from: number, group: number): ScaledGroup {
  return { from: from + group * 16, size: 16, steps: sixteens[group] ?? steps };
}

/** Four steps of two bits in a byte, a quarter of half a block apart. */
function writeTwoBits(out: DataView, at: number): void {
  for (let half = 0; half < SIZE; half += 128) {
    for (let i = 0; i < 32; i++) {
      const quarter = (number: number) =>
        ((steps[half + number * 32 + i] ?? 0) & 3) << (number * 2);
      out.setUint8(at + half / 4 + i, quarter(0) | quarter(1) | quarter(2) | quarter(3));
    }
  }
}

const SEARCH_2: RangeSearch = { most: 3, first: -0.5, steps: 15, isAbsolute: true };

/** Q2_K: 16 × (4-bit scale, 4-bit least), 256 × 2 bits, scale and least of the block (halves). */
export const quantizeQ2_K: QuantizeBlock = (values, from, out, at) => {
  const found = searchGroups(values, from, { count: 16, search: SEARCH_2, weigh: bySize });
  const scaleUp = found.scale > 0 ? fround(15 / found.scale) : 0;
  const belowUp = found.below > 0 ? fround(15 / found.below) : 0;
  for (let group = 0; group < 16; group++) {
    const scale = nearest(fround(scaleUp * (scales[group] ?? 0)));
    small[group] = scale | (nearest(fround(belowUp * (least[group] ?? 0))) << 4);
    out.setUint8(at + group, small[group] ?? 0);
  }
  const d = toHalf(fround(found.scale / 15));
  const dmin = toHalf(fround(found.below / 15));
  stepsAgain(values, from, 16, (group) => ({
    scale: fround(fromHalf(d) * ((small[group] ?? 0) & 15)),
    below: fround(fromHalf(dmin) * ((small[group] ?? 0) >> 4)),
    lowest: 0,
    most: 3,
  }));
  writeTwoBits(out, at + 16);
  out.setUint16(at + 80, d, true);
  out.setUint16(at + 82, dmin, true);
};

/** Q3_K: the third bits (32 bytes), 256 × 2 bits, 16 × 6-bit scale in 12 bytes, scale of the block (half). */
export const quantizeQ3_K: QuantizeBlock = (values, from, out, at) => {
  let most = 0;
  for (let group = 0; group < 16; group++) {
    const scale = refineScale(values, sixteen(from, group), 4);
    scales[group] = scale;
    if (Math.abs(scale) > Math.abs(most)) most = scale;
  }
  const up = most === 0 ? 0 : fround(-32 / most);
  const d = most === 0 ? 0 : toHalf(fround(1 / up));
  const packed = at + 96;
  for (let i = 0; i < 12; i++) out.setUint8(packed + i, 0);
  for (let group = 0; group < 16; group++) {
    if (most === 0) break;
    const rounded = nearest(fround(up * (scales[group] ?? 0)));
    const scale = Math.max(-32, Math.min(31, rounded)) + 32;
    small[group] = scale;
    const low = packed + (group % 8);
    out.setUint8(low, out.getUint8(low) | ((scale & 15) << (group < 8 ? 0 : 4)));
    const high = packed + 8 + (group % 4);
    out.setUint8(high, out.getUint8(high) | ((scale >> 4) << (2 * (group >> 2))));
  }
  stepsAgain(values, from, 16, (group) => ({
    scale: most === 0 ? 0 : fround(fromHalf(d) * ((small[group] ?? 0) - 32)),
    below: 0,
    lowest: -4,
    most: 3,
  }));
  for (let i = 0; i < 32; i++) {
    let bits = 0;
    for (let eighth = 0; eighth < 8; eighth++) {
      if ((steps[eighth * 32 + i] ?? 0) > 3) bits |= 1 << eighth;
    }
    out.setUint8(at + i, bits);
  }
  writeTwoBits(out, at + 32);
  out.setUint16(at + 108, d, true);
};

/** Eight 6-bit scales and eight 6-bit least values in 12 bytes, as Q4_K and Q5_K have them. */
function writeSixBits(out: DataView, at: number, found: { scale: number; below: number }): void {
  const scaleUp = found.scale > 0 ? fround(63 / found.scale) : 0;
  const belowUp = found.below > 0 ? fround(63 / found.below) : 0;
  for (let group = 0; group < 8; group++) {
    const scale = Math.min(63, nearest(fround(scaleUp * (scales[group] ?? 0))));
    const below = Math.min(63, nearest(fround(belowUp * (least[group] ?? 0))));
    small[group] = scale;
    small[group + 8] = below;
    if (group < 4) {
      out.setUint8(at + group, scale);
      out.setUint8(at + group + 4, below);
      continue;
    }
    out.setUint8(at + group + 4, (scale & 15) | ((below & 15) << 4));
    out.setUint8(at + group - 4, out.getUint8(at + group - 4) | ((scale >> 4) << 6));
    out.setUint8(at + group, out.getUint8(at + group) | ((below >> 4) << 6));
  }
}

/** What Q4_K and Q5_K share: scale and least of the block (halves), those of its groups, and the steps. */
function quantizeInEight(
  values: Float32Array,
  from: number,
  { out, at, search }: { out: DataView; at: number; search: RangeSearch },
): void {
  const found = searchGroups(values, from, { count: 8, search, weigh: bySizeAndSpread });
  writeSixBits(out, at + 4, found);
  const d = toHalf(fround(found.scale / 63));
  const dmin = toHalf(fround(found.below / 63));
  out.setUint16(at, d, true);
  out.setUint16(at + 2, dmin, true);
  stepsAgain(values, from, 8, (group) => ({
    scale: fround(fromHalf(d) * (small[group] ?? 0)),
    below: fround(fromHalf(dmin) * (small[group + 8] ?? 0)),
    lowest: 0,
    most: search.most,
  }));
}

const SEARCH_4: RangeSearch = { most: 15, first: -1, steps: 20, isAbsolute: false };

/** Q4_K: scale and least (halves), 8 × (6 + 6 bits), 256 × 4 bits. */
export const quantizeQ4_K: QuantizeBlock = (values, from, out, at) => {
  quantizeInEight(values, from, { out, at, search: SEARCH_4 });
  writeFourBits(out, at + 16);
};

function writeFourBits(out: DataView, at: number): void {
  for (let pair = 0; pair < SIZE; pair += 64) {
    for (let i = 0; i < 32; i++) {
      const low = (steps[pair + i] ?? 0) & 15;
      const high = (steps[pair + 32 + i] ?? 0) & 15;
      out.setUint8(at + pair / 2 + i, low | (high << 4));
    }
  }
}

const SEARCH_5: RangeSearch = { most: 31, first: -0.5, steps: 15, isAbsolute: false };

/** Q5_K: scale and least (halves), 8 × (6 + 6 bits), the fifth bits (32 bytes), 256 × 4 bits. */
export const quantizeQ5_K: QuantizeBlock = (values, from, out, at) => {
  quantizeInEight(values, from, { out, at, search: SEARCH_5 });
  for (let i = 0; i < 32; i++) {
    let bits = 0;
    for (let group = 0; group < 8; group++) {
      if ((steps[group * 32 + i] ?? 0) > 15) bits |= 1 << group;
    }
    out.setUint8(at + 16 + i, bits);
  }
  writeFourBits(out, at + 48);
};

/** Q6_K: 256 × 4 bits, 256 × 2 bits, 16 × 8-bit scale, scale of the block (half). */
export const quantizeQ6_K: QuantizeBlock = (values, from, out, at) => {
  let most = 0;
  for (let group = 0; group < 16; group++) {
    const scale = searchScale(values, sixteen(from, group), 32);
    scales[group] = scale;
    if (Math.abs(scale) > Math.abs(most)) most = scale;
  }
  if (Math.abs(most) < NOTHING) {
    for (let i = 0; i < 210; i++) out.setUint8(at + i, 0);
    return;
  }
  const up = fround(-128 / most);
  const d = toHalf(fround(1 / up));
  for (let group = 0; group < 16; group++) {
    out.setInt8(at + 192 + group, Math.min(127, nearest(fround(up * (scales[group] ?? 0)))));
  }
  out.setUint16(at + 208, d, true);
  stepsAgain(values, from, 16, (group) => ({
    scale: fround(fromHalf(d) * out.getInt8(at + 192 + group)),
    below: 0,
    lowest: -32,
    most: 31,
  }));
  for (let half = 0; half < SIZE; half += 128) {
    for (let i = 0; i < 32; i++) {
      const of = (quarter: number) => steps[half + quarter * 32 + i] ?? 0;
      const low = at + half / 2 + i;
      out.setUint8(low, (of(0) & 15) | ((of(2) & 15) << 4));
      out.setUint8(low + 32, (of(1) & 15) | ((of(3) & 15) << 4));
      const high = (of(0) >> 4) | ((of(1) >> 4) << 2) | ((of(2) >> 4) << 4) | ((of(3) >> 4) << 6);
      out.setUint8(at + 128 + half / 4 + i, high);
    }
  }
};
