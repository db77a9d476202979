import { float32 } from "../../metadata.ts";
import type { ModelConfig } from "../model-config.ts";
import { refusal } from "../refusal.ts";
import { mustTurnWhole, readRope, scalingOf } from "../rope.ts";
import { biasOf, type Plan, type PlanFamily, type Shape, type Weight } from "../weight.ts";
import {
  attentionWeights,
  gatedWeights,
  headSettings,
  headSettingsIfSaid,
  normWeights,
  outerWeights,
  perLayer,
  shapeOf,
  shapeSettings,
  unusedIfTied,
  windowNotes,
} from "./decoder.ts";

const NORMS = { input_layernorm: "attn_norm", post_attention_layernorm: "ffn_norm" };
const HEAD_NORMS = { "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm" };

/** Qwen 2 and 2.5: queries, keys and values have biases. */
export const planQwen2: PlanFamily = (config) => {
  const shape = shapeOf(config);
  if (shape.headSize * shape.heads !== shape.hidden)
    throw refusal(`${config.path}: head_dim ${shape.headSize} is not known for Qwen 2.`);
  const plan = planQwen(config, shape, (layer) => {
    const attention = attentionWeights(shape, layer);
    return [...attention, ...attention.slice(0, 3).map(biasOf)];
  });
  return {
    ...plan,
    architecture: "qwen2",
    settings: [...plan.settings, ...headSettingsIfSaid(config, shape)],
  };
};

/** Qwen 3: norms for queries and keys instead, and heads of a size of their own. */
export const planQwen3: PlanFamily = (config) => {
  config.mustBe("attention_bias", [false]);
  const shape = shapeOf(config, { headSize: 128 });
  const plan = planQwen(config, shape, (layer) => [
    ...attentionWeights(shape, layer),
    ...normWeights(HEAD_NORMS, layer, { size: shape.headSize }),
  ]);
  return {
    ...plan,
    architecture: "qwen3",
    settings: [...plan.settings, ...headSettings(shape)],
  };
};

function planQwen(
  config: ModelConfig,
  shape: Shape,
  attention: (layer: number) => Weight[],
): Omit<Plan, "architecture"> {
  config.mustBe("hidden_act", ["silu"]);
  const contextTokens = config.count("max_position_embeddings", 32_768);
  const isTied = config.flag("tie_word_embeddings", false);
  const rope = readRope(config);
  mustTurnWhole(rope);
  const { headSize } = shape;
  const scaled = scalingOf(rope, { known: ["linear", "yarn"], headSize, contextTokens });
  const epsilon = config.number("rms_norm_eps", 1e-6);
  const hasWindow = config.flag("use_sliding_window", false);
  return {
    vocabulary: shape.vocabulary,
    settings: [
      ...shapeSettings({ shape, contextTokens, epsilon }),
      ...scaled.settings,
      ["rope.freq_base", float32(rope.theta)],
    ],
    weights: [
      ...outerWeights(shape, { isTied }),
      ...perLayer(shape, (layer) => [
        ...attention(layer),
        ...gatedWeights(shape, layer),
        ...normWeights(NORMS, layer, { size: shape.hidden }),
      ]),
    ],
    made: scaled.made,
    unused: unusedIfTied(isTied),
    notes: hasWindow ? windowNotes(config.count("sliding_window", 4096), contextTokens) : [],
  };
}
