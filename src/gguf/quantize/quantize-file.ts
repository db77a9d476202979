import { resolve } from "node:path";
import { WeirError } from "../../core/errors.ts";
import { checkRoom } from "../disk-room.ts";
import { type Metadata, type MetadataEntry, uint32 } from "../metadata.ts";
import type { GgufFile } from "../read-gguf.ts";
import { ModelTensors } from "../model-tensors.ts";
import { readModel } from "../read-model.ts";
import { tensorBytes } from "../tensor-types.ts";
import { type TensorSource, writeGguf } from "../write-gguf.ts";
import { READABLE_TYPES } from "./dequantize.ts";
import { type MixName, type PlannedTensor, fileTypeOf, planMix } from "./mixes.ts";
import type { RowsJob } from "./requantize.ts";

/** Who does the work: several at a time, each job by itself. */
export interface RowsPool {
  /** So many jobs are worth being under way at once. */
  readonly width: number;
  run(job: RowsJob): Promise<Uint8Array>;
}

export interface QuantizeOptions {
  readonly mix: MixName;
  readonly pool: RowsPool;
  /** Names of tensors that stay as they are, `*` for any letters. */
  readonly keep?: readonly string[];
  /** How much each column of a tensor matters, by the tensor's name. */
  readonly importance?: ReadonlyMap<string, Float32Array>;
  /** Whether tensors that are quantized already may be quantized again. */
  readonly again?: boolean;
  readonly signal?: AbortSignal;
  /** Told as bytes of the original are done. */
  readonly onProgress?: (done: number, all: number) => void;
}

export interface Quantized {
  readonly tensors: readonly PlannedTensor[];
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** Values of a job: a few milliseconds of work, and few enough for several to be in memory. */
const JOB_VALUES = 512 * 1024;
/** ggml's number for how its blocks are laid out. */
const LAYOUT_VERSION = 2;

/**
 * Writes a model file in other tensor types. The result appears under its name when it is whole; on any error
 * and on `signal` nothing of it stays. Throws WeirError `invalid_config` where the file cannot be used, and
 * `invalid_request` where what is asked makes no sense.
 */
export async function quantizeFile(
  from: string,
  to: string,
  options: QuantizeOptions,
): Promise<Quantized> {
  if (resolve(from) === resolve(to)) {
    throw new WeirError("invalid_request", "The result needs a name of its own.");
  }
  const { parts, whole: file } = await readModel(from);
  const { mix, keep = [], importance } = options;
  const tensors = planMix(file, { mix, keep, hasImportance: importance !== undefined });
  checkPlan(file, tensors, options);
  const bytesAfter = tensors.reduce((sum, one) => sum + sizeOf(one), 0) + file.dataOffset;
  await checkRoom(to, bytesAfter);
  await using opened = await ModelTensors.open(parts);
  const working = { ...options, progress: progressOf(tensors, options), opened };
  const sources = tensors.map((planned) => toSource(planned, working));
  await writeGguf(to, { metadata: metadataOf(file.metadata, mix), tensors: sources });
  return { tensors, bytesBefore: file.fileBytes, bytesAfter };
}

function sizeOf({ tensor, type }: PlannedTensor): number {
  return tensorBytes(type, tensor.dimensions);
}

function checkPlan(
  { path }: GgufFile,
  tensors: readonly PlannedTensor[],
  { again = false }: QuantizeOptions,
): void {
  const changed = tensors.filter(({ tensor, type }) => tensor.type !== type);
  for (const { tensor } of changed) {
    const { name, type } = tensor;
    if (!READABLE_TYPES.includes(type.name)) {
      throw new WeirError(
        "invalid_config",
        `${path} has the tensor ${name} in ${type.name}, which cannot be read back. Start from the F16 or BF16 original.`,
      );
    }
    if (type.blockSize > 1 && !again) {
      throw new WeirError(
        "invalid_request",
        `${path} is quantized already (${name} is ${type.name}), and quantizing again loses more. Start from the F16 or BF16 original, or allow it with --again.`,
      );
    }
  }
}

/** What says how the file is stored is said anew; the rest is the original's. */
function metadataOf(metadata: Metadata, mix: MixName): Metadata {
  const own = /^(general\.(quantization_version|file_type)|split\..*)$/;
  const entries: [string, MetadataEntry][] = [...metadata].filter(([key]) => !own.test(key));
  entries.push(["general.quantization_version", uint32(LAYOUT_VERSION)]);
  entries.push(["general.file_type", uint32(fileTypeOf(mix))]);
  return new Map(entries);
}

type Progress = (bytes: number) => void;

function progressOf(tensors: readonly PlannedTensor[], { onProgress }: QuantizeOptions): Progress {
  const all = tensors.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
  let done = 0;
  return (bytes) => {
    done += bytes;
    onProgress?.(done, all);
  };
}

interface Working extends QuantizeOptions {
  readonly progress: Progress;
  readonly opened: ModelTensors;
}

function toSource(planned: PlannedTensor, working: Working): TensorSource {
  const { tensor, type } = planned;
  const { name, dimensions } = tensor;
  const isCopied = type === tensor.type;
  return {
    name,
    dimensions,
    type: type.name,
    data: () =>
      isCopied
        ? working.opened.copy(tensor, { signal: working.signal, onBytes: working.progress })
        : changed(planned, working),
  };
}

/** Jobs are begun ahead and come out in order. */
async function* changed(
  { tensor, type }: PlannedTensor,
  { opened, pool, importance, signal, progress }: Working,
): AsyncGenerator<Uint8Array> {
  const rowLength = tensor.dimensions[0] ?? 1;
  const rowBytes = (rowLength / tensor.type.blockSize) * tensor.type.blockBytes;
  const jobBytes = rowBytes * Math.max(1, Math.floor(JOB_VALUES / rowLength));
  const running: { readonly bytes: number; readonly result: Promise<Uint8Array> }[] = [];
  try {
    for (let at = 0; at < tensor.bytes || running.length > 0;) {
      signal?.throwIfAborted();
      if (at < tensor.bytes && running.length < pool.width) {
        const bytes = await opened.read(tensor, at, Math.min(jobBytes, tensor.bytes - at));
        at += bytes.length;
        const job = { bytes, from: tensor.type.name, to: type.name, rowLength };
        const result = pool.run({ ...job, importance: importance?.get(tensor.name) });
        // Looked at when its turn comes.
        result.catch(() => undefined);
        running.push({ bytes: bytes.length, result });
        continue;
      }
      const first = running.shift();
      if (!first) break;
      yield await first.result;
      progress(first.bytes);
    }
  } finally {
    await Promise.allSettled(running.map(({ result }) => result));
  }
}
