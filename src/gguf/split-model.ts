import { WeirError } from "../core/errors.ts";
import { checkRoom } from "./disk-room.ts";
import { type Metadata, type MetadataEntry, int32 } from "./metadata.ts";
import { ModelTensors } from "./model-tensors.ts";
import type { GgufFile, TensorInfo } from "./read-gguf.ts";
import { readModel } from "./read-model.ts";
import { type TensorSource, writeGguf, writeParts } from "./write-gguf.ts";

/** One model in several files, and back, as llama.cpp and the hub have them: NAME-00001-of-00003.gguf. */

export interface SplitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told as bytes of tensors are done. */
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
}

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
  await using opened = await ModelTensors.open(model.parts);
  const sources = toSources(model.whole.tensors, opened, options);
  const count = groups.length;
  let cut = 0;
  const parts = groups.map(({ length }, at) => ({
    path: partNamed(name, at, count),
    metadata: partMetadata(model.whole, at, count),
    tensors: sources.slice(cut, (cut += length)),
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
  await using opened = await ModelTensors.open(model.parts);
  const tensors = toSources(model.whole.tensors, opened, options);
  await writeGguf(to, { metadata: withoutSplit(model.whole.metadata), tensors });
}

function grouped(tensors: readonly TensorInfo[], partBytes: number): TensorInfo[][] {
  const groups: TensorInfo[][] = [];
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

function toSources(
  tensors: readonly TensorInfo[],
  opened: ModelTensors,
  { signal, onProgress }: SplitOptions,
): TensorSource[] {
  const all = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    onProgress?.(done, all);
  };
  return tensors.map((tensor) => ({
    name: tensor.name,
    dimensions: tensor.dimensions,
    type: tensor.type.name,
    data: () => opened.copy(tensor, { signal, onBytes }),
  }));
}
