import { fromHalf } from "../half-float.ts";
import { tensorTypeByName } from "../tensor-types.ts";
import { kernels } from "./kernels.ts";

/**
 * What a tensor's bytes mean, as floats. Bit for bit what ggml's reference reads: every float operation is
 * rounded where it rounds.
 */

const { fround } = Math;

/** Reads one block: `from` is its first byte, `at` its first value. */
type ReadBlock = (bytes: DataView, from: number, values: Float32Array, at: number) => void;

const half = (bytes: DataView, at: number) => fromHalf(bytes.getUint16(at, true));

/** Types without blocks are read as a whole: files are little-endian, as all processors are that we run on. */
const PLAIN: Readonly<Record<string, (bytes: Uint8Array) => Float32Array>> = {
  F32: (bytes) => new Float32Array(bytes.slice().buffer),
  F16: readHalves,
  BF16: (bytes) => {
    const brains = new Uint16Array(bytes.slice().buffer);
    const words = new Uint32Array(brains.length);
    for (let at = 0; at < words.length; at++) words[at] = (brains[at] ?? 0) << 16;
    return new Float32Array(words.buffer);
  },
};

function readHalves(bytes: Uint8Array): Float32Array {
  const { floats, packed, fromHalves } = kernels();
  const values = new Float32Array(bytes.length / 2);
  for (let at = 0; at < values.length; at += floats.length) {
    const count = Math.min(floats.length, values.length - at);
    packed.set(bytes.subarray(at * 2, (at + count) * 2));
    fromHalves(count);
    values.set(floats.subarray(0, count), at);
  }
  return values;
}

/** Steps of four bits around zero: the low halves of 16 bytes, then the high ones, each with a fifth bit. */
function readSmall(
  { steps, fifth }: { readonly steps: number; readonly fifth?: number },
  valueOf: (step: number, bytes: DataView, from: number) => number,
): ReadBlock {
  return (bytes, from, values, at) => {
    const high = fifth === undefined ? 0 : bytes.getUint32(from + fifth, true);
    for (let i = 0; i < 16; i++) {
      const pair = bytes.getUint8(from + steps + i);
      const low = (pair & 15) | (((high >>> i) & 1) << 4);
      const up = (pair >> 4) | (((high >>> (i + 16)) & 1) << 4);
      values[at + i] = valueOf(low, bytes, from);
      values[at + 16 + i] = valueOf(up, bytes, from);
    }
  };
}

const SMALL: Readonly<Record<string, ReadBlock>> = {
  Q4_0: readSmall({ steps: 2 }, (step, bytes, from) => (step - 8) * half(bytes, from)),
  Q4_1: readSmall({ steps: 4 }, (step, bytes, from) =>
    fround(fround(step * half(bytes, from)) + half(bytes, from + 2)),
  ),
  Q5_0: readSmall({ steps: 6, fifth: 2 }, (step, bytes, from) => (step - 16) * half(bytes, from)),
  Q5_1: readSmall({ steps: 8, fifth: 4 }, (step, bytes, from) =>
    fround(fround(step * half(bytes, from)) + half(bytes, from + 2)),
  ),
  Q8_0: (bytes, from, values, at) => {
    const scale = half(bytes, from);
    for (let i = 0; i < 32; i++) values[at + i] = bytes.getInt8(from + 2 + i) * scale;
  },
};

/** Two bits of a value: those of four quarters of half a block share a byte. */
function twoBits(bytes: DataView, from: number, index: number): number {
  const byte = bytes.getUint8(from + (index >> 7) * 32 + (index & 31));
  return (byte >> (((index >> 5) & 3) * 2)) & 3;
}

/** Four bits of a value: those of two groups of 32 share their bytes. */
function fourBits(bytes: DataView, from: number, index: number): number {
  const byte = bytes.getUint8(from + (index >> 6) * 32 + (index & 31));
  return (index & 32) === 0 ? byte & 15 : byte >> 4;
}

