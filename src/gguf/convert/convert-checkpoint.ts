import { existsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { WeirError } from "../../core/errors.ts";
import { checkRoom } from "../disk-room.ts";
import { faultsOf } from "../guard-model.ts";
import { type Metadata, type MetadataEntry, string, uint32 } from "../metadata.ts";
import { readGguf } from "../read-gguf.ts";
import { FILE_TYPES, tensorBytes, tensorTypeByName } from "../tensor-types.ts";
import { type TensorSource, writeGguf } from "../write-gguf.ts";
import { readConfig, readWeights, type StoredTensors } from "./checkpoint.ts";
import { planFor } from "./families/families.ts";
import { readText } from "./json-file.ts";
import type { ModelConfig } from "./model-config.ts";
import { quote, refusal } from "./refusal.ts";
import type { StoredTensor } from "./safetensors.ts";
import { dataOf, type FloatType, isFloatType } from "./tensor-data.ts";
import { readTokenizer } from "./tokenizer/read-tokenizer.ts";
import type { Plan, Weight } from "./weight.ts";

export interface ConvertOptions {
  /** `auto` is the type that most of the checkpoint has. */
  readonly type: FloatType | "auto";
  /** What the model calls itself; else what its folder is called. */
  readonly name?: string | undefined;
  /** llama.cpp's name for how texts are cut, where the checkpoint's own way is not recognized. */
  readonly pre?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told as bytes of the checkpoint are done. */
  readonly onProgress?: (done: number, all: number) => void;
}

export interface Converted {
  readonly architecture: string;
  readonly type: FloatType;
  readonly tensors: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** What the engine does otherwise than the original. */
  readonly notes: readonly string[];
  /** What our own guard has to say about the file. */
  readonly suspicious: readonly string[];
}

/** ggml's number for how its blocks are laid out. */
const LAYOUT_VERSION = 2;
/** Buffers that older checkpoints carry and nothing reads. */
const IGNORED = /(\.attention\.(masked_)?bias|\.rotary_emb\.inv_freq)$/;

/**
 * Writes a checkpoint of Hugging Face's form as one GGUF file, which `target` names. All that can be refused is refused before
 * anything is written; the result appears under its name when it is whole; on any error and on `signal`
 * nothing of it stays. Throws WeirError with the reason.
 */
export async function convertCheckpoint(
  folder: string,
  target: (type: FloatType) => string,
  options: ConvertOptions,
): Promise<Converted> {
  const config = await readConfig(folder);
  const plan = planFor(config);
  const pairs = matched(await readWeights(folder), plan, config);
  const type = options.type === "auto" ? typeOf(pairs) : options.type;
  const to = target(type);
  if (pairs.some(({ tensor }) => resolve(tensor.path) === resolve(to)))
    throw refusal(`${to} holds the weights themselves: the result needs a name of its own.`);
  const tokenizer = await readTokenizer({ folder, config, plan, pre: options.pre });
  const metadata = new Map<string, MetadataEntry>([
    ["general.architecture", string(plan.architecture)],
    ["general.type", string("model")],
    ["general.name", string(options.name ?? basename(resolve(folder)))],
    ...(await licenseOf(folder)),
    ...plan.settings.map(([key, entry]) => [`${plan.architecture}.${key}`, entry] as const),
    ["general.file_type", uint32(fileTypeOf(type))],
    ["general.quantization_version", uint32(LAYOUT_VERSION)],
    ...tokenizer.entries,
  ]);
  const bytesBefore = pairs.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
  await write(to, { metadata, plan, pairs, type }, options);
  const file = await readGguf(to);
  return {
    architecture: plan.architecture,
    type,
    tensors: file.tensors.length,
    bytesBefore,
    bytesAfter: file.fileBytes,
    notes: [...plan.notes, ...tokenizer.notes],
    suspicious: faultsOf(file),
  };
}

interface Pair {
  readonly weight: Weight;
  readonly tensor: StoredTensor;
}

/** Every tensor of the checkpoint with what it becomes, in the checkpoint's order. */
function matched(tensors: StoredTensors, plan: Plan, config: ModelConfig): Pair[] {
  const weights = new Map(plan.weights.map((weight) => [weight.from, weight]));
  const pairs: Pair[] = [];
  for (const tensor of tensors.values()) {
    const weight = weights.get(tensor.name);
    if (!weight && !plan.unused.includes(tensor.name) && !IGNORED.test(tensor.name))
      throw refusal(
        `${tensor.path} has the tensor ${quote(tensor.name)}, which ${config.architecture} with this config.json does not have.`,
      );
    if (!weight) continue;
    checkTensor(tensor, weight);
    pairs.push({ weight, tensor });
    weights.delete(tensor.name);
  }
  const [missing] = weights.keys();
  if (missing === undefined) return pairs;
  throw refusal(
    `The checkpoint lacks the tensor ${quote(missing)}${weights.size > 1 ? ` and ${weights.size - 1} others` : ""}, which ${config.path} calls for.`,
  );
}

function checkTensor({ name, path, dtype, shape }: StoredTensor, weight: Weight): void {
  if (!isFloatType(dtype))
    throw refusal(
      `${path} has the tensor ${quote(name)} as ${dtype}; only F32, F16 and BF16 are converted. Take the original in 16 bits.`,
    );
  if (shape.join() !== weight.shape.join())
    throw refusal(
      `${path} has the tensor ${quote(name)} of shape [${shape.join(", ")}], and config.json makes it [${weight.shape.join(", ")}].`,
    );
}

/** By the first matrix, as llama.cpp's own converter guesses. */
function typeOf(pairs: readonly Pair[]): FloatType {
  const dtype = pairs.find(({ tensor }) => tensor.shape.length > 1)?.tensor.dtype;
  return dtype !== undefined && isFloatType(dtype) ? dtype : "F16";
}

function fileTypeOf(type: FloatType): number {
  const found = Object.entries(FILE_TYPES).find(([, name]) => name === type);
  if (!found) throw new WeirError("internal", `${type} is no file type.`);
  return Number(found[0]);
}

/** The licence that the model's card names. */
async function licenseOf(folder: string): Promise<[string, MetadataEntry][]> {
  const card = join(folder, "README.md");
  if (!existsSync(card)) return [];
  const [, head = ""] = /^---\r?\n([\s\S]{0,20000}?)\r?\n---/.exec(await readText(card)) ?? [];
  const [, license] = /^license:[ \t]*["']?([\w.-]{1,80})/m.exec(head) ?? [];
  return license === undefined ? [] : [["general.license", string(license)]];
}

interface Written {
  readonly metadata: Metadata;
  readonly plan: Plan;
  readonly pairs: readonly Pair[];
  readonly type: FloatType;
}

async function write(
  to: string,
  { metadata, plan, pairs, type }: Written,
  options: ConvertOptions,
): Promise<void> {
  await using files = new OpenFiles();
  const onBytes = progressOf(pairs, options);
  const tensors: TensorSource[] = plan.made.map(({ name, values }) => ({
    name,
    dimensions: [values.length],
    type: "F32",
    data: new Uint8Array(values.buffer),
  }));
  for (const { weight, tensor } of pairs) {
    const file = await files.open(tensor.path);
    // Vectors and norms stay exact.
    const isVector = tensor.shape.length < 2;
    const own = isVector ? "F32" : type;
    const conversion = { file, to: own, change: weight.change, signal: options.signal, onBytes };
    tensors.push({
      name: weight.to,
      dimensions: tensor.shape.toReversed(),
      type: own,
      data: () => dataOf(tensor, conversion),
    });
  }
  await checkRoom(to, bytesOf(tensors));
  try {
    await writeGguf(to, { metadata, tensors });
  } catch (cause) {
    const isFull = cause instanceof Error && "code" in cause && cause.code === "ENOSPC";
    if (!isFull) throw cause;
    throw new WeirError("storage_full", `The disk of ${to} is full; nothing was kept.`, { cause });
  }
}

function bytesOf(tensors: readonly TensorSource[]): number {
  return tensors.reduce((sum, { type, dimensions }) => {
    const layout = tensorTypeByName(type);
    return sum + (layout ? tensorBytes(layout, dimensions) : 0);
  }, 0);
}

function progressOf(
  pairs: readonly Pair[],
  { onProgress }: ConvertOptions,
): (bytes: number) => void {
  const all = pairs.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
  let done = 0;
  return (bytes) => {
    done += bytes;
    onProgress?.(done, all);
  };
}

/** Each file once, until all is done. */
class OpenFiles {
  readonly #handles = new Map<string, FileHandle>();

  async open(path: string): Promise<FileHandle> {
    const handle = this.#handles.get(path) ?? (await open(path, "r"));
    this.#handles.set(path, handle);
    return handle;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const handle of this.#handles.values()) await handle.close();
  }
}
