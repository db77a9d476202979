import { open, stat, type FileHandle } from "node:fs/promises";
import { messageOf, WeirError } from "../core/errors.ts";
import { createByteSource, EndOfFile, type ByteSource, type ReadBytes } from "./byte-source.ts";
import { formatBytes } from "./format-bytes.ts";
import {
  numberAt,
  VALUE_BYTES,
  VALUE_TYPES,
  type ArrayEntry,
  type Metadata,
  type MetadataEntry,
  type Scalar,
  type ScalarType,
  type ValueType,
} from "./metadata.ts";
import { elementCount, tensorBytes, tensorTypeById, type TensorType } from "./tensor-types.ts";

/** One tensor as the header announces it; its numbers stay on disk. */
export interface TensorInfo {
  readonly name: string;
  /** Row length first, as ggml counts. */
  readonly dimensions: readonly number[];
  readonly type: TensorType;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** A GGUF file's header: everything but the numbers. */
export interface GgufFile {
  readonly path: string;
  readonly version: number;
  readonly fileBytes: number;
  readonly alignment: number;
  /** Where the tensor data begins. */
  readonly dataOffset: number;
  readonly metadata: Metadata;
  readonly tensors: readonly TensorInfo[];
}

/** Far above every real model, far below what would hurt: a lying header must not cost memory. */
const LIMITS = {
  keys: 65_536,
  tensors: 262_144,
  nameBytes: 65_535,
  stringBytes: 32 * 1024 * 1024,
  listLength: 8_000_000,
  depth: 4,
} as const;

/**
 * Reads a model file's header and checks that it is whole: no tensor outside the file, none over
 * another, no lying counts. Reads only as far as the header goes. Throws WeirError `invalid_config`
 * whose message says what is wrong with the file and what to do about it.
 */
export async function readGguf(path: string): Promise<GgufFile> {
  const file = await openModel(path);
  try {
    const { size } = await file.stat();
    const read: ReadBytes = async (into, { offset, length, position }) =>
      (await file.read(into, offset, length, position)).bytesRead;
    return await readGgufFrom(path, read, size);
  } finally {
    await file.close();
  }
}

/** The same, from wherever the bytes are; `path` is what errors call it. */
export async function readGgufFrom(path: string, read: ReadBytes, size: number): Promise<GgufFile> {
  try {
    return await readHeader(path, createByteSource(read, size), size);
  } catch (cause) {
    if (cause instanceof WeirError) throw cause;
    if (cause instanceof EndOfFile)
      throw broken(path, "is cut off inside its header; download it again");
    throw broken(path, `cannot be read: ${messageOf(cause)}`, cause);
  }
}

async function openModel(path: string): Promise<FileHandle> {
  try {
    // Asked before it is opened: to open a named pipe would wait for a writer.
    if ((await stat(path)).isFile()) return await open(path, "r");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT") throw broken(path, "does not exist; check the path", cause);
    if (code === "EACCES") throw broken(path, "may not be read by this user; chmod it", cause);
    throw broken(path, `cannot be opened: ${messageOf(cause)}`, cause);
  }
  throw broken(path, "is not a file; give the path of a .gguf file");
}

async function readHeader(path: string, source: ByteSource, size: number): Promise<GgufFile> {
  const version = await readStart(path, source, size);
  await source.need(16);
  const tensorCount = count(path, source, { of: "tensors", most: LIMITS.tensors, bytes: 24 });
  const keyCount = count(path, source, { of: "metadata keys", most: LIMITS.keys, bytes: 13 });
  const metadata = await readMetadata(path, source, keyCount);
  const alignment = alignmentOf(path, metadata);
  const announced = await readTensorInfos(path, source, tensorCount);
  const dataOffset = Math.ceil(source.position / alignment) * alignment;
  const tensors = announced.map((tensor) => ({ ...tensor, offset: dataOffset + tensor.offset }));
  checkLayout(path, tensors, { alignment, dataOffset, size });
  return { path, version, fileBytes: size, alignment, dataOffset, metadata, tensors };
}

/** Magic and version; the commonest wrong files are named. */
async function readStart(path: string, source: ByteSource, size: number): Promise<number> {
  if (size === 0) throw broken(path, "is empty; download it again");
  if (size < 24) throw broken(path, `is not a GGUF file: it has only ${size} bytes`);
  await source.need(8);
  const magic = source.uint32();
  if (magic !== 0x46554747) {
    const start = Buffer.alloc(4);
    start.writeUInt32LE(magic);
    const shown = JSON.stringify(start.toString("latin1"));
    throw broken(path, `is not a GGUF file: it starts with ${shown}, not "GGUF"; ${hint(shown)}`);
  }
  const version = source.uint32();
  if (version === 2 || version === 3) return version;
  if (version === 1) throw broken(path, "has GGUF version 1, long retired; convert it again");
  if (version === 0x02000000 || version === 0x03000000)
    throw broken(path, "is a big-endian GGUF file; convert it again for little-endian machines");
  throw broken(path, `has GGUF version ${version}; Weir reads 2 and 3`);
}

function hint(start: string): string {
  if (start.startsWith('"PK')) return "this is a zip or PyTorch archive; convert it to GGUF first";
  if (start.startsWith('"<')) return "this is a web page; download the file itself";
  if (start === '"vers"') return "this is a Git LFS pointer; run git lfs pull";
  if (start.startsWith('"{')) return "this is JSON; give the path of the weights";
  return "give the path of a .gguf file";
}

function count(
  path: string,
  source: ByteSource,
  { of, most, bytes }: { of: string; most: number; bytes: number },
): number {
  const value = source.uint64();
  if (typeof value !== "number" || value > most || value * bytes > source.left)
    throw broken(
      path,
      `names ${value} ${of}, more than it can hold; it is cut off or corrupt, download it again`,
    );
  return value;
}

async function readMetadata(path: string, source: ByteSource, keys: number): Promise<Metadata> {
  const metadata = new Map<string, MetadataEntry>();
  for (let index = 0; index < keys; index++) {
    const key = await readString(path, source, LIMITS.nameBytes);
    if (metadata.has(key)) throw broken(path, `names the key ${quote(key)} twice; it is corrupt`);
    await source.need(4);
    const type = valueType(path, key, source.uint32());
    if (type === "array") metadata.set(key, await readArray(path, source, key));
    else metadata.set(key, { type, value: (await readScalars(path, source, type, 1))[0] ?? 0 });
  }
  return metadata;
}

async function readArray(
  path: string,
  source: ByteSource,
  key: string,
  depth = 1,
): Promise<ArrayEntry> {
  if (depth > LIMITS.depth) throw broken(path, `nests lists too deep in ${quote(key)}`);
  await source.need(12);
  const of = valueType(path, key, source.uint32());
  const bytes = VALUE_BYTES[of];
  const length = count(path, source, { of: `values in ${key}`, most: LIMITS.listLength, bytes });
  if (of !== "array")
    return { type: "array", of, value: await readScalars(path, source, of, length) };
  const value: ArrayEntry[] = [];
  for (let index = 0; index < length; index++)
    value.push(await readArray(path, source, key, depth + 1));
  return { type: "array", of, value };
}

async function readScalars(
  path: string,
  source: ByteSource,
  type: ScalarType,
  length: number,
): Promise<Scalar[]> {
  const values: Scalar[] = [];
  if (type === "string") {
    while (values.length < length) values.push(await readString(path, source, LIMITS.stringBytes));
    return values;
  }
  const bytes = VALUE_BYTES[type];
  while (values.length < length) {
    await source.need(bytes);
    const batch = Math.min(length - values.length, Math.floor(source.ready / bytes));
    for (let index = 0; index < batch; index++)
      values.push(type === "bool" ? source.uint8() !== 0 : source[type]());
  }
  return values;
}

async function readString(path: string, source: ByteSource, most: number): Promise<string> {
  if (source.ready < 8) await source.need(8);
  const length = source.uint64();
  if (typeof length !== "number" || length > most)
    throw broken(path, `has a text of ${length} bytes in its header; it is corrupt`);
  if (source.ready < length) await source.need(length);
  return source.text(length);
}

function valueType(path: string, key: string, id: number): ValueType {
  const type = VALUE_TYPES[id];
  if (type === undefined)
    throw broken(path, `has a value of unknown type ${id} under ${quote(key)}; it is corrupt`);
  return type;
}

function alignmentOf(path: string, metadata: Metadata): number {
  const alignment = numberAt(metadata, "general.alignment") ?? 32;
  const isPower = alignment > 0 && Number.isInteger(Math.log2(alignment));
  if (!isPower || alignment > 1024 * 1024)
    throw broken(path, `asks for an alignment of ${alignment}; it is corrupt`);
  return alignment;
}

async function readTensorInfos(
  path: string,
  source: ByteSource,
  length: number,
): Promise<TensorInfo[]> {
  const tensors: TensorInfo[] = [];
  const names = new Set<string>();
  for (let index = 0; index < length; index++) {
    const tensor = await readTensorInfo(path, source);
    if (names.has(tensor.name))
      throw broken(path, `names the tensor ${quote(tensor.name)} twice; it is corrupt`);
    names.add(tensor.name);
    tensors.push(tensor);
  }
  return tensors;
}

async function readTensorInfo(path: string, source: ByteSource): Promise<TensorInfo> {
  const name = await readString(path, source, LIMITS.nameBytes);
  const wrong = (what: string): WeirError => broken(path, `has a tensor ${quote(name)} ${what}`);
  await source.need(4);
  const rank = source.uint32();
  if (rank > 4) throw wrong(`of ${rank} dimensions; it is corrupt`);
  await source.need(rank * 8 + 12);
  const dimensions = Array.from({ length: rank }, () => Number(source.uint64()));
  const id = source.uint32();
  const type = tensorTypeById(id);
  if (!type) throw wrong(`of the unknown type ${id}; it is corrupt or newer than this Weir`);
  const bytes = tensorBytes(type, dimensions);
  const shape = dimensions.join(" × ");
  if ((dimensions[0] ?? 1) % type.blockSize !== 0)
    throw wrong(`of ${shape} whose rows are no whole ${type.name} blocks; it is corrupt`);
  const sizes = [...dimensions, elementCount(dimensions), bytes];
  if (!sizes.every((size) => size >= 1 && Number.isSafeInteger(size)))
    throw wrong(`of impossible size ${shape}; it is corrupt`);
  const offset = source.uint64();
  if (typeof offset !== "number") throw wrong("beyond any file; it is corrupt");
  return { name, dimensions, type, offset, bytes };
}

function checkLayout(
  path: string,
  tensors: readonly TensorInfo[],
  { alignment, dataOffset, size }: { alignment: number; dataOffset: number; size: number },
): void {
  const sorted = tensors.toSorted((a, b) => a.offset - b.offset);
  const end = sorted.reduce((most, { offset, bytes }) => Math.max(most, offset + bytes), 0);
  if (end > size) {
    const [named, there] = [end - dataOffset, Math.max(0, size - dataOffset)].map(formatBytes);
    const data = `the header names ${named} of tensors and the file has ${there}`;
    throw broken(path, `is cut off: ${data}; download it again`);
  }
  let before: TensorInfo | undefined;
  for (const tensor of sorted) {
    if (tensor.offset % alignment !== 0)
      throw broken(path, `has a misplaced tensor ${quote(tensor.name)}; it is corrupt`);
    if (before && before.offset + before.bytes > tensor.offset)
      throw broken(
        path,
        `has overlapping tensors ${quote(before.name)} and ${quote(tensor.name)}; it is corrupt`,
      );
    before = tensor;
  }
}

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

function broken(path: string, what: string, cause?: unknown): WeirError {
  return new WeirError("invalid_config", `${path} ${what}.`, { cause });
}