/** The six bits of a group's scale (`at` 0) or least value (`at` 4) in Q4_K and Q5_K. */
function sixBits(bytes: DataView, from: number, group: number, at: number): number {
  if (group < 4) return bytes.getUint8(from + at + group) & 63;
  const shared = bytes.getUint8(from + 4 + group);
  const low = at === 0 ? shared & 15 : shared >> 4;
  return low | ((bytes.getUint8(from + at + group - 4) >> 6) << 4);
}

function readInEight(steps: (bytes: DataView, from: number, index: number) => number): ReadBlock {
  return (bytes, from, values, at) => {
    const [scale, below] = [half(bytes, from), half(bytes, from + 2)];
    for (let group = 0; group < 8; group++) {
      const d = fround(scale * sixBits(bytes, from + 4, group, 0));
      const m = fround(below * sixBits(bytes, from + 4, group, 4));
      for (let i = group * 32; i < (group + 1) * 32; i++) {
        values[at + i] = fround(fround(d * steps(bytes, from, i)) - m);
      }
    }
  };
}

const BIG: Readonly<Record<string, ReadBlock>> = {
  Q2_K: (bytes, from, values, at) => {
    const [scale, below] = [half(bytes, from + 80), half(bytes, from + 82)];
    for (let i = 0; i < 256; i++) {
      const packed = bytes.getUint8(from + (i >> 4));
      const d = fround(scale * (packed & 15));
      values[at + i] = fround(
        fround(d * twoBits(bytes, from + 16, i)) - fround(below * (packed >> 4)),
      );
    }
  },
  Q3_K: (bytes, from, values, at) => {
    const scale = half(bytes, from + 108);
    for (let i = 0; i < 256; i++) {
      const group = i >> 4;
      const low = (bytes.getUint8(from + 96 + (group % 8)) >> (group < 8 ? 0 : 4)) & 15;
      const high = (bytes.getUint8(from + 104 + (group % 4)) >> (2 * (group >> 2))) & 3;
      const third = (bytes.getUint8(from + (i & 31)) >> (i >> 5)) & 1;
      const step = twoBits(bytes, from + 32, i) - (third === 1 ? 0 : 4);
      values[at + i] = fround(fround(scale * ((low | (high << 4)) - 32)) * step);
    }
  },
  Q4_K: readInEight((bytes, from, i) => fourBits(bytes, from + 16, i)),
  Q5_K: readInEight(
    (bytes, from, i) =>
      fourBits(bytes, from + 48, i) +
      (((bytes.getUint8(from + 16 + (i & 31)) >> (i >> 5)) & 1) << 4),
  ),
  Q6_K: (bytes, from, values, at) => {
    const scale = half(bytes, from + 208);
    for (let i = 0; i < 256; i++) {
      const quarter = (i >> 5) & 3;
      const low = bytes.getUint8(from + (i >> 7) * 64 + (quarter & 1) * 32 + (i & 31));
      const high = bytes.getUint8(from + 128 + (i >> 7) * 32 + (i & 31));
      const step =
        ((quarter < 2 ? low & 15 : low >> 4) | (((high >> (quarter * 2)) & 3) << 4)) - 32;
      values[at + i] = fround(fround(scale * bytes.getInt8(from + 192 + (i >> 4))) * step);
    }
  },
};

const BLOCKS = { ...SMALL, ...BIG };

/** The tensor types whose numbers can be read. */
export const READABLE_TYPES: readonly string[] = Object.keys({ ...PLAIN, ...BLOCKS });

/** The values of whole blocks. Throws RangeError where they are not, or where the type cannot be read. */
export function dequantize(bytes: Uint8Array, type: string): Float32Array {
  const layout = tensorTypeByName(type);
  const readAll = PLAIN[type];
  const read: ReadBlock | undefined = BLOCKS[type];
  if (!layout || !(readAll ?? read)) throw new RangeError(`${type} cannot be read`);
  const { blockSize, blockBytes } = layout;
  if (bytes.length % blockBytes !== 0) {
    throw new RangeError(`${type} has blocks of ${blockBytes} bytes`);
  }
  if (readAll) return readAll(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length / blockBytes;
  const values = new Float32Array(count * blockSize);
  for (let at = 0; at < count; at++) read?.(view, at * blockBytes, values, at * blockSize);
  return values;
}
