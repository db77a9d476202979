import { toHalf } from "../half-float.ts";
import type { QuantizeBlock } from "./block.ts";

/**
 * The types with blocks of 32 values and one scale, or a scale and a least value: Q4_0, Q4_1, Q5_0, Q5_1. Bit
 * for bit what ggml's reference writes on x86-64: float arithmetic rounded at every step.
 */

const { fround } = Math;
const SIZE = 32;
const HALF = 16;

/** A scale around zero: the value furthest from it becomes the lowest step. */
function scaleAround(values: Float32Array, from: number, lowest: number): number {
  let amax = 0;
  let most = 0;
  for (let i = from; i < from + SIZE; i++) {
    const value = values[i] ?? 0;
    const size = Math.abs(value);
    if (amax < size) {
      amax = size;
      most = value;
    }
  }
  return fround(most / lowest);
}

/** Q4_0: a scale (half), 32 × 4 bits. */
export const quantizeQ4_0: QuantizeBlock = (values, from, out, at) => {
  const scale = scaleAround(values, from, -8);
  const inverse = scale === 0 ? 0 : fround(1 / scale);
  out.setUint16(at, toHalf(scale), true);
  for (let j = 0; j < HALF; j++) {
    const low = step(values[from + j], inverse, 8.5, 15);
    const high = step(values[from + HALF + j], inverse, 8.5, 15);
    out.setUint8(at + 2 + j, low | (high << 4));
  }
};

/** Q5_0: a scale (half), the fifth bits (32 bits), 32 × 4 bits. */
export const quantizeQ5_0: QuantizeBlock = (values, from, out, at) => {
  const scale = scaleAround(values, from, -16);
  const inverse = scale === 0 ? 0 : fround(1 / scale);
  out.setUint16(at, toHalf(scale), true);
  let fifth = 0;
  for (let j = 0; j < HALF; j++) {
    const low = step(values[from + j], inverse, 16.5, 31);
    const high = step(values[from + HALF + j], inverse, 16.5, 31);
    out.setUint8(at + 6 + j, (low & 15) | ((high & 15) << 4));
    fifth |= ((low >> 4) << j) | ((high >> 4) << (j + HALF));
  }
  out.setUint32(at + 2, fifth >>> 0, true);
};

/** C's cast to int8_t drops what is behind the point. */
function step(value = 0, inverse: number, half: number, most: number): number {
  return Math.min(most, Math.trunc(fround(fround(value * inverse) + half)));
}

/** Q4_1: a scale and the least value (halves), 32 × 4 bits. */
export const quantizeQ4_1: QuantizeBlock = (values, from, out, at) => {
  const { least, scale, inverse } = range(values, from, 15);
  out.setUint16(at, toHalf(scale), true);
  out.setUint16(at + 2, toHalf(least), true);
  for (let j = 0; j < HALF; j++) {
    const low = above(values[from + j], least, inverse);
    const high = above(values[from + HALF + j], least, inverse);
    out.setUint8(at + 4 + j, Math.min(15, low) | (Math.min(15, high) << 4));
  }
};

/** Q5_1: a scale and the least value (halves), the fifth bits (32 bits), 32 × 4 bits. */
export const quantizeQ5_1: QuantizeBlock = (values, from, out, at) => {
  const { least, scale, inverse } = range(values, from, 31);
  out.setUint16(at, toHalf(scale), true);
  out.setUint16(at + 2, toHalf(least), true);
  let fifth = 0;
  for (let j = 0; j < HALF; j++) {
    const low = above(values[from + j], least, inverse);
    const high = above(values[from + HALF + j], least, inverse);
    out.setUint8(at + 8 + j, (low & 15) | ((high & 15) << 4));
    fifth |= (((low & 16) >> 4) << j) | (((high & 16) >> 4) << (j + HALF));
  }
  out.setUint32(at + 4, fifth >>> 0, true);
};

function range(values: Float32Array, from: number, steps: number) {
  let least = Number.MAX_VALUE;
  let most = -Number.MAX_VALUE;
  for (let i = from; i < from + SIZE; i++) {
    const value = values[i] ?? 0;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const scale = fround(fround(most - least) / steps);
  return { least, scale, inverse: scale === 0 ? 0 : fround(1 / scale) };
}

function above(value = 0, least: number, inverse: number): number {
  return Math.trunc(fround(fround(fround(value - least) * inverse) + 0.5));
}
