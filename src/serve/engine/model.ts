import { WeirError } from "../../core/errors.ts";
import { Batch } from "./batch.ts";
import type { AbortCallback } from "./cancel-flag.ts";
import { KV_TYPES, type Pointer } from "./layout.ts";
import type { Llama } from "./library.ts";
import { logitsOf } from "./logits.ts";
import { logprobOf } from "./logprobs.ts";
import type { HostOptions } from "./messages.ts";
import { MOST_TOKENS } from "./pace.ts";
import { createSampler } from "./sampler.ts";
import type { BatchPart, Decoder } from "./scheduler.ts";
import { Vocabulary } from "./vocabulary.ts";

/** llama_decode's answer when the abort callback said stop. */
const ABORTED = 2;
/** A slow machine's memory: what copying a slot's cache is reckoned with, in bytes a millisecond. */
const COPY_BYTES_PER_MS = 3_000_000;

/** A loaded model and its context for generating. */
export interface Model extends Decoder {
  readonly pointer: Pointer;
  readonly vocabulary: Vocabulary;
  readonly trainedContextTokens: number;
  /** False for a model that only makes embeddings. */
  readonly generates: boolean;
  close(): void;
}

/** Loads a model file. Blocks until it is in memory; throws `model_unavailable`. */
export function openModel(llama: Llama, options: HostOptions, abort: AbortCallback): Model {
  const pointer = llama.modelLoad(options.file, {
    ...llama.modelDefaultParams(),
    n_gpu_layers: options.gpuLayers,
  });
  if (pointer === null)
    throw new WeirError("model_unavailable", `llama.cpp could not load ${options.file}.`);
  const context = llama.contextNew(pointer, contextParams(llama, options, abort));
  if (context === null) {
    llama.modelFree(pointer);
    throw new WeirError(
      "model_unavailable",
      `llama.cpp could not make a context of ${options.slots} × ${options.contextTokens} tokens ` +
        `for ${options.file}. Use fewer slots or a smaller context.`,
    );
  }
  return { ...decoderOn(llama, { pointer, context, options }), pointer };
}

function contextParams(llama: Llama, options: HostOptions, abort: AbortCallback) {
  return {
    ...llama.contextDefaultParams(),
    n_ctx: options.slots * options.contextTokens,
    n_batch: MOST_TOKENS + options.slots,
    n_ubatch: MOST_TOKENS,
    n_seq_max: options.slots,
    // Only last tokens are asked for; without this the logits buffers are sized for whole chunks.
    n_outputs_max: options.slots,
    n_threads: options.threads,
    n_threads_batch: options.threads,
    type_k: KV_TYPES[options.kvType],
    type_v: KV_TYPES[options.kvType],
    abort_callback: abort.callback,
    abort_callback_data: abort.data,
    kv_unified: false,
  };
}

interface Loaded {
  readonly pointer: Pointer;
  readonly context: Pointer;
  readonly options: HostOptions;
}

function decoderOn(llama: Llama, { pointer, context, options }: Loaded): Omit<Model, "pointer"> {
  const vocabulary = new Vocabulary(llama, pointer);
  const batch = new Batch(MOST_TOKENS + options.slots);
  const memory = llama.memory(context);
  const contextTokens = Math.min(llama.contextPerSequence(context), options.contextTokens);
  return {
    vocabulary,
    slots: options.slots,
    contextTokens,
    trainedContextTokens: llama.modelContextTrained(pointer),
    generates: memory !== null,
    copyMs: cacheBytesPerSlot(llama, pointer, options) / COPY_BYTES_PER_MS,
    decode: (parts) => decode(llama, context, fill(batch, parts)),
    keep: (slot, tokens) => memory !== null && keep(llama, memory, slot, tokens),
    copy: (from, to) => memory !== null && llama.memoryCopy(memory, from, to, -1, -1),
    isEnd: (token) => vocabulary.isEnd(token),
    bytesOf: (token) => vocabulary.bytesOf(token),
    createSampler: (call, index, prompt) =>
      createSampler({ llama, context, vocabulary, contextTokens }, call, { index, prompt }),
    logprob: (output, token, top) => {
      const logits = logitsOf(llama, context, { output, size: vocabulary.size });
      return logprobOf(logits, { token, top, bytesOf: (id) => vocabulary.bytesOf(id) });
    },
    close: () => {
      llama.contextFree(context);
      llama.modelFree(pointer);
    },
  };
}

function fill(batch: Batch, parts: readonly BatchPart[]): Batch {
  batch.clear();
  for (const { slot, position, tokens, wantsOutput } of parts)
    for (const [offset, token] of tokens.entries())
      batch.add({
        token,
        position: position + offset,
        sequence: slot,
        wantsOutput: wantsOutput && offset === tokens.length - 1,
      });
  return batch;
}

function decode(llama: Llama, context: Pointer, batch: Batch): "done" | "aborted" {
  const code = llama.decode(context, batch.struct);
  if (code === 0) return "done";
  if (code === ABORTED) return "aborted";
  throw new Error(`llama_decode answered ${code} to a batch of ${batch.length} tokens`);
}

function keep(llama: Llama, memory: Pointer, slot: number, tokens: number): boolean {
  if (tokens > 0 && llama.memoryRemove(memory, slot, tokens, -1)) return true;
  llama.memoryRemove(memory, slot, -1, -1);
  return tokens === 0;
}

/** Rough: keys and values of every layer for a slot's whole context, counted as half floats. */
function cacheBytesPerSlot(llama: Llama, model: Pointer, options: HostOptions): number {
  const headShare = llama.modelHeadsKv(model) / Math.max(1, llama.modelHeads(model));
  const row = llama.modelEmbeddingSize(model) * headShare;
  return 2 * 2 * llama.modelLayers(model) * row * options.contextTokens;
}
