import { toHalf } from "../../src/gguf/half-float.ts";
import {
  bool,
  float32,
  list,
  string,
  uint32,
  type MetadataEntry,
} from "../../src/gguf/metadata.ts";
import { writeGguf, type TensorSource } from "../../src/gguf/write-gguf.ts";

/** The shape of a Llama-like model; speed depends on this and not on what the weights say. */
export interface ModelShape {
  readonly architecture: "llama" | "qwen2";
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  readonly contextTokens: number;
}

/** SmolLM2's and Qwen2.5's smallest shapes, and two that a test can write in a moment. */
export const SHAPES = {
  tiny: {
    architecture: "llama",
    hidden: 64,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    feedForward: 128,
    vocabulary: 512,
    contextTokens: 512,
  },
  /** Slow enough that a test can act in the middle of a long prompt. */
  slow: {
    architecture: "llama",
    hidden: 512,
    layers: 8,
    heads: 8,
    kvHeads: 4,
    feedForward: 1536,
    vocabulary: 1024,
    contextTokens: 8192,
  },
  /** 100 million weights, in rows that fit the blocks of the K types. */
  blocks: {
    architecture: "llama",
    hidden: 1024,
    layers: 8,
    heads: 16,
    kvHeads: 4,
    feedForward: 2816,
    vocabulary: 8192,
    contextTokens: 2048,
  },
  smol: {
    architecture: "llama",
    hidden: 576,
    layers: 30,
    heads: 9,
    kvHeads: 3,
    feedForward: 1536,
    vocabulary: 49_152,
    contextTokens: 8192,
  },
  qwen: {
    architecture: "qwen2",
    hidden: 896,
    layers: 24,
    heads: 14,
    kvHeads: 2,
    feedForward: 4864,
    vocabulary: 151_936,
    contextTokens: 8192,
  },
} as const satisfies Record<string, ModelShape>;

const CHATML =
  "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}" +
  "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/** The ids of the control words, which follow the 256 byte tokens. */
export const CONTROL_TOKENS = { endOfText: 256, start: 257, end: 258 } as const;

/**
 * Writes a Q8_0 model with random weights, a byte-level vocabulary filled up with made-up words, and
 * a ChatML template unless another is given. The same seed gives the same file.
 */
export async function writeRandomModel(
  path: string,
  shape: ModelShape,
  seed = 1,
  template = CHATML,
): Promise<void> {
  const random = createRandom(seed);
  await writeGguf(path, {
    metadata: metadataOf(shape, template),
    tensors: tensorsOf(shape, random),
  });
}

function metadataOf(shape: ModelShape, template: string): Map<string, MetadataEntry> {
  const own = (key: string): string => `${shape.architecture}.${key}`;
  return new Map<string, MetadataEntry>([
    ["general.architecture", string(shape.architecture)],
    ["general.name", string("random weights")],
    ["general.file_type", uint32(7)],
    [own("context_length"), uint32(shape.contextTokens)],
    [own("embedding_length"), uint32(shape.hidden)],
    [own("block_count"), uint32(shape.layers)],
    [own("feed_forward_length"), uint32(shape.feedForward)],
    [own("attention.head_count"), uint32(shape.heads)],
    [own("attention.head_count_kv"), uint32(shape.kvHeads)],
    [own("attention.layer_norm_rms_epsilon"), float32(1e-5)],
    [own("rope.freq_base"), float32(10_000)],
    [own("rope.dimension_count"), uint32(shape.hidden / shape.heads)],
    [own("vocab_size"), uint32(shape.vocabulary)],
    ...vocabulary(shape.vocabulary),
    ["tokenizer.ggml.bos_token_id", uint32(CONTROL_TOKENS.endOfText)],
    ["tokenizer.ggml.eos_token_id", uint32(CONTROL_TOKENS.end)],
    ["tokenizer.ggml.eot_token_id", uint32(CONTROL_TOKENS.end)],
    ["tokenizer.ggml.add_bos_token", bool(false)],
    ["tokenizer.chat_template", string(template)],
  ]);
}

