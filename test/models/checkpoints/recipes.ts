import type { Family } from "./decoder.ts";
import type { Recipe } from "./random-checkpoint.ts";
import { byteLevel, CUTS } from "./byte-level.ts";
import type { TestTokenizer } from "./learning.ts";
import { sentencePiece } from "./sentence-piece.ts";
import { llama3Turn, plainTurn } from "./turning.ts";

/** A tiny checkpoint of each family: what is in its folder, and how it is to be computed. */

export interface Made {
  readonly recipe: Recipe;
  readonly family: Family;
}

const HIDDEN = 48;
const HEADS = 4;
const KV_HEADS = 2;
const FEED_FORWARD = 80;
const LAYERS = 2;
const SIZE = HIDDEN / HEADS;

interface Sizes {
  readonly layers?: number;
  readonly headSize?: number;
}

/** The names that most families share. */
function shapesOf(
  tokenizer: TestTokenizer,
  { layers = LAYERS, headSize = SIZE }: Sizes = {},
): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = {
    "model.embed_tokens.weight": [tokenizer.size, HIDDEN],
    "model.norm.weight": [HIDDEN],
  };
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`;
    Object.assign(shapes, {
      [`${at}.self_attn.q_proj.weight`]: [HEADS * headSize, HIDDEN],
      [`${at}.self_attn.k_proj.weight`]: [KV_HEADS * headSize, HIDDEN],
      [`${at}.self_attn.v_proj.weight`]: [KV_HEADS * headSize, HIDDEN],
      [`${at}.self_attn.o_proj.weight`]: [HIDDEN, HEADS * headSize],
      [`${at}.mlp.gate_proj.weight`]: [FEED_FORWARD, HIDDEN],
      [`${at}.mlp.up_proj.weight`]: [FEED_FORWARD, HIDDEN],
      [`${at}.mlp.down_proj.weight`]: [HIDDEN, FEED_FORWARD],
      [`${at}.input_layernorm.weight`]: [HIDDEN],
      [`${at}.post_attention_layernorm.weight`]: [HIDDEN],
    });
  }
  return shapes;
}

function configOf(architecture: string, { size }: TestTokenizer, own: object) {
  return {
    architectures: [architecture],
    hidden_size: HIDDEN,
    num_hidden_layers: LAYERS,
    num_attention_heads: HEADS,
    num_key_value_heads: KV_HEADS,
    intermediate_size: FEED_FORWARD,
    vocab_size: size,
    hidden_act: "silu",
    max_position_embeddings: 512,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    ...own,
  };
}

const FAMILY: Family = {
  hidden: HIDDEN,
  layers: LAYERS,
  heads: HEADS,
  kvHeads: KV_HEADS,
  headSize: SIZE,
  epsilon: 1e-5,
  norm: "rms",
  activation: "silu",
  turn: () => plainTurn(SIZE, 10_000),
};

/** Adds a head of its own for the output. */
function withHead(shapes: Record<string, readonly number[]>, { size }: TestTokenizer) {
  return { ...shapes, "lm_head.weight": [size, HIDDEN] };
}

export function llama3(): Made {
  const tokenizer = byteLevel({ ...CUTS.llama3, addsBegin: true, pairs: true });
  const scaling = {
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 64,
    rope_type: "llama3",
  };
  return {
    recipe: {
      config: configOf("LlamaForCausalLM", tokenizer, {
        tie_word_embeddings: true,
        rope_theta: 500_000,
        rope_scaling: scaling,
      }),
      shapes: shapesOf(tokenizer),
      tokenizer,
      dtype: "BF16",
      parts: 3,
    },
    family: { ...FAMILY, turn: () => llama3Turn(SIZE, 500_000, scaling) },
  };
}

export function llama2(): Made {
  const tokenizer = sentencePiece({ form: "model", spaceFirst: true });
  return {
    recipe: {
      config: configOf("LlamaForCausalLM", tokenizer, {}),
      shapes: withHead(shapesOf(tokenizer), tokenizer),
      tokenizer,
      dtype: "F16",
    },
    family: FAMILY,
  };
}
