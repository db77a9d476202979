import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { WeirError } from "../core/errors.ts";
import { VALUE_TYPES, type Metadata, type MetadataEntry, type Scalar } from "./metadata.ts";
import type { ScalarType } from "./metadata.ts";
import { tensorBytes, tensorTypeByName, type TensorType } from "./tensor-types.ts";

const ALIGNMENT = 32;

/** A tensor to be written. `data` is asked for only when its turn comes, so a model need not fit in memory. */
export interface TensorSource {
  readonly name: string;
  /** Row length first, as ggml counts. */
  readonly dimensions: readonly number[];
  /** A name from the tensor type table, `Q8_0` for example. */
  readonly type: string;
  readonly data: Uint8Array | (() => Iterable<Uint8Array> | AsyncIterable<Uint8Array>);
}

interface Placed {
  readonly source: TensorSource;
  readonly type: TensorType;
  readonly bytes: number;
  readonly offset: number;
}

export interface GgufContents {
  readonly metadata: Metadata;
  readonly tensors: readonly TensorSource[];
  /** Both have the same layout; 3 unless it is for a reader of before 2023-10. */
  readonly version?: 2 | 3;
}

/**
 * Writes a GGUF file with 32-byte alignment. It grows under `PATH.part` and takes its name
 * only when whole, so that a crash never leaves half a model. Throws WeirError `invalid_config` for
 * tensors that cannot be; errors of the disk pass through.
 */
export async function writeGguf(path: string, contents: GgufContents): Promise<void> {
  await writeParts([{ path, ...contents }]);
}

/** Writes several files that belong together: none has its name before all are whole. Throws as `writeGguf`. */
export async function writeParts(
  parts: readonly (GgufContents & { readonly path: string })[],
): Promise<void> {
  try {
    for (const { path, ...contents } of parts) await writePart(`${path}.part`, contents);
    for (const { path } of parts) await rename(`${path}.part`, path);
  } catch (cause) {
    for (const { path } of parts) await rm(`${path}.part`, { force: true });
    throw cause;
  }
}

async function writePart(
  path: string,
  { metadata, tensors, version = 3 }: GgufContents,
): Promise<void> {
  const placed = place(tensors);
  const file = await open(path, "w");
  try {
    const header = encodeHeader(metadata, placed, version);
    await writeAll(file, header);
    await writeAll(file, padding(header.length));
    for (const tensor of placed) await writeTensor(file, tensor);
    // The name must never stand for bytes that a power cut would take.
    await file.sync();
  } finally {
    await file.close();
  }
}

function place(tensors: readonly TensorSource[]): Placed[] {
  let offset = 0;
  const names = new Set<string>();
  return tensors.map((source) => {
    const type = tensorTypeByName(source.type);
    if (!type) throw impossible(source, `has the unknown type ${source.type}`);
    if ((source.dimensions[0] ?? 1) % type.blockSize !== 0)
      throw impossible(source, `has rows that are no whole ${type.name} blocks`);
    if (names.has(source.name)) throw impossible(source, "is there twice");
    names.add(source.name);
    const bytes = tensorBytes(type, source.dimensions);
    const at = offset;
    offset = Math.ceil((offset + bytes) / ALIGNMENT) * ALIGNMENT;
    return { source, type, bytes, offset: at };
  });
}

async function writeTensor(file: FileHandle, { source, bytes }: Placed): Promise<void> {
  const pieces = source.data instanceof Uint8Array ? [source.data] : source.data();
  let written = 0;
  for await (const piece of pieces) {
    written += piece.length;
    await writeAll(file, piece);
  }
  if (written !== bytes)
    throw impossible(source, `came with ${written} bytes, its shape needs ${bytes}`);
  await writeAll(file, padding(bytes));
}

/** `write` may take less than it was given. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let from = 0;
  while (from < bytes.length) from += (await file.write(bytes, from)).bytesWritten;
}

function padding(bytes: number): Uint8Array {
  return new Uint8Array((ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT);
}

function encodeHeader(metadata: Metadata, tensors: readonly Placed[], version: number): Buffer {
  const parts: Buffer[] = [Buffer.from("GGUF"), encodeScalar("uint32", version)];
  parts.push(encodeScalar("uint64", tensors.length), encodeScalar("uint64", metadata.size));
  for (const [key, entry] of metadata)
    parts.push(encodeScalar("string", key), encodeType(entry.type), ...encodeEntry(entry));
  for (const { source, type, offset } of tensors) {
    parts.push(encodeScalar("string", source.name));
    parts.push(encodeScalar("uint32", source.dimensions.length));
    parts.push(...source.dimensions.map((size) => encodeScalar("uint64", size)));
    parts.push(encodeScalar("uint32", type.id), encodeScalar("uint64", offset));
  }
  return Buffer.concat(parts);
}

function encodeEntry(entry: MetadataEntry): Buffer[] {
  if (entry.type !== "array") return [encodeScalar(entry.type, entry.value)];
  const head = [encodeType(entry.of), encodeScalar("uint64", entry.value.length)];
  if (entry.of === "array") return [...head, ...entry.value.flatMap(encodeEntry)];
  const { of } = entry;
  return [...head, Buffer.concat(entry.value.map((value) => encodeScalar(of, value)))];
}

function encodeType(type: (typeof VALUE_TYPES)[number]): Buffer {
  return encodeScalar("uint32", VALUE_TYPES.indexOf(type));
}

const ENCODERS: Readonly<Record<ScalarType, (value: Scalar) => Buffer>> = {
  uint8: (value) => Buffer.from(Uint8Array.of(Number(value))),
  int8: (value) => Buffer.from(Int8Array.of(Number(value))),
  uint16: (value) => view(2, (bytes) => bytes.writeUInt16LE(Number(value))),
  int16: (value) => view(2, (bytes) => bytes.writeInt16LE(Number(value))),
  uint32: (value) => view(4, (bytes) => bytes.writeUInt32LE(Number(value))),
  int32: (value) => view(4, (bytes) => bytes.writeInt32LE(Number(value))),
  float32: (value) => view(4, (bytes) => bytes.writeFloatLE(Number(value))),
  bool: (value) => Buffer.of(value ? 1 : 0),
  string: (value) => {
    const text = Buffer.from(String(value));
    return Buffer.concat([encodeScalar("uint64", text.length), text]);
  },
  uint64: (value) => view(8, (bytes) => bytes.writeBigUInt64LE(BigInt(value))),
  int64: (value) => view(8, (bytes) => bytes.writeBigInt64LE(BigInt(value))),
  float64: (value) => view(8, (bytes) => bytes.writeDoubleLE(Number(value))),
};

function encodeScalar(type: ScalarType, value: Scalar): Buffer {
  return ENCODERS[type](value);
}

function view(bytes: number, fill: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(bytes);
  fill(buffer);
  return buffer;
}

function impossible({ name }: TensorSource, what: string): WeirError {
  return new WeirError("invalid_config", `The tensor ${JSON.stringify(name)} ${what}.`);
}
