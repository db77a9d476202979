import koffi, { type TypeObject } from "koffi";

/**
 * The C structs of llama.cpp v0.5.0, which are passed by value: this file and the shared library
 * are pinned together. `PINNED` is what the library must report at start; a library that reports
 * anything else is refused before it can read a byte wrongly.
 */
export const PINNED = {
  version: "0.5.0-dev",
  contextParamsBytes: 160,
  modelParamsBytes: 80,
  batchBytes: 56,
} as const;

/** `ggml_type` numbers of the KV cache types on offer. */
export const KV_TYPES = { f16: 1, q8_0: 8, q4_0: 2 } as const;
export type KvType = keyof typeof KV_TYPES;

/** `LLAMA_POOLING_TYPE_NONE`: one embedding per token; we take the mean ourselves. */
export const POOLING_NONE = 0;

/** A C pointer; koffi hands them out as bigints. */
export type Pointer = bigint;

export interface ModelParams {
  [field: string]: unknown;
  n_gpu_layers: number;
}

export interface ContextParams {
  [field: string]: unknown;
  n_ctx: number;
  n_batch: number;
  n_ubatch: number;
  n_seq_max: number;
  n_outputs_max: number;
  n_threads: number;
  n_threads_batch: number;
  pooling_type: number;
  type_k: number;
  type_v: number;
  abort_callback: Pointer | null;
  abort_callback_data: Pointer | null;
  embeddings: boolean;
  kv_unified: boolean;
  no_perf: boolean;
}

export interface Layout {
  readonly modelParams: TypeObject;
  readonly contextParams: TypeObject;
  readonly batch: TypeObject;
  readonly chainParams: TypeObject;
}

/** Declares the structs to koffi. Once a process: koffi keeps type names for good. */
export function declareLayout(): Layout {
  return {
    modelParams: koffi.struct("llama_model_params", MODEL_PARAMS),
    contextParams: koffi.struct("llama_context_params", CONTEXT_PARAMS),
    batch: koffi.struct("llama_batch", BATCH),
    chainParams: koffi.struct("llama_sampler_chain_params", { no_perf: "bool" }),
  };
}

const MODEL_PARAMS = {
  devices: "void *",
  tensor_buft_overrides: "void *",
  n_gpu_layers: "int32_t",
  split_mode: "int32_t",
  load_mode: "int32_t",
  lazy_mode: "int32_t",
  main_gpu: "int32_t",
  tensor_split: "void *",
  progress_callback: "void *",
  progress_callback_user_data: "void *",
  kv_overrides: "void *",
  vocab_only: "bool",
  check_tensors: "bool",
  use_extra_bufts: "bool",
  no_host: "bool",
  no_alloc: "bool",
  load_mtp: "bool",
};

const CONTEXT_PARAMS = {
  n_ctx: "uint32_t",
  n_batch: "uint32_t",
  n_ubatch: "uint32_t",
  n_seq_max: "uint32_t",
  n_rs_seq: "uint32_t",
  n_outputs_max: "uint32_t",
  n_outputs_max_per_seq: "uint32_t",
  n_threads: "int32_t",
  n_threads_batch: "int32_t",
  ctx_type: "int32_t",
  rope_scaling_type: "int32_t",
  pooling_type: "int32_t",
  attention_type: "int32_t",
  flash_attn_type: "int32_t",
  rope_freq_base: "float",
  rope_freq_scale: "float",
  yarn_ext_factor: "float",
  yarn_attn_factor: "float",
  yarn_beta_fast: "float",
  yarn_beta_slow: "float",
  yarn_orig_ctx: "uint32_t",
  defrag_thold: "float",
  cb_eval: "void *",
  cb_eval_user_data: "void *",
  type_k: "int32_t",
  type_v: "int32_t",
  abort_callback: "void *",
  abort_callback_data: "void *",
  embeddings: "bool",
  offload_kqv: "bool",
  no_perf: "bool",
  op_offload: "bool",
  swa_full: "bool",
  kv_unified: "bool",
  samplers: "void *",
  n_samplers: "size_t",
  ctx_other: "void *",
};

const BATCH = {
  n_tokens: "int32_t",
  token: "void *",
  embd: "void *",
  pos: "void *",
  n_seq_id: "void *",
  seq_id: "void *",
  logits: "void *",
};
