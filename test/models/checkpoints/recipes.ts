import type { Family } from "./decoder.ts";
import type { Recipe } from "./random-checkpoint.ts";
import { byteLevel, CUTS } from "./byte-level.ts";
import type { TestTokenizer } from "./learning.ts";
import { sentencePiece } from "./sentence-piece.ts";
import { linearTurn, llama3Turn, longTurn, plainTurn, yarnTurn } from "./turning.ts";

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
  return llamaWith(sentencePiece({ form: "model", spaceFirst: true }));
}

/** A plain Llama with any tokenizer. */
export function llamaWith(tokenizer: TestTokenizer, own: object = {}): Made {
  return {
    recipe: {
      config: configOf("LlamaForCausalLM", tokenizer, own),
      shapes: withHead(shapesOf(tokenizer), tokenizer),
      tokenizer,
      dtype: "F16",
    },
    family: FAMILY,
  };
}

/** The same class of Mistral: heads of a size of their own, a tokenizer of bytes, positions by yarn. */
export function mistral(): Made {
  const tokenizer = byteLevel({ ...CUTS.tekken, addsBegin: true });
  const headSize = 16;
  const scaling = { type: "yarn", factor: 4, original_max_position_embeddings: 32 };
  return {
    recipe: {
      config: configOf("MistralForCausalLM", tokenizer, {
        head_dim: headSize,
        sliding_window: null,
        rope_scaling: scaling,
        max_position_embeddings: 128,
      }),
      shapes: withHead(shapesOf(tokenizer, { headSize }), tokenizer),
      tokenizer,
      dtype: "BF16",
    },
    family: { ...FAMILY, headSize, turn: () => yarnTurn(headSize, 10_000, scaling) },
  };
}

/** SmolLM's way: Llama with biases, digits one by one, positions squeezed alike. */
export function biasedLlama(): Made {
  const tokenizer = byteLevel(CUTS.smollm);
  const biases = (at: string) =>
    Object.fromEntries([
      ...["q_proj", "k_proj", "v_proj", "o_proj"].map((name) => [
        `${at}.self_attn.${name}.bias`,
        [name === "k_proj" || name === "v_proj" ? KV_HEADS * SIZE : HIDDEN],
      ]),
      ...["gate_proj", "up_proj"].map((name) => [`${at}.mlp.${name}.bias`, [FEED_FORWARD]]),
      [`${at}.mlp.down_proj.bias`, [HIDDEN]],
    ]) as Record<string, readonly number[]>;
  return {
    recipe: {
      config: configOf("LlamaForCausalLM", tokenizer, {
        attention_bias: true,
        mlp_bias: true,
        tie_word_embeddings: true,
        rope_parameters: { rope_type: "linear", factor: 2, rope_theta: 20_000 },
      }),
      shapes: { ...shapesOf(tokenizer), ...inLayers(biases) },
      tokenizer,
    },
    family: { ...FAMILY, turn: () => linearTurn(SIZE, 20_000, 2) },
  };
}

function inLayers(
  of: (at: string) => Record<string, readonly number[]>,
  layers = LAYERS,
): Record<string, readonly number[]> {
  return Object.assign(
    {},
    ...Array.from({ length: layers }, (_, layer) => of(`model.layers.${layer}`)),
  ) as Record<string, readonly number[]>;
}

export function qwen2(): Made {
  const tokenizer = byteLevel(CUTS.qwen2);
  const biases = (at: string) => ({
    [`${at}.self_attn.q_proj.bias`]: [HIDDEN],
    [`${at}.self_attn.k_proj.bias`]: [KV_HEADS * SIZE],
    [`${at}.self_attn.v_proj.bias`]: [KV_HEADS * SIZE],
  });
  return {
    recipe: {
      config: configOf("Qwen2ForCausalLM", tokenizer, {
        rope_theta: 1_000_000,
        use_sliding_window: false,
        sliding_window: 64,
      }),
      shapes: withHead({ ...shapesOf(tokenizer), ...inLayers(biases) }, tokenizer),
      tokenizer,
      dtype: "BF16",
    },
    family: { ...FAMILY, turn: () => plainTurn(SIZE, 1_000_000) },
  };
}

export function qwen3(): Made {
  const tokenizer = byteLevel({ ...CUTS.qwen2, pairs: true });
  const headSize = 20;
  const norms = (at: string) => ({
    [`${at}.self_attn.q_norm.weight`]: [headSize],
    [`${at}.self_attn.k_norm.weight`]: [headSize],
  });
  return {
    recipe: {
      config: configOf("Qwen3ForCausalLM", tokenizer, {
        head_dim: headSize,
        rms_norm_eps: 1e-6,
        tie_word_embeddings: true,
      }),
      shapes: { ...shapesOf(tokenizer, { headSize }), ...inLayers(norms) },
      tokenizer,
      dtype: "F16",
    },
    family: { ...FAMILY, headSize, epsilon: 1e-6, turn: () => plainTurn(headSize, 10_000) },
  };
}

