import { readdirSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import { locateLibrary } from "../../src/serve/engine/library-place.ts";

/** llama.cpp's own tool for whole files, as our quantizer is judged by it. */

const DEFAULTS_BYTES = 64;

interface Params {
  nthread: number;
  ftype: number;
  allow_requantize: boolean;
  readonly [field: string]: unknown;
}

let bound: ReturnType<typeof bind> | undefined;

function bind() {
  const { folder } = locateLibrary();
  const find = (pattern: RegExp) =>
    join(folder, readdirSync(folder).find((name) => pattern.test(name)) ?? "");
  koffi.load(find(/^libggml-base\./), { global: true });
  koffi.load(find(/^libggml\./), { global: true });
  const llama = koffi.load(find(/^libllama\./), { global: true });
  const params = koffi.struct("llama_model_quantize_params", {
    nthread: "int32_t",
    ftype: "int32_t",
    output_tensor_type: "int32_t",
    token_embedding_type: "int32_t",
    allow_requantize: "bool",
    quantize_output_tensor: "bool",
    only_copy: "bool",
    pure: "bool",
    keep_split: "bool",
    dry_run: "bool",
    imatrix: "void *",
    kv_overrides: "void *",
    tt_overrides: "void *",
    prune_layers: "void *",
    max_buffer: "size_t",
  });
  if (params.size !== DEFAULTS_BYTES) throw new Error("the library's struct is another one");
  const silence = llama.func("void llama_log_set(void *callback, void *data)") as (
    callback: bigint,
    data: null,
  ) => void;
  silence(koffi.load(null).symbol("abs") as bigint, null);
  return {
    defaults: llama.func(
      "llama_model_quantize_params llama_model_quantize_default_params()",
    ) as () => Params,
    quantize: llama.func(
      "uint32_t llama_model_quantize(const char *from, const char *to, const llama_model_quantize_params *params)",
    ) as (from: string, to: string, params: Params) => number,
  };
}

/** Throws where llama.cpp refuses. */
export function llamaQuantize(from: string, to: string, fileType: number): void {
  bound ??= bind();
  const params = { ...bound.defaults(), nthread: 1, ftype: fileType, allow_requantize: true };
  const status = bound.quantize(from, to, params);
  if (status !== 0) throw new Error(`llama_model_quantize gave ${status}`);
}