function vocabulary(size: number): [string, MetadataEntry][] {
  const bytes = Array.from({ length: 256 }, (_, byte) => byteLetter(byte));
  const control = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
  const words = Array.from({ length: size - 259 }, (_, index) =>
    index === 0 ? "Ġw" : `Ġw${index}`,
  );
  const types = [...bytes.map(() => 1), ...control.map(() => 3), ...words.map(() => 1)];
  return [
    ["tokenizer.ggml.model", string("gpt2")],
    ["tokenizer.ggml.pre", string("gpt-2")],
    ["tokenizer.ggml.tokens", list("string", [...bytes, ...control, ...words])],
    ["tokenizer.ggml.token_type", list("int32", types)],
    ["tokenizer.ggml.merges", list("string", ["Ġ w"])],
  ];
}

/** GPT-2's alphabet: every byte as a printable letter. */
function byteLetter(byte: number): string {
  const printable = (b: number): boolean =>
    (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  if (printable(byte)) return String.fromCharCode(byte);
  const earlier = Array.from({ length: byte }, (_, b) => b).filter((b) => !printable(b)).length;
  return String.fromCharCode(256 + earlier);
}

function tensorsOf(shape: ModelShape, random: Random): TensorSource[] {
  const { hidden, feedForward } = shape;
  const kv = (hidden / shape.heads) * shape.kvHeads;
  const matrix = (name: string, rows: [number, number], spread = 1): TensorSource => ({
    name: `${name}.weight`,
    dimensions: rows,
    type: "Q8_0",
    data: () => randomBlocks(rows, spread / Math.sqrt(rows[0]), random),
  });
  const vector = (name: string, length: number, value: number): TensorSource => ({
    name,
    dimensions: [length],
    type: "F32",
    data: new Uint8Array(new Float32Array(length).fill(value).buffer),
  });
  const layer = (index: number): TensorSource[] => {
    const b = `blk.${index}`;
    const biases = [
      vector(`${b}.attn_q.bias`, hidden, 0),
      vector(`${b}.attn_k.bias`, kv, 0),
      vector(`${b}.attn_v.bias`, kv, 0),
    ];
    return [
      vector(`${b}.attn_norm.weight`, hidden, 1),
      matrix(`${b}.attn_q`, [hidden, hidden]),
      matrix(`${b}.attn_k`, [hidden, kv]),
      matrix(`${b}.attn_v`, [hidden, kv]),
      matrix(`${b}.attn_output`, [hidden, hidden]),
      vector(`${b}.ffn_norm.weight`, hidden, 1),
      matrix(`${b}.ffn_gate`, [hidden, feedForward]),
      matrix(`${b}.ffn_up`, [hidden, feedForward]),
      matrix(`${b}.ffn_down`, [feedForward, hidden]),
      ...(shape.architecture === "qwen2" ? biases : []),
    ];
  };
  return [
    matrix("token_embd", [hidden, shape.vocabulary]),
    vector("output_norm.weight", hidden, 1),
    matrix("output", [hidden, shape.vocabulary], 2),
    ...Array.from({ length: shape.layers }, (_, index) => layer(index)).flat(),
  ];
}

const BLOCK_BYTES = 34;
/** Standard deviation of a random signed byte. */
const BYTE_SPREAD = 73.9;

/** Q8_0 blocks of random bytes: no floats on the way, so half a gigabyte takes a few seconds. */
function* randomBlocks(
  [row, rows]: [number, number],
  spread: number,
  random: Random,
): Generator<Uint8Array> {
  const scale = toHalf(spread / BYTE_SPREAD);
  const blocks = (row / 32) * rows;
  const batch = 4096;
  for (let from = 0; from < blocks; from += batch) {
    const count = Math.min(batch, blocks - from);
    const bytes = new Uint8Array(count * BLOCK_BYTES);
    const view = new DataView(bytes.buffer);
    for (let block = 0; block < count; block++) {
      const at = block * BLOCK_BYTES;
      view.setUint16(at, scale, true);
      for (let i = 2; i < BLOCK_BYTES; i += 4) view.setUint32(at + i, random(), true);
    }
    yield bytes;
  }
}

type Random = () => number;

/** xorshift32: every unsigned 32-bit number but zero. */
function createRandom(seed: number): Random {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
