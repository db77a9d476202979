import { bool, float32, uint32 } from "../../metadata.ts";
import type { ModelConfig } from "../model-config.ts";
import { refusal } from "../refusal.ts";
import { type Rope, readRope, scalingOf } from "../rope.ts";
import { biasOf, type MadeTensor, type PlanFamily, type Shape, type Weight } from "../weight.ts";
import {
  attentionWeights,
  namesOf,
  normWeights,
  outerWeights,
  perLayer,
  type Setting,
  shapeOf,
  shapeSettings,
  unusedIfTied,
  windowNotes,
} from "./decoder.ts";

const NORMS = { input_layernorm: "attn_norm", post_attention_layernorm: "ffn_norm" };

/** Phi 1.5 and 2: attention and feed-forward side by side, biases everywhere, a part of each head turns. */
export const planPhi2: PlanFamily = (config) => {
  config.mustBe("hidden_act", ["gelu_new"]);
  config.mustBe("qk_layernorm", [false]);
  config.mustBe("tie_word_embeddings", [false]);
  const shape = plainShape(config);
  const rope = readRope(config, { share: 0.5 });
  const contextTokens = config.count("max_position_embeddings", 2048);
  const scaled = scalingOf(rope, { known: [], headSize: shape.headSize, contextTokens });
  const epsilon = config.number("layer_norm_eps", 1e-5);
  return {
    architecture: "phi2",
    vocabulary: shape.vocabulary,
    settings: [
      ...shapeSettings({ shape, contextTokens, epsilon }).filter(
        ([key]) => !key.endsWith("epsilon"),
      ),
      ["attention.layer_norm_epsilon", float32(epsilon)],
      ["rope.dimension_count", uint32(turned(rope, shape))],
      ...(rope.theta === 10_000 ? [] : [["rope.freq_base", float32(rope.theta)] as const]),
    ],
    weights: withBiases([
      ...outerWeights(shape, { isTied: false }).map((weight) =>
        weight.to === "output_norm.weight"
          ? { ...weight, from: "model.final_layernorm.weight" }
          : weight,
      ),
      ...perLayer(shape, (layer) => phi2Layer(shape, layer)),
    ]),
    made: scaled.made,
    unused: [],
    notes: [],
    tokenizer: [["tokenizer.ggml.add_bos_token", bool(false)]],
  };
};

function phi2Layer(shape: Shape, layer: number): Weight[] {
  const { hidden, feedForward } = shape;
  const at = namesOf(layer);
  return [
    ...attentionWeights(shape, layer).slice(0, 3),
    { ...at("self_attn.dense", "attn_output"), shape: [hidden, hidden] },
    { ...at("mlp.fc1", "ffn_up"), shape: [feedForward, hidden] },
    { ...at("mlp.fc2", "ffn_down"), shape: [hidden, feedForward] },
    ...normWeights({ input_layernorm: "attn_norm" }, layer, { size: hidden }),
  ];
}

function withBiases(weights: readonly Weight[]): Weight[] {
  return weights.flatMap((weight) =>
    weight.to === "token_embd.weight" ? [weight] : [weight, biasOf(weight)],
  );
}

/** Phi 3, 3.5 and 4: queries, keys and values in one matrix, gate and up in another. */
export const planPhi3: PlanFamily = (config) => {
  config.mustBe("hidden_act", ["silu"]);
  config.mustBe("attention_bias", [false]);
  const shape = plainShape(config);
  const rope = readRope(config);
  const contextTokens = config.count("max_position_embeddings", 4096);
  const isTied = config.flag("tie_word_embeddings", false);
  const epsilon = config.number("rms_norm_eps", 1e-5);
  const window = config.has("sliding_window") ? config.count("sliding_window") : undefined;
  const original = originalContext(config, rope);
  const long = longRope(rope, { shape, contextTokens, original });
  return {
    architecture: "phi3",
    vocabulary: shape.vocabulary,
    settings: [
      ...shapeSettings({ shape, contextTokens, epsilon }),
      ["rope.scaling.original_context_length", uint32(original)],
      ["rope.dimension_count", uint32(turned(rope, shape))],
      ["rope.freq_base", float32(rope.theta)],
      // Zero marks Phi 4.
      ["attention.sliding_window", uint32(window ?? 0)],
      ...long.settings,
    ],
    weights: [
      ...outerWeights(shape, { isTied }),
      ...perLayer(shape, (layer) => phi3Layer(shape, layer)),
    ],
    made: long.made,
    unused: unusedIfTied(isTied),
    notes: windowNotes(window, contextTokens),
  };
};

function phi3Layer(shape: Shape, layer: number): Weight[] {
  const { hidden, heads, kvHeads, headSize, feedForward } = shape;
  const at = namesOf(layer);
  const all = (heads + 2 * kvHeads) * headSize;
  return [
    { ...at("self_attn.qkv_proj", "attn_qkv"), shape: [all, hidden] },
    { ...at("self_attn.o_proj", "attn_output"), shape: [hidden, hidden] },
    { ...at("mlp.gate_up_proj", "ffn_up"), shape: [2 * feedForward, hidden] },
    { ...at("mlp.down_proj", "ffn_down"), shape: [hidden, feedForward] },
    ...normWeights(NORMS, layer, { size: hidden }),
  ];
}

/** The engine takes a Phi's head to be the width by the heads. */
function plainShape(config: ModelConfig): Shape {
  const shape = shapeOf(config);
  if (shape.headSize * shape.heads === shape.hidden) return shape;
  throw refusal(`${config.path}: head_dim ${shape.headSize} is not known for Phi.`);
}

/** How many numbers of a head turn. */
function turned({ share }: Rope, { hidden, heads }: Shape): number {
  return Math.floor(Math.floor(share * hidden) / heads);
}

function originalContext(config: ModelConfig, { parameters }: Rope): number {
  const key = "original_max_position_embeddings";
  return (parameters.has(key) ? parameters : config).count(key, 4096);
}

interface LongOptions {
  readonly shape: Shape;
  readonly contextTokens: number;
  readonly original: number;
}

interface Long {
  readonly settings: readonly Setting[];
  readonly made: readonly MadeTensor[];
}

/** A factor for each frequency: one list for contexts as first trained, one for longer ones. */
function longRope(rope: Rope, { shape, contextTokens, original }: LongOptions): Long {
  const { type, parameters } = rope;
  if (type === "default") return { settings: [], made: [] };
  if (type !== "longrope" && type !== "su") {
    scalingOf(rope, { known: ["longrope"], headSize: shape.headSize, contextTokens });
  }
  const scale = contextTokens / original;
  const usual = scale > 1 ? Math.sqrt(1 + Math.log(scale) / Math.log(original)) : 1;
  if (Math.abs(parameters.number("attention_factor", usual) - usual) > 1e-6)
    throw refusal(`${parameters.path} has an attention factor of its own, which is not known.`);
  const made = (["long", "short"] as const).map((which) => {
    const factors = parameters.numbers(`${which}_factor`) ?? [];
    const wanted = turned(rope, shape) / 2;
    if (factors.length !== wanted)
      throw refusal(
        `${parameters.path}: ${which}_factor has ${factors.length} numbers, not ${wanted}.`,
      );
    return { name: `rope_factors_${which}.weight`, values: Float32Array.from(factors) };
  });
  return { settings: [["rope.scaling.attn_factor", float32(usual)]], made };
}