const GEMMA: Family = {
  ...FAMILY,
  headSize: 16,
  epsilon: 1e-6,
  norm: "rms+1",
  activation: "gelu",
  embeddingScale: Math.sqrt(HIDDEN),
  turn: () => plainTurn(16, 10_000),
};

function gemmaConfig(architecture: string, tokenizer: TestTokenizer, own: object) {
  return configOf(architecture, tokenizer, {
    head_dim: 16,
    rms_norm_eps: 1e-6,
    hidden_act: "gelu_pytorch_tanh",
    hidden_activation: "gelu_pytorch_tanh",
    ...own,
  });
}

export function gemma(form: "json" | "model" = "json"): Made {
  const tokenizer = sentencePiece({ form, spaceFirst: false });
  return {
    recipe: {
      config: gemmaConfig("GemmaForCausalLM", tokenizer, {}),
      shapes: shapesOf(tokenizer, { headSize: 16 }),
      tokenizer,
      dtype: "BF16",
      normsFrom: 0,
    },
    family: GEMMA,
  };
}

const FOUR_NORMS = (at: string) => ({
  [`${at}.pre_feedforward_layernorm.weight`]: [HIDDEN],
  [`${at}.post_feedforward_layernorm.weight`]: [HIDDEN],
});

/** Every other layer looks back a few tokens only; scores and logits are capped. */
export function gemma2(): Made {
  const tokenizer = sentencePiece({ form: "model", spaceFirst: false });
  return {
    recipe: {
      config: gemmaConfig("Gemma2ForCausalLM", tokenizer, {
        sliding_window: 8,
        attn_logit_softcapping: 3,
        final_logit_softcapping: 5,
        query_pre_attn_scalar: 16,
      }),
      shapes: { ...shapesOf(tokenizer, { headSize: 16 }), ...inLayers(FOUR_NORMS) },
      tokenizer,
      normsFrom: 0,
    },
    family: {
      ...GEMMA,
      scoreCap: 3,
      logitCap: 5,
      window: (layer) => (layer % 2 === 0 ? 8 : Infinity),
    },
  };
}

/** Five of six layers look back a few tokens, and turn by a base of their own. */
export function gemma3(own: object = {}): Made {
  const layers = 7;
  const tokenizer = sentencePiece({ form: "model", spaceFirst: false });
  const norms = (at: string) => ({
    ...FOUR_NORMS(at),
    [`${at}.self_attn.q_norm.weight`]: [16],
    [`${at}.self_attn.k_norm.weight`]: [16],
  });
  const isLocal = (layer: number) =>
    "layer_types" in own ? layer !== 1 && layer !== 2 : layer % 6 !== 5;
  return {
    recipe: {
      config: gemmaConfig("Gemma3ForCausalLM", tokenizer, {
        num_hidden_layers: layers,
        sliding_window: 8,
        query_pre_attn_scalar: 16,
        rope_theta: 1_000_000,
        rope_local_base_freq: 10_000,
        rope_scaling: { rope_type: "linear", factor: 8 },
        attn_logit_softcapping: null,
        final_logit_softcapping: null,
        ...own,
      }),
      shapes: { ...shapesOf(tokenizer, { headSize: 16, layers }), ...inLayers(norms, layers) },
      tokenizer,
      dtype: "BF16",
      normsFrom: 0,
    },
    family: {
      ...GEMMA,
      layers,
      window: (layer) => (isLocal(layer) ? 8 : Infinity),
      turn: (layer) => (isLocal(layer) ? plainTurn(16, 10_000) : linearTurn(16, 1_000_000, 8)),
    },
  };
}

/** The same with whole layers where the engine does not expect them. */
export function gemma3Uneven(): Made {
  const types = Array.from({ length: 7 }, (_, layer) =>
    layer === 1 || layer === 2 ? "full_attention" : "sliding_attention",
  );
  return gemma3({ layer_types: types });
}

