import { WeirError } from "../../core/errors.ts";
import { Batch } from "../engine/batch.ts";
import type { Pointer } from "../engine/layout.ts";
import type { Llama } from "../engine/library.ts";
import { logitsOf } from "../engine/logits.ts";
import { Vocabulary } from "../engine/vocabulary.ts";

/** Tokens a step: with a vocabulary of 150,000 their logits take 77 MB. */
const STEP_TOKENS = 128;

/** A loaded model that reads windows of tokens and says what it expected at each. */
export class WindowReader {
  readonly vocabulary: Vocabulary;
  readonly contextTokens: number;
  private readonly llama: Llama;
  private readonly model: Pointer;
  private readonly context: Pointer;
  private readonly memory: Pointer;
  private readonly batch = new Batch(STEP_TOKENS);

  /** Blocks until the model is in memory. Throws `model_unavailable`. */
  constructor(
    llama: Llama,
    file: string,
    { contextTokens, threads }: { readonly contextTokens: number; readonly threads: number },
  ) {
    this.llama = llama;
    const model = llama.modelLoad(file, llama.modelDefaultParams());
    if (model === null)
      throw new WeirError("model_unavailable", `llama.cpp could not load ${file}.`);
    this.model = model;
    this.contextTokens = Math.min(contextTokens, llama.modelContextTrained(model));
    const context = llama.contextNew(model, {
      ...llama.contextDefaultParams(),
      n_ctx: this.contextTokens,
      n_batch: STEP_TOKENS,
      n_ubatch: STEP_TOKENS,
      n_seq_max: 1,
      n_threads: threads,
      n_threads_batch: threads,
    });
    const memory = context && llama.memory(context);
    if (context === null || memory === null) {
      throw new WeirError(
        "model_unavailable",
        `${file} makes no text, or its context has no room.`,
      );
    }
    this.context = context;
    this.memory = memory;
    this.vocabulary = new Vocabulary(llama, model);
  }

  /** Forgets what was read. */
  clear(): void {
    this.llama.memoryClear(this.memory, false);
  }

  /** Reads at most a step's tokens, which begin at `position`; gives the logits behind each, until the next call. */
  read(tokens: readonly number[], position: number): (index: number) => Float32Array {
    const { batch, llama, context } = this;
    batch.clear();
    for (const [at, token] of tokens.entries()) {
      batch.add({ token, position: position + at, sequence: 0, wantsOutput: true });
    }
    const code = llama.decode(context, batch.struct);
    if (code !== 0) throw new Error(`llama_decode answered ${code} to ${tokens.length} tokens`);
    const { size } = this.vocabulary;
    return (output) => logitsOf(llama, context, { output, size });
  }

  close(): void {
    this.llama.contextFree(this.context);
    this.llama.modelFree(this.model);
  }
}

/** Windows are read in such steps. */
export function* stepsOf(length: number): Generator<readonly [from: number, to: number]> {
  for (let from = 0; from < length; from += STEP_TOKENS) {
    yield [from, Math.min(length, from + STEP_TOKENS)];
  }
}
