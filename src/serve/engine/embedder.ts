import koffi from "koffi";
import { WeirError } from "../../core/errors.ts";
import { Batch } from "./batch.ts";
import { abortCallbackOn } from "./cancel-flag.ts";
import { POOLING_NONE, type Pointer } from "./layout.ts";
import type { Llama } from "./library.ts";
import type { EmbedAnswer, FromHost, HostOptions } from "./messages.ts";
import type { Model } from "./model.ts";
import { normalized } from "./vector.ts";

/** Inputs that one batch may carry. */
const MOST_SEQUENCES = 8;
/** Tokens a step for models without a pooling of their own: short, so that answers run on beside it. */
const CHUNK_TOKENS = 128;
/** A longer context would cost memory that embeddings rarely need. */
const MOST_TOKENS = 8192;
const POOLING_RANK = 4;
const ABORTED = 2;

interface Job {
  readonly id: number;
  readonly inputs: readonly (readonly number[])[];
  readonly vectors: Float32Array[];
  /** Of a long input: how many of its tokens are done, and the sum of their vectors. */
  offset: number;
  sum: Float32Array;
}

interface Context {
  readonly pointer: Pointer;
  readonly memory: Pointer | null;
  readonly batch: Batch;
  /** Whether the model pools by itself; else we take the mean of its tokens' vectors. */
  readonly pools: boolean;
  readonly capacity: number;
}

/**
 * Texts to vectors, in a context of their own that is made when the first text comes. One batch a
 * step, so that answers run on beside it. The vectors have length 1.
 */
export class Embedder {
  readonly #llama: Llama;
  readonly #model: Model;
  readonly #options: HostOptions;
  readonly #cancelMemory: SharedArrayBuffer;
  readonly #size: number;
  #context: Context | undefined;
  #jobs: Job[] = [];

  constructor(
    llama: Llama,
    model: Model,
    { options, cancelMemory }: { options: HostOptions; cancelMemory: SharedArrayBuffer },
  ) {
    this.#llama = llama;
    this.#model = model;
    this.#options = options;
    this.#cancelMemory = cancelMemory;
    this.#size = llama.modelEmbeddingSize(model.pointer);
  }

  get busy(): boolean {
    return this.#jobs.length > 0;
  }

