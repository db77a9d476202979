import { float32, uint32 } from "../../metadata.ts";
import { mustTurnWhole, readRope, scalingOf } from "../rope.ts";
import { biasOf, type PlanFamily } from "../weight.ts";
import {
  attentionWeights,
  gatedWeights,
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

/** Llama 1 to 3, and Mistral, which is one: the engine turns neighbours where the original turns halves. */
export const planLlama: PlanFamily = (config) => {
  config.mustBe("hidden_act", ["silu"]);
  const shape = shapeOf(config);
  const contextTokens = config.count("max_position_embeddings", 2048);
  const isTied = config.flag("tie_word_embeddings", false);
  const rope = readRope(config);
  mustTurnWhole(rope);
  const { headSize } = shape;
  const known = ["linear", "yarn", "llama3"];
  const scaled = scalingOf(rope, { known, headSize, contextTokens });
  const hasAttentionBias = config.flag("attention_bias", false);
  const hasForwardBias = config.flag("mlp_bias", false);
  const epsilon = config.number("rms_norm_eps", 1e-6);
  return {
    architecture: "llama",
    vocabulary: shape.vocabulary,
    settings: [
      ...shapeSettings({ shape, contextTokens, epsilon }),
      ...scaled.settings,
      ["rope.freq_base", float32(rope.theta)],
      ...headSettingsIfSaid(config, shape),
      ["vocab_size", uint32(shape.vocabulary)],
      ["rope.dimension_count", uint32(headSize)],
    ],
    weights: [
      ...outerWeights(shape, { isTied }),
      ...perLayer(shape, (layer) => {
        const attention = attentionWeights(shape, layer, true);
        const gated = gatedWeights(shape, layer);
        return [
          ...attention,
          ...(hasAttentionBias ? attention.map(biasOf) : []),
          ...gated,
          ...(hasForwardBias ? gated.map(biasOf) : []),
          ...normWeights(NORMS, layer, { size: shape.hidden }),
        ];
      }),
    ],
    made: scaled.made,
    unused: unusedIfTied(isTied),
    notes: config.has("sliding_window")
      ? windowNotes(config.count("sliding_window"), contextTokens)
      : [],
  };
};
