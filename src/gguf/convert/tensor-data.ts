import type { FileHandle } from "node:fs/promises";
import { fromHalf, toHalf } from "../half-float.ts";
import { refusal } from "./refusal.ts";
import type { StoredTensor } from "./safetensors.ts";
import type { Change } from "./weight.ts";

/** A tensor's numbers from a checkpoint's type and order into GGUF's, some megabytes at a time. */

export type FloatType = "F32" | "F16" | "BF16";

const SLAB_BYTES = 4 * 1024 * 1024;
const { fround } = Math;

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

export interface Conversion {
  readonly file: FileHandle;
  readonly to: FloatType;
  readonly change?: Change | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: (bytes: number) => void;
}

/** What can be read. */
export function isFloatType(dtype: string): dtype is FloatType {
  return dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

/** The numbers as they are to be written. Throws WeirError where the file has become shorter. */
export async function* dataOf(
  tensor: StoredTensor,
  { file, to, change, signal, onBytes }: Conversion,
): AsyncGenerator<Uint8Array> {
  const { dtype, offset, bytes } = tensor;
  if (!isFloatType(dtype)) throw refusal(`${tensor.name} has the type ${dtype}.`);
  const unit = unitOf(tensor, change);
  const slab = Math.max(1, Math.floor(SLAB_BYTES / unit)) * unit;
  const convert = converterOf(dtype, to, change);
  for (let at = 0; at < bytes; at += slab) {
    signal?.throwIfAborted();
    const piece = await readAt(file, tensor, [offset + at, Math.min(slab, bytes - at)]);
    const ordered = change?.kind === "pair-rows" ? pairRows(piece, unit, rowBytes(tensor)) : piece;
    yield convert(ordered);
    onBytes?.(piece.length);
  }
}

/** The fewest bytes that can be converted by themselves. */
function unitOf({ shape, bytes }: StoredTensor, change: Change | undefined): number {
  if (change?.kind === "pair-rows") return bytes / change.heads;
  return bytes / shape.reduce((product, length) => product * length, 1);
}

function rowBytes({ shape, bytes }: StoredTensor): number {
  return bytes / (shape[0] ?? 1);
}

/** Row i and its partner half a head on become neighbours, head by head. */
function pairRows(bytes: Uint8Array, headBytes: number, row: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const half = headBytes / 2;
  for (let head = 0; head < bytes.length; head += headBytes) {
    for (let at = 0; at < half; at += row) {
      const first = head + at;
      out.set(bytes.subarray(first, first + row), head + 2 * at);
      out.set(bytes.subarray(first + half, first + half + row), head + 2 * at + row);
    }
  }
  return out;
}

type Convert = (bytes: Uint8Array) => Uint8Array;

// Plain loops: callbacks for each number cost five times as much.

function converterOf(from: FloatType, to: FloatType, change: Change | undefined): Convert {
  if (change?.kind === "add-one") return (bytes) => encode(plusOne(floatsOf(bytes, from)), to);
  if (from === to) return (bytes) => bytes;
  if (from !== "F32" && to !== "F32") {
    const table = from === "F16" ? halfToBrain() : brainToHalf();
    return (bytes) => lookedUp(wordsOf(bytes), table);
  }
  return (bytes) => encode(floatsOf(bytes, from), to);
}

function plusOne(values: Float32Array): Float32Array {
  for (let at = 0; at < values.length; at++) values[at] = fround((values[at] ?? 0) + 1);
  return values;
}

function lookedUp(words: Uint16Array, table: Uint16Array): Uint8Array {
  const out = new Uint16Array(words.length);
  for (let at = 0; at < words.length; at++) out[at] = table[words[at] ?? 0] ?? 0;
  return bytesOf(out);
}

function floatsOf(bytes: Uint8Array, from: FloatType): Float32Array {
  if (from === "F32") return new Float32Array(aligned(bytes));
  const words = wordsOf(bytes);
  if (from === "F16") {
    const values = new Float32Array(words.length);
    for (let at = 0; at < words.length; at++) values[at] = fromHalf(words[at] ?? 0);
    return values;
  }
  const out = new Uint32Array(words.length);
  for (let at = 0; at < words.length; at++) out[at] = (words[at] ?? 0) << 16;
  return new Float32Array(out.buffer);
}

function encode(values: Float32Array, to: FloatType): Uint8Array {
  if (to === "F32") return bytesOf(values);
  const out = new Uint16Array(values.length);
  if (to === "F16") {
    for (let at = 0; at < values.length; at++) out[at] = toHalf(values[at] ?? 0);
  } else {
    for (let at = 0; at < values.length; at++) out[at] = toBrain(values[at] ?? 0);
  }
  return bytesOf(out);
}

/** The upper half of a float, rounded to the nearest, ties to even. */
function toBrain(value: number): number {
  float[0] = value;
  const bits = word[0] ?? 0;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 64;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

const tables: { halfToBrain?: Uint16Array; brainToHalf?: Uint16Array } = {};

/** All 65,536 of them at once: faster than one by one. */
function halfToBrain(): Uint16Array {
  return (tables.halfToBrain ??= Uint16Array.from({ length: 65_536 }, (_, at) =>
    toBrain(fromHalf(at)),
  ));
}

function brainToHalf(): Uint16Array {
  return (tables.brainToHalf ??= Uint16Array.from({ length: 65_536 }, (_, at) => {
    word[0] = at << 16;
    return toHalf(float[0] ?? 0);
  }));
}

function wordsOf(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(aligned(bytes));
}

/** Numbers have to begin where their size says. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteOffset === 0 && buffer.byteLength === byteLength && buffer instanceof ArrayBuffer) {
    return buffer;
  }
  return new Uint8Array(bytes).buffer;
}

function bytesOf(values: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

async function readAt(
  file: FileHandle,
  { path, name }: StoredTensor,
  [position, length]: readonly [number, number],
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0)
      throw refusal(`${path} has become shorter while its tensor ${name} was read.`);
    filled += bytesRead;
  }
  return bytes;
}