  /** Queues texts or token lists. Throws WeirError when one of them cannot be taken. */
  submit(id: number, input: readonly (string | readonly number[])[]): void {
    const { vocabulary } = this.#model;
    this.#context ??= this.#open();
    const { pools, capacity } = this.#context;
    const most = pools ? capacity : this.#contextTokens();
    const inputs = input.map((item, index) => {
      const tokens =
        typeof item === "string"
          ? vocabulary.tokenize(item, { addSpecial: true, parseSpecial: false })
          : item;
      vocabulary.checkTokens(tokens, `input[${index}]`);
      checkLength(tokens.length, { most, param: `input[${index}]` });
      return tokens;
    });
    const sum = new Float32Array(this.#size);
    this.#jobs.push({ id, inputs, vectors: [], offset: 0, sum });
  }

  cancel(id: number): void {
    this.#jobs = this.#jobs.filter((job) => job.id !== id);
  }

  /** Computes one batch of the oldest job; returns its answer when that was the last. */
  step(): FromHost[] {
    const job = this.#jobs[0];
    const context = this.#context;
    if (!job || !context) return [];
    const next = job.inputs[job.vectors.length];
    if (next) {
      if (!context.pools && next.length > context.capacity) this.#stepLong(context, job, next);
      else this.#stepGroup(context, job);
    }
    if (job.vectors.length < job.inputs.length) return [];
    this.#jobs.shift();
    const inputTokens = job.inputs.reduce((sum, { length }) => sum + length, 0);
    const value: EmbedAnswer = { vectors: job.vectors, inputTokens };
    return [{ type: "answer", id: job.id, value }];
  }

  /** A piece of an input that is longer than a batch. */
  #stepLong(context: Context, job: Job, input: readonly number[]): void {
    const tokens = input.slice(job.offset, job.offset + context.capacity);
    this.#forget(context, job.offset);
    context.batch.clear();
    for (const [at, token] of tokens.entries())
      context.batch.add({ token, position: job.offset + at, sequence: 0, wantsOutput: true });
    if (!this.#decode(context)) return;
    for (let at = 0; at < tokens.length; at++) add(job.sum, this.#vectorOf(context, at));
    job.offset += tokens.length;
    if (job.offset < input.length) return;
    job.vectors.push(normalized(job.sum));
    job.sum = new Float32Array(this.#size);
    job.offset = 0;
  }

  /** As many whole inputs as fit. */
  #stepGroup(context: Context, job: Job): void {
    this.#forget(context, 0);
    context.batch.clear();
    const group: (readonly number[])[] = [];
    for (const input of job.inputs.slice(job.vectors.length)) {
      if (group.length === MOST_SEQUENCES) break;
      if (context.batch.length + input.length > context.capacity) break;
      for (const [position, token] of input.entries())
        context.batch.add({ token, position, sequence: group.length, wantsOutput: true });
      group.push(input);
    }
    if (!this.#decode(context)) return;
    let output = 0;
    for (const [sequence, { length }] of group.entries()) {
      const sum = new Float32Array(this.#size);
      if (context.pools) add(sum, this.#pooledVectorOf(context, sequence));
      else for (let at = 0; at < length; at++) add(sum, this.#vectorOf(context, output++));
      job.vectors.push(normalized(sum));
    }
  }

  /** False when a cancel stopped it: the same batch is tried again in the next step. */
  #decode({ pointer, batch }: Context): boolean {
    const code = this.#llama.decode(pointer, batch.struct);
    if (code === 0) return true;
    if (code === ABORTED) return false;
    throw new Error(`llama_decode answered ${code} to ${batch.length} tokens for embedding`);
  }

  #forget({ memory }: Context, from: number): void {
    if (memory === null) return;
    if (from === 0) this.#llama.memoryClear(memory, false);
    else this.#llama.memoryRemove(memory, 0, from, -1);
  }

  #vectorOf({ pointer }: Context, output: number): Float32Array {
    return this.#view(this.#llama.embedding(pointer, output));
  }

  #pooledVectorOf({ pointer }: Context, sequence: number): Float32Array {
    return this.#view(this.#llama.embeddingOfSequence(pointer, sequence));
  }

  #view(pointer: Pointer | null): Float32Array {
    if (pointer === null) throw new Error("the batch has no such embedding");
    return new Float32Array(koffi.view(pointer, this.#size * Float32Array.BYTES_PER_ELEMENT));
  }

  #contextTokens(): number {
    return Math.min(this.#model.trainedContextTokens, MOST_TOKENS);
  }

  /** A model that pools needs whole inputs in one batch; any other is fed in short pieces. */
  #open(): Context {
    const whole = this.#contextTokens();
    if (!this.#options.pools)
      return this.#create(POOLING_NONE, { whole, capacity: Math.min(CHUNK_TOKENS, whole) });
    const context = this.#create(-1, { whole, capacity: whole });
    if (this.#llama.poolingType(context.pointer) !== POOLING_RANK) return context;
    this.#llama.contextFree(context.pointer);
    throw new WeirError("invalid_request", "This model ranks texts; it makes no embeddings.");
  }

  #create(pooling: number, { whole, capacity }: { whole: number; capacity: number }): Context {
    const abort = abortCallbackOn(this.#cancelMemory);
    const pointer = this.#llama.contextNew(this.#model.pointer, {
      ...this.#llama.contextDefaultParams(),
      n_ctx: whole,
      n_batch: capacity,
      n_ubatch: capacity,
      n_seq_max: MOST_SEQUENCES,
      n_threads: this.#options.threads,
      n_threads_batch: this.#options.threads,
      pooling_type: pooling,
      abort_callback: abort.callback,
      abort_callback_data: abort.data,
      embeddings: true,
      kv_unified: true,
    });
    if (pointer === null)
      throw new WeirError("model_unavailable", "There is no memory left for embeddings.");
    const memory = this.#llama.memory(pointer);
    const pools = pooling !== POOLING_NONE;
    return { pointer, memory, batch: new Batch(capacity), pools, capacity };
  }
}

function checkLength(length: number, { most, param }: { most: number; param: string }): void {
  if (length === 0) throw new WeirError("invalid_request", "An input is empty.", { param });
  if (length <= most) return;
  throw new WeirError(
    "context_length_exceeded",
    `This input has ${length} tokens, and the model embeds at most ${most} at once. ` +
      "Split it into shorter pieces.",
    { param },
  );
}

function add(sum: Float32Array, vector: Float32Array): void {
  for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] ?? 0) + (vector[at] ?? 0);
}
