import type { LibraryHandle } from "koffi";
import type { ContextParams, ModelParams, Pointer } from "./layout.ts";

/**
 * llama.cpp's C functions, as far as Weir calls them, typed by hand from llama.h of v0.5.0. The
 * structs of `layout.ts` must have been declared. Every pointer is the library's own; arrays handed
 * over are read or written during the call only.
 */
export type LlamaFunctions = ReturnType<typeof bindFunctions>;

/** A C function that takes these values. */
type C<Values extends unknown[], Result> = (...values: Values) => Result;
type Bytes = Uint8Array | Int32Array | Pointer;
type Bind = (definition: string) => unknown;

export function bindFunctions(library: LibraryHandle) {
  const bind: Bind = (definition) => library.func(definition);
  return {
    version: bind("const char *llama_version()") as C<[], string>,
    backendInit: bind("void llama_backend_init()") as C<[], void>,
    modelDefaultParams: bind("llama_model_params llama_model_default_params()") as C<
      [],
      ModelParams
    >,
    contextDefaultParams: bind("llama_context_params llama_context_default_params()") as C<
      [],
      ContextParams
    >,
    ...bindModel(bind),
    ...bindContext(bind),
    ...bindMemory(bind),
    ...bindVocabulary(bind),
    ...bindSamplers(bind),
  };
}

function bindModel(bind: Bind) {
  type OfModel<Result> = C<[model: Pointer], Result>;
  return {
    modelLoad: bind(
      "void *llama_model_load_from_file(const char *path, llama_model_params p)",
    ) as C<[path: string, params: ModelParams], Pointer | null>,
    modelFree: bind("void llama_model_free(void *model)") as OfModel<void>,
    modelContextTrained: bind("int32_t llama_model_n_ctx_train(void *m)") as OfModel<number>,
    modelEmbeddingSize: bind("int32_t llama_model_n_embd_out(void *m)") as OfModel<number>,
    modelLayers: bind("int32_t llama_model_n_layer(void *m)") as OfModel<number>,
    modelHeads: bind("int32_t llama_model_n_head(void *m)") as OfModel<number>,
    modelHeadsKv: bind("int32_t llama_model_n_head_kv(void *m)") as OfModel<number>,
    modelVocabulary: bind("void *llama_model_get_vocab(void *m)") as OfModel<Pointer>,
  };
}

function bindContext(bind: Bind) {
  return {
    contextNew: bind("void *llama_init_from_model(void *model, llama_context_params p)") as C<
      [model: Pointer, params: ContextParams],
      Pointer | null
    >,
    contextFree: bind("void llama_free(void *context)") as C<[context: Pointer], void>,
    contextPerSequence: bind("uint32_t llama_n_ctx_seq(void *context)") as C<
      [context: Pointer],
      number
    >,
    poolingType: bind("int32_t llama_pooling_type(void *context)") as C<[context: Pointer], number>,
    decode: bind("int32_t llama_decode(void *context, llama_batch batch)") as C<
      [context: Pointer, batch: unknown],
      number
    >,
    logits: bind("void *llama_get_logits_ith(void *context, int32_t index)") as C<
      [context: Pointer, index: number],
      Pointer | null
    >,
    embedding: bind("void *llama_get_embeddings_ith(void *context, int32_t index)") as C<
      [context: Pointer, index: number],
      Pointer | null
    >,
    embeddingOfSequence: bind("void *llama_get_embeddings_seq(void *context, int32_t seq)") as C<
      [context: Pointer, sequence: number],
      Pointer | null
    >,
  };
}

/** The KV cache. Positions are [from, to); a negative one means "all the way". */
function bindMemory(bind: Bind) {
  return {
    memory: bind("void *llama_get_memory(void *context)") as C<[context: Pointer], Pointer | null>,
    memoryClear: bind("void llama_memory_clear(void *memory, bool data)") as C<
      [memory: Pointer, data: boolean],
      void
    >,
    memoryRemove: bind(
      "bool llama_memory_seq_rm(void *memory, int32_t seq, int32_t from, int32_t to)",
    ) as C<[memory: Pointer, sequence: number, from: number, to: number], boolean>,
    memoryCopy: bind(
      "void llama_memory_seq_cp(void *memory, int32_t a, int32_t b, int32_t from, int32_t to)",
    ) as C<[memory: Pointer, source: number, target: number, from: number, to: number], void>,
  };
}

