import { float32, list, uint32 } from "../../metadata.ts";
import type { ModelConfig } from "../model-config.ts";
import { refusal } from "../refusal.ts";
import { mustTurnWhole, type Rope, readRope, scalingOf } from "../rope.ts";
import type { Change, PlanFamily, Shape, Weight } from "../weight.ts";
import {
  attentionWeights,
  gatedWeights,
  headSettings,
  normWeights,
  outerWeights,
  perLayer,
  type Setting,
  shapeOf,
  shapeSettings,
  unusedIfTied,
} from "./decoder.ts";

/** Gemma 1 to 3, text only. Norms are kept as what they are over one; the embedding is the output, too. */

const OVER_ONE: Change = { kind: "add-one" };
const NORMS = { input_layernorm: "attn_norm", post_attention_layernorm: "ffn_norm" };
const FOUR_NORMS = {
  input_layernorm: "attn_norm",
  post_attention_layernorm: "post_attention_norm",
  pre_feedforward_layernorm: "ffn_norm",
  post_feedforward_layernorm: "post_ffw_norm",
};
const HEAD_NORMS = { "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm" };
const USUAL_THETA = 10_000;

export const planGemma: PlanFamily = (config) => {
  // The class takes "gelu" for the tanh kind where hidden_activation does not speak.
  config.mustBe("hidden_act", ["gelu", "gelu_pytorch_tanh"]);
  const shape = shapeOf(config, { headSize: 256 });
  return {
    ...partsOf(config, shape, NORMS),
    architecture: "gemma",
    vocabulary: shape.vocabulary,
    settings: [
      ...settingsOf(config, shape, 8192),
      ...thetaSettings(unscaled(config)),
      ...headSettings(shape),
    ],
  };
};

export const planGemma2: PlanFamily = (config) => {
  const shape = shapeOf(config, { headSize: 256 });
  const cap = (key: string, usual: number): Setting => {
    if (config.isNull(key)) throw refusal(`${config.path}: ${key} null is not known for Gemma 2.`);
    return [key, float32(config.number(key, usual))];
  };
  checkScale(config, shape, 46);
  return {
    ...partsOf(config, shape, FOUR_NORMS),
    architecture: "gemma2",
    vocabulary: shape.vocabulary,
    settings: [
      ...settingsOf(config, shape, 8192),
      ...thetaSettings(unscaled(config)),
      ...headSettings(shape),
      cap("attn_logit_softcapping", 50),
      cap("final_logit_softcapping", 30),
      ["attention.sliding_window", uint32(config.count("sliding_window", 4096))],
      ...windowPattern(config, shape, 2),
    ],
  };
};

export const planGemma3: PlanFamily = (config) => {
  config.mustBe("attn_logit_softcapping", []);
  config.mustBe("use_bidirectional_attention", [false]);
  const shape = shapeOf(config, { heads: 8, kvHeads: 4, headSize: 256, vocabulary: 262_208 });
  checkScale(config, shape, 62);
  const rope = readRope(config, { theta: 1_000_000 });
  mustTurnWhole(rope);
  const local = rope.localTheta ?? config.number("rope_local_base_freq", USUAL_THETA);
  const { headSize } = shape;
  const contextTokens = config.count("max_position_embeddings", 131_072);
  const { settings } = scalingOf(rope, { known: ["linear"], headSize, contextTokens });
  const cap = config.has("final_logit_softcapping")
    ? config.number("final_logit_softcapping")
    : undefined;
  return {
    ...partsOf(config, shape, FOUR_NORMS, HEAD_NORMS),
    architecture: "gemma3",
    vocabulary: shape.vocabulary,
    settings: [
      ...settingsOf(config, shape, 131_072),
      ...settings,
      ["rope.freq_base", float32(rope.theta)],
      ["rope.freq_base_swa", float32(local)],
      ...headSettings(shape),
      ...(cap === undefined ? [] : [["final_logit_softcapping", float32(cap)] as const]),
      ["attention.sliding_window", uint32(config.count("sliding_window", 4096))],
      ...windowPattern(config, shape, 6),
    ],
  };
};

function settingsOf(config: ModelConfig, shape: Shape, usualContext: number): Setting[] {
  const contextTokens = config.count("max_position_embeddings", usualContext);
  const epsilon = config.number("rms_norm_eps", 1e-6);
  return shapeSettings({ shape, contextTokens, epsilon });
}

/** Gemma 1 and 2 turn plainly. */
function unscaled(config: ModelConfig): Rope {
  const rope = readRope(config);
  mustTurnWhole(rope);
  scalingOf(rope, { known: [], headSize: 0, contextTokens: 0 });
  return rope;
}

function thetaSettings({ theta }: Rope): Setting[] {
  return theta === USUAL_THETA ? [] : [["rope.freq_base", float32(theta)]];
}

function partsOf(
  config: ModelConfig,
  shape: Shape,
  norms: Readonly<Record<string, string>>,
  headNorms: Readonly<Record<string, string>> = {},
) {
  config.mustBe("hidden_activation", ["gelu_pytorch_tanh"]);
  config.mustBe("attention_bias", [false]);
  config.mustBe("tie_word_embeddings", [true]);
  const layer = (at: number): Weight[] => [
    ...attentionWeights(shape, at),
    ...gatedWeights(shape, at),
    ...normWeights(norms, at, { size: shape.hidden, change: OVER_ONE }),
    ...normWeights(headNorms, at, { size: shape.headSize, change: OVER_ONE }),
  ];
  return {
    weights: [...outerWeights(shape, { isTied: true, norm: OVER_ONE }), ...perLayer(shape, layer)],
    made: [],
    unused: unusedIfTied(true),
    notes: [],
  };
}

/** The engine knows by the number of layers alone by what scores are divided. */
function checkScale(config: ModelConfig, shape: Shape, largest: number): void {
  const { hidden, heads, headSize, layers } = shape;
  const computed = layers === largest ? Math.floor(hidden / heads) : headSize;
  const wanted = config.number("query_pre_attn_scalar", 256);
  if (wanted === computed) return;
  throw refusal(
    `${config.path} has query_pre_attn_scalar ${wanted}; the engine computes ${computed} for ${layers} layers of this family.`,
  );
}

/** Which layers look back a window only: said where it is not what the engine expects. */
function windowPattern(config: ModelConfig, { layers }: Shape, usual: number): Setting[] {
  const period = config.count("sliding_window_pattern", usual);
  const kinds = config.texts("layer_types");
  if (kinds && kinds.length < layers)
    throw refusal(`${config.path}: layer_types names ${kinds.length} of ${layers} layers.`);
  const expected = (at: number, every: number) => at % every < every - 1;
  const isLocal = (at: number) =>
    kinds ? kinds[at] === "sliding_attention" : expected(at, period);
  const unknown = kinds?.find((kind) => !/^(sliding|full)_attention$/.test(kind));
  if (unknown !== undefined)
    throw refusal(`${config.path}: layer_types has ${unknown}, which is not known.`);
  const pattern = Array.from({ length: layers }, (_, at) => isLocal(at));
  if (pattern.every((local, at) => local === expected(at, usual))) return [];
  return [["attention.sliding_window_pattern", list("bool", pattern)]];
}
