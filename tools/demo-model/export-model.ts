import {
  bool,
  float32,
  list,
  string,
  uint32,
  type MetadataEntry,
} from "../../src/gguf/metadata.ts";
import { dequantize } from "../../src/gguf/quantize/dequantize.ts";
import { quantizeRows } from "../../src/gguf/quantize/quantize-rows.ts";
import { writeGguf } from "../../src/gguf/write-gguf.ts";
import { CHAT_TEMPLATE } from "./chat-format.ts";
import { HEAD, parametersOf, ROPE_BASE, type Shape } from "./shape.ts";
import { END_OF_TEXT, IM_END, SPECIAL, type Tokenizer } from "./tokenizer.ts";

const NORMAL = 1;
const CONTROL = 3;
const MOSTLY_Q8_0 = 7;

/** Replaces matrices by what is left of them after Q8_0, so that what ships is what is measured. */
export function roundToQ8(weights: Float32Array, shape: Shape): void {
  for (const { offset, rows, columns, isNorm } of parametersOf(shape)) {
    const values = weights.subarray(offset, offset + rows * columns);
    if (!isNorm) values.set(dequantize(quantizeRows(values, "Q8_0"), "Q8_0"));
  }
}

/** Writes the model as one GGUF file: matrices as Q8_0, norms as floats. */
export async function exportModel(
  path: string,
  { shape, weights, tokenizer }: { shape: Shape; weights: Float32Array; tokenizer: Tokenizer },
): Promise<void> {
  const tensors = parametersOf(shape).map(({ name, rows, columns, offset, isNorm }) => {
    const values = weights.slice(offset, offset + rows * columns);
    return {
      name,
      dimensions: isNorm ? [columns] : [columns, rows],
      type: isNorm ? "F32" : "Q8_0",
      data: isNorm ? new Uint8Array(values.buffer) : quantizeRows(values, "Q8_0"),
    };
  });
  await writeGguf(path, { metadata: metadataOf(shape, tokenizer), tensors });
}

function metadataOf(shape: Shape, { tokens, merges }: Tokenizer): Map<string, MetadataEntry> {
  return new Map<string, MetadataEntry>([
    ["general.architecture", string("llama")],
    ["general.type", string("model")],
    ["general.name", string("Weir demo")],
    ["general.license", string("apache-2.0")],
    [
      "general.description",
      string("A tiny chat model that only knows about running language models in production."),
    ],
    ["general.languages", list("string", ["en"])],
    ["general.file_type", uint32(MOSTLY_Q8_0)],
    ["general.quantization_version", uint32(2)],
    ["llama.context_length", uint32(shape.context)],
    ["llama.embedding_length", uint32(shape.hidden)],
    ["llama.block_count", uint32(shape.layers)],
    ["llama.feed_forward_length", uint32(shape.feedForward)],
    ["llama.attention.head_count", uint32(shape.heads)],
    ["llama.attention.head_count_kv", uint32(shape.kvHeads)],
    ["llama.attention.key_length", uint32(HEAD)],
    ["llama.attention.value_length", uint32(HEAD)],
    ["llama.attention.layer_norm_rms_epsilon", float32(1e-5)],
    ["llama.rope.dimension_count", uint32(HEAD)],
    ["llama.rope.freq_base", float32(ROPE_BASE)],
    ["llama.vocab_size", uint32(shape.vocabulary)],
    ["tokenizer.ggml.model", string("gpt2")],
    ["tokenizer.ggml.pre", string("gpt-2")],
    ["tokenizer.ggml.tokens", list("string", tokens)],
    [
      "tokenizer.ggml.token_type",
      list(
        "int32",
        tokens.map((_, token) => (token < SPECIAL.length ? CONTROL : NORMAL)),
      ),
    ],
    ["tokenizer.ggml.merges", list("string", merges)],
    ["tokenizer.ggml.bos_token_id", uint32(END_OF_TEXT)],
    ["tokenizer.ggml.eos_token_id", uint32(IM_END)],
    ["tokenizer.ggml.eot_token_id", uint32(IM_END)],
    ["tokenizer.ggml.padding_token_id", uint32(END_OF_TEXT)],
    ["tokenizer.ggml.add_bos_token", bool(false)],
    ["tokenizer.chat_template", string(CHAT_TEMPLATE)],
  ]);
}