function bindVocabulary(bind: Bind) {
  return {
    vocabularySize: bind("int32_t llama_vocab_n_tokens(void *vocab)") as C<[Pointer], number>,
    beginToken: bind("int32_t llama_vocab_bos(void *vocab)") as C<[Pointer], number>,
    isEndOfGeneration: bind("bool llama_vocab_is_eog(void *vocab, int32_t token)") as C<
      [vocabulary: Pointer, token: number],
      boolean
    >,
    tokenize: bind(
      "int32_t llama_tokenize(void *vocab, void *text, int32_t length, void *tokens, " +
        "int32_t most, bool add_special, bool parse_special)",
    ) as C<
      [
        vocabulary: Pointer,
        text: Bytes,
        length: number,
        tokens: Int32Array,
        most: number,
        addSpecial: boolean,
        parseSpecial: boolean,
      ],
      number
    >,
    tokenToPiece: bind(
      "int32_t llama_token_to_piece(void *vocab, int32_t token, void *bytes, int32_t most, " +
        "int32_t strip, bool special)",
    ) as C<
      [
        vocabulary: Pointer,
        token: number,
        bytes: Bytes,
        most: number,
        strip: number,
        special: boolean,
      ],
      number
    >,
  };
}

function bindSamplers(bind: Bind) {
  type Sampler = Pointer;
  return {
    chainNew: bind("void *llama_sampler_chain_init(llama_sampler_chain_params p)") as C<
      [params: { no_perf: boolean }],
      Sampler
    >,
    chainAdd: bind("void llama_sampler_chain_add(void *chain, void *sampler)") as C<
      [chain: Sampler, sampler: Sampler],
      void
    >,
    samplerFree: bind("void llama_sampler_free(void *sampler)") as C<[sampler: Sampler], void>,
    samplerAccept: bind("void llama_sampler_accept(void *sampler, int32_t token)") as C<
      [sampler: Sampler, token: number],
      void
    >,
    samplerApply: bind("void llama_sampler_apply(void *sampler, void *candidates)") as C<
      [sampler: Sampler, candidates: Bytes],
      void
    >,
    sample: bind("int32_t llama_sampler_sample(void *sampler, void *context, int32_t index)") as C<
      [sampler: Sampler, context: Pointer, index: number],
      number
    >,
    greedy: bind("void *llama_sampler_init_greedy()") as C<[], Sampler>,
    random: bind("void *llama_sampler_init_dist(uint32_t seed)") as C<[seed: number], Sampler>,
    topK: bind("void *llama_sampler_init_top_k(int32_t k)") as C<[k: number], Sampler>,
    topP: bind("void *llama_sampler_init_top_p(float p, size_t keep)") as C<
      [p: number, keep: number],
      Sampler
    >,
    minP: bind("void *llama_sampler_init_min_p(float p, size_t keep)") as C<
      [p: number, keep: number],
      Sampler
    >,
    temperature: bind("void *llama_sampler_init_temp(float t)") as C<[t: number], Sampler>,
    grammar: bind(
      "void *llama_sampler_init_grammar(void *vocab, const char *grammar, const char *root)",
    ) as C<[vocabulary: Pointer, grammar: string, root: string], Sampler | null>,
    penalties: bind(
      "void *llama_sampler_init_penalties(int32_t vocab, int32_t last, float repeat, " +
        "float frequency, float presence)",
    ) as C<
      [vocabularySize: number, last: number, repeat: number, frequency: number, presence: number],
      Sampler
    >,
    logitBias: bind(
      "void *llama_sampler_init_logit_bias(int32_t vocab, int32_t n, void *biases)",
    ) as C<[vocabularySize: number, count: number, biases: Bytes], Sampler>,
  };
}
