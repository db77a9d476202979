import { open, stat } from "node:fs/promises";
import { messageOf } from "../../core/errors.ts";
import { createByteSource, EndOfFile, type ReadBytes } from "../byte-source.ts";
import { formatBytes } from "../format-bytes.ts";
import { isJson, type Json } from "./json-file.ts";
import { quote, refusal } from "./refusal.ts";

/** A tensor as a safetensors header announces it; its numbers stay on disk. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  /** Outermost first, as PyTorch counts. */
  readonly shape: readonly number[];
  readonly path: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** What the format itself allows at the most. */
const MOST_HEADER_BYTES = 100_000_000;
const MOST_RANK = 8;

const DTYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
};

/**
 * The tensors of a safetensors file, in the order of their names. Checks that the header is honest: each
 * tensor as large as its shape says, all inside the file, none over another, no bytes between them.
 * Throws WeirError that names the tensor and the file.
 */
export async function readSafetensors(path: string): Promise<StoredTensor[]> {
  if (!(await isFile(path))) throw broken(path, "is not there; download it again");
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const read: ReadBytes = async (into, { offset, length, position }) =>
      (await file.read(into, offset, length, position)).bytesRead;
    return await readSafetensorsFrom(path, read, size);
  } finally {
    await file.close();
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The same, from wherever the bytes are; `path` is what errors call it. */
export async function readSafetensorsFrom(
  path: string,
  read: ReadBytes,
  size: number,
): Promise<StoredTensor[]> {
  const source = createByteSource(read, size);
  try {
    await source.need(8);
    const length = Number(source.uint64());
    if (length > MOST_HEADER_BYTES || length > source.left)
      throw broken(path, `names a header of ${formatBytes(length)}, more than it can have`);
    await source.need(length);
    const tensors = toTensors(path, source.text(length), 8 + length);
    checkLayout(path, tensors, { from: 8 + length, size });
    return tensors.toSorted(byName);
  } catch (cause) {
    if (cause instanceof EndOfFile) throw broken(path, "is cut off; download it again", cause);
    throw cause;
  }
}

function byName(a: StoredTensor, b: StoredTensor): number {
  return a.name < b.name ? -1 : 1;
}

function toTensors(path: string, text: string, dataOffset: number): StoredTensor[] {
  const header = parse(path, text);
  return Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => toTensor({ path, name, dataOffset }, entry));
}

function parse(path: string, text: string): Json {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw broken(
      path,
      `is no safetensors file: its header is no JSON (${messageOf(cause)})`,
      cause,
    );
  }
  if (isJson(header)) return header;
  throw broken(path, "is no safetensors file: its header is no JSON object");
}

interface Place {
  readonly path: string;
  readonly name: string;
  readonly dataOffset: number;
}

function toTensor({ path, name, dataOffset }: Place, entry: unknown): StoredTensor {
  const wrong = (what: string) => broken(path, `has a tensor ${quote(name)} ${what}`);
  const { dtype, shape, data_offsets: range } = isJson(entry) ? entry : {};
  if (typeof dtype !== "string" || !isCounts(shape) || !isCounts(range))
    throw wrong("without type, shape and place; it is corrupt");
  const each = DTYPE_BYTES[dtype];
  if (each === undefined) throw wrong(`of the unknown type ${quote(dtype)}`);
  const [from = 0, to = 0] = range;
  const bytes = shape.reduce((product, length) => product * length, each);
  if (shape.length > MOST_RANK || !Number.isSafeInteger(bytes))
    throw wrong(`of impossible shape ${shown(shape)}; it is corrupt`);
  if (range.length !== 2 || to - from !== bytes)
    throw wrong(
      `of shape ${shown(shape)} and type ${dtype}, ${bytes} bytes, in a place of ${to - from}; it is corrupt`,
    );
  return { name, dtype, shape, path, offset: dataOffset + from, bytes };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}

function shown(shape: readonly number[]): string {
  return `[${shape.slice(0, MOST_RANK + 1).join(", ")}]`;
}

/** The format has neither holes nor bytes behind the last tensor. */
function checkLayout(
  path: string,
  tensors: readonly StoredTensor[],
  { from, size }: { readonly from: number; readonly size: number },
): void {
  let at = from;
  let before = "";
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset || a.bytes - b.bytes)) {
    const { name, offset, bytes } = tensor;
    if (offset < at)
      throw broken(
        path,
        `has the tensors ${quote(before)} and ${quote(name)} over one another; it is corrupt`,
      );
    if (offset > at)
      throw broken(path, `has bytes that no tensor names before ${quote(name)}; it is corrupt`);
    at = offset + bytes;
    before = name;
    if (at > size)
      throw broken(
        path,
        `is cut off: the tensor ${quote(name)} ends at byte ${at}, the file at ${size}; download it again`,
      );
  }
  if (at < size) throw broken(path, `has ${size - at} bytes behind its last tensor; it is corrupt`);
}

function broken(path: string, what: string, cause?: unknown) {
  return refusal(`${path} ${what}.`, cause);
}
