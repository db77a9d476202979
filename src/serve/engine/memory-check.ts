import { WeirError } from "../../core/errors.ts";
import { formatBytes } from "../../gguf/format-bytes.ts";
import type { GgufDescription } from "../../gguf/describe-gguf.ts";
import type { KvType } from "./layout.ts";
import { MOST_TOKENS } from "./pace.ts";

/** Bytes of one value in the KV cache: quantized types carry a scale per 32. */
const KV_BYTES: Readonly<Record<KvType, number>> = { f16: 2, q8_0: 34 / 32, q4_0: 18 / 32 };
/** Node, the library and its small buffers. */
const PROCESS_BYTES = 120 * 2 ** 20;
/** llama.cpp rounds a sequence's cells up to this. */
const CELLS = 256;

export interface MemoryPlan {
  readonly weightBytes: number;
  readonly cacheBytes: number;
  readonly computeBytes: number;
  readonly totalBytes: number;
}

export interface MemorySettings {
  readonly slots: number;
  readonly contextTokens: number;
  readonly kvType: KvType;
}

/** What a model will take, by the closed form that agrees with llama.cpp's own buffers. */
export function planMemory(model: GgufDescription, settings: MemorySettings): MemoryPlan {
  const { layers = 0, kvHeads = 0, keyLength = 0, valueLength = 0 } = model;
  const cells = Math.ceil(settings.contextTokens / CELLS) * CELLS * settings.slots;
  const perToken = layers * kvHeads * (keyLength + valueLength) * KV_BYTES[settings.kvType];
  const widest = Math.max(model.feedForwardLength ?? 0, model.embeddingLength ?? 0);
  const logits = settings.slots * (model.vocabularySize ?? 0);
  const weightBytes = model.fileBytes;
  const cacheBytes = cells * perToken;
  const computeBytes = (MOST_TOKENS * widest * 4 + logits * 2) * 4 + PROCESS_BYTES;
  const totalBytes = weightBytes + cacheBytes + computeBytes;
  return { weightBytes, cacheBytes, computeBytes, totalBytes };
}

/** Throws `invalid_config` when a model's heads cannot be cut into the blocks of a quantized cache. */
export function checkCacheType(kvType: KvType, { keyLength, valueLength }: GgufDescription): void {
  if (kvType === "f16") return;
  const odd = [keyLength, valueLength].find((length) => length !== undefined && length % 32 !== 0);
  if (odd === undefined) return;
  throw new WeirError(
    "invalid_config",
    `kvType ${kvType} needs heads of 32, 64, … values; this model's have ${odd}. Use f16.`,
  );
}

/** Throws `model_unavailable` with all the numbers when a model cannot fit into `availableBytes`. */
export function checkMemory(file: string, plan: MemoryPlan, availableBytes: number): void {
  if (plan.totalBytes <= availableBytes) return;
  const [total, weights, cache, compute, available] = [
    plan.totalBytes,
    plan.weightBytes,
    plan.cacheBytes,
    plan.computeBytes,
    availableBytes,
  ].map(formatBytes);
  throw new WeirError(
    "model_unavailable",
    `${file} needs about ${total} of memory (weights ${weights}, KV cache ${cache}, computing ` +
      `${compute}), and ${available} are free. Use fewer slots, a smaller context, kvType q8_0, or a ` +
      "smaller quantization of the model.",
  );
}
