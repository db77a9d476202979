import { type FileHandle, open } from "node:fs/promises";
import { WeirError } from "../core/errors.ts";
import { checkRoom } from "./disk-room.ts";
import { type Metadata, type MetadataEntry, int32 } from "./metadata.ts";
import type { GgufFile } from "./read-gguf.ts";
import { type GgufModel, readModel } from "./read-model.ts";
import { type TensorSource, writeGguf, writeParts } from "./write-gguf.ts";

/** One model in several files, and back, as llama.cpp and the hub have them: NAME-00001-of-00003.gguf. */

export interface SplitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told as bytes of tensors are done. */
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
}

const COPY_BYTES = 4 * 1024 * 1024;
/** What the name has room for. */
const MOST_PARTS = 99_999;

/**
 * Cuts a model into parts with at most `partBytes` of tensors each; a tensor is never cut, and a larger one has
 * a part of its own. `name` is the path without its end. Gives the parts' paths; on any error and on `signal` none
 * is there. Throws WeirError.
 */
export async function splitModel(
  from: string,
  name: string,
  { partBytes, ...options }: SplitOptions & { readonly partBytes: number },
): Promise<string[]> {
  const model = await readModel(from);
  const groups = grouped(model.whole.tensors, partBytes);
  if (groups.length < 2) {
    throw new WeirError("invalid_request", `${from} fits into one part of that size.`);
  }
  if (groups.length > MOST_PARTS) {
    throw new WeirError("invalid_request", `${groups.length} parts are too many.`);
  }
  await checkRoom(name, model.whole.fileBytes);
  await using sources = await openSources(model, options);
  const count = groups.length;
  const parts = groups.map((tensors, at) => ({
    path: partNamed(name, at, count),
    metadata: partMetadata(model.whole, at, count),
    tensors: tensors.map((tensor) => sources.of(tensor)),
  }));
  await writeParts(parts);
  return parts.map(({ path }) => path);
}

/** Puts the parts of a model into one file; any of them may be named. Throws WeirError. */
export async function mergeModel(
  from: string,
  to: string,
  options: SplitOptions = {},
): Promise<void> {
  const model = await readModel(from);
  if (model.parts.length < 2) {
    throw new WeirError("invalid_request", `${from} is no part of a model, but a whole one.`);
  }
  await checkRoom(to, model.whole.fileBytes);
  await using sources = await openSources(model, options);
  const tensors = model.whole.tensors.map((tensor) => sources.of(tensor));
  await writeGguf(to, { metadata: withoutSplit(model.whole.metadata), tensors });
}

type Tensor = GgufFile["tensors"][number];

function grouped(tensors: readonly Tensor[], partBytes: number): Tensor[][] {
  const groups: Tensor[][] = [];
  let left = 0;
  for (const tensor of tensors) {
    if (tensor.bytes > left || groups.length === 0) {
      groups.push([]);
      left = partBytes;
    }
    groups.at(-1)?.push(tensor);
    left -= tensor.bytes;
  }
  return groups;
}

function partNamed(name: string, at: number, count: number): string {
  const five = (number: number) => String(number).padStart(5, "0");
  return `${name}-${five(at + 1)}-of-${five(count)}.gguf`;
}

/** The first part says all that the model does; the others only which they are. */
function partMetadata({ metadata, tensors }: GgufFile, at: number, count: number): Metadata {
  const own: [string, MetadataEntry][] = [
    ["split.no", { type: "uint16", value: at }],
    ["split.tensors.count", int32(tensors.length)],
    ["split.count", { type: "uint16", value: count }],
  ];
  return new Map([...(at === 0 ? withoutSplit(metadata) : []), ...own]);
}

function withoutSplit(metadata: Metadata): Metadata {
  return new Map([...metadata].filter(([key]) => !key.startsWith("split.")));
}

async function openSources({ parts, whole }: GgufModel, { signal, onProgress }: SplitOptions) {
  const handles = new Map<Tensor, FileHandle>();
  const stack = new AsyncDisposableStack();
  for (const part of parts) {
    const handle = await open(part.path, "r");
    stack.defer(() => handle.close());
    for (const tensor of part.tensors) handles.set(tensor, handle);
  }
  const all = whole.tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  async function* copied(tensor: Tensor): AsyncGenerator<Uint8Array> {
    const handle = handles.get(tensor);
    for (let at = 0; at < tensor.bytes;) {
      signal?.throwIfAborted();
      const room = new Uint8Array(Math.min(COPY_BYTES, tensor.bytes - at));
      const read = await handle?.read(room, 0, room.length, tensor.offset + at);
      if (!read?.bytesRead) {
        throw new WeirError("invalid_config", "The file has become shorter while it was read.");
      }
      at += read.bytesRead;
      done += read.bytesRead;
      yield room.subarray(0, read.bytesRead);
      onProgress?.(done, all);
    }
  }
  return {
    of: (tensor: Tensor): TensorSource => ({
      name: tensor.name,
      dimensions: tensor.dimensions,
      type: tensor.type.name,
      data: () => copied(tensor),
    }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
