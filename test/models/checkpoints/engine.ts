import { onTestFinished } from "vitest";
import { Batch } from "../../../src/serve/engine/batch.ts";
import { type Llama, openLibrary } from "../../../src/serve/engine/library.ts";
import { logitsOf } from "../../../src/serve/engine/logits.ts";
import { Vocabulary } from "../../../src/serve/engine/vocabulary.ts";

/** The embedded engine, asked as exactly as it can answer. */

const MOST_TOKENS = 256;
/** ggml's number for single precision, here of the cache. */
const F32 = 0;
const OFF = 0;

let library: Llama | undefined;

export interface Engine {
  readonly vocabulary: Vocabulary;
  /** Logits behind every token of a text, read from its beginning. */
  readonly read: (tokens: readonly number[]) => Float32Array[];
}

/** Loads a file until the test ends; throws where llama.cpp does not take it. */
export function openEngine(file: string, contextTokens = MOST_TOKENS): Engine {
  const llama = (library ??= openLibrary());
  const model = llama.modelLoad(file, llama.modelDefaultParams());
  if (model === null) throw new Error(`llama.cpp could not load ${file}`);
  const context = llama.contextNew(model, {
    ...llama.contextDefaultParams(),
    n_ctx: contextTokens,
    n_batch: MOST_TOKENS,
    n_ubatch: MOST_TOKENS,
    n_seq_max: 1,
    n_threads: 1,
    n_threads_batch: 1,
    type_k: F32,
    type_v: F32,
    flash_attn_type: OFF,
  });
  const memory = context === null ? null : llama.memory(context);
  if (context === null || memory === null) throw new Error(`${file} has no context`);
  onTestFinished(() => {
    llama.contextFree(context);
    llama.modelFree(model);
  });
  const vocabulary = new Vocabulary(llama, model);
  const batch = new Batch(MOST_TOKENS);
  return {
    vocabulary,
    read: (tokens) => {
      llama.memoryClear(memory, false);
      batch.clear();
      for (const [position, token] of tokens.entries())
        batch.add({ token, position, sequence: 0, wantsOutput: true });
      const code = llama.decode(context, batch.struct);
      if (code !== 0) throw new Error(`llama_decode answered ${code}`);
      return tokens.map((_, output) =>
        logitsOf(llama, context, { output, size: vocabulary.size }).slice(),
      );
    },
  };
}