export function phi2(): Made {
  const tokenizer = byteLevel({ ...CUTS.gpt2, specials: ["<|endoftext|>"] });
  const shapes: Record<string, readonly number[]> = {
    "model.embed_tokens.weight": [tokenizer.size, HIDDEN],
    "model.final_layernorm.weight": [HIDDEN],
    "model.final_layernorm.bias": [HIDDEN],
    "lm_head.weight": [tokenizer.size, HIDDEN],
    "lm_head.bias": [tokenizer.size],
    ...inLayers((at) => ({
      ...withBias(`${at}.self_attn.q_proj`, [HIDDEN, HIDDEN]),
      ...withBias(`${at}.self_attn.k_proj`, [HIDDEN, HIDDEN]),
      ...withBias(`${at}.self_attn.v_proj`, [HIDDEN, HIDDEN]),
      ...withBias(`${at}.self_attn.dense`, [HIDDEN, HIDDEN]),
      ...withBias(`${at}.mlp.fc1`, [4 * HIDDEN, HIDDEN]),
      ...withBias(`${at}.mlp.fc2`, [HIDDEN, 4 * HIDDEN]),
      ...withBias(`${at}.input_layernorm`, [HIDDEN]),
    })),
  };
  return {
    recipe: {
      config: configOf("PhiForCausalLM", tokenizer, {
        hidden_act: "gelu_new",
        intermediate_size: 4 * HIDDEN,
        num_key_value_heads: null,
        partial_rotary_factor: 0.5,
        layer_norm_eps: 1e-5,
      }),
      shapes,
      tokenizer,
      dtype: "F16",
    },
    family: {
      ...FAMILY,
      kvHeads: HEADS,
      norm: "layer",
      activation: "gelu",
      isParallel: true,
      turn: () => plainTurn(SIZE / 2, 10_000),
    },
  };
}

function withBias(name: string, shape: readonly number[]) {
  return { [`${name}.weight`]: shape, [`${name}.bias`]: shape.slice(0, 1) };
}

function phi3Shapes({ size }: TestTokenizer): Record<string, readonly number[]> {
  return {
    "model.embed_tokens.weight": [size, HIDDEN],
    "model.norm.weight": [HIDDEN],
    "lm_head.weight": [size, HIDDEN],
    ...inLayers((at) => ({
      [`${at}.self_attn.qkv_proj.weight`]: [(HEADS + 2 * KV_HEADS) * SIZE, HIDDEN],
      [`${at}.self_attn.o_proj.weight`]: [HIDDEN, HIDDEN],
      [`${at}.mlp.gate_up_proj.weight`]: [2 * FEED_FORWARD, HIDDEN],
      [`${at}.mlp.down_proj.weight`]: [HIDDEN, FEED_FORWARD],
      [`${at}.input_layernorm.weight`]: [HIDDEN],
      [`${at}.post_attention_layernorm.weight`]: [HIDDEN],
    })),
  };
}

/** Phi 3 mini with its long context: factors for each frequency, those for contexts beyond the first. */
export function phi3(): Made {
  return longPhi({ original: 16, context: 256, which: "long_factor" });
}

/** The same, read in a context as it was first trained with. */
export function phi3Short(): Made {
  return longPhi({ original: 256, context: 512, which: "short_factor" });
}

interface LongPhi {
  readonly original: number;
  readonly context: number;
  /** The factors that count at the engine's 256 tokens. */
  readonly which: "long_factor" | "short_factor";
}

function longPhi({ original, context, which }: LongPhi): Made {
  const tokenizer = sentencePiece({ form: "model", spaceFirst: true });
  const factors = {
    long_factor: [1, 1.5, 2, 3, 4, 6],
    short_factor: [1, 1.1, 1.2, 1.3, 1.4, 1.5],
  };
  return {
    recipe: {
      config: configOf("Phi3ForCausalLM", tokenizer, {
        original_max_position_embeddings: original,
        max_position_embeddings: context,
        sliding_window: 200,
        rope_scaling: { type: "longrope", ...factors },
      }),
      shapes: phi3Shapes(tokenizer),
      tokenizer,
      dtype: "BF16",
    },
    family: {
      ...FAMILY,
      turn: () => longTurn(SIZE, 10_000, { factors: factors[which], original, context }),
    },
  };
}

/** Phi 4 mini: a tokenizer of bytes, and only a part of each head turns. */
export function phi4(): Made {
  const tokenizer = byteLevel(CUTS.o200k);
  return {
    recipe: {
      config: configOf("Phi3ForCausalLM", tokenizer, {
        original_max_position_embeddings: 512,
        partial_rotary_factor: 0.5,
        sliding_window: null,
      }),
      shapes: phi3Shapes(tokenizer),
      tokenizer,
    },
    family: { ...FAMILY, turn: () => plainTurn(SIZE / 2, 10_000) },
  };
}

/** The same with the other tokenizer of that maker. */
export function phi4Large(): Made {
  const tokenizer = byteLevel(CUTS.cl100k);
  return {
    recipe: {
      config: configOf("Phi3ForCausalLM", tokenizer, { original_max_position_embeddings: 512 }),
      shapes: phi3Shapes(tokenizer),
      tokenizer,
    },
    family: FAMILY,
  };
}
