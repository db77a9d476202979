import type { ModelConfig } from "../model-config.ts";
import { quote, refusal } from "../refusal.ts";
import type { Plan, PlanFamily } from "../weight.ts";
import { planGemma, planGemma2, planGemma3 } from "./gemma.ts";
import { planLlama } from "./llama.ts";
import { planPhi2, planPhi3 } from "./phi.ts";
import { planQwen2, planQwen3 } from "./qwen.ts";

/** By the class in Hugging Face's library that runs them. */
const FAMILIES: Readonly<Record<string, PlanFamily>> = {
  LlamaForCausalLM: planLlama,
  LLaMAForCausalLM: planLlama,
  MistralForCausalLM: planLlama,
  Qwen2ForCausalLM: planQwen2,
  Qwen3ForCausalLM: planQwen3,
  GemmaForCausalLM: planGemma,
  Gemma2ForCausalLM: planGemma2,
  Gemma3ForCausalLM: planGemma3,
  PhiForCausalLM: planPhi2,
  Phi3ForCausalLM: planPhi3,
};

const EXPERTS = ["num_local_experts", "num_experts", "n_routed_experts", "moe_intermediate_size"];
const TOWERS = ["vision_config", "audio_config", "vision_tower", "mm_vision_tower"];

/** What is in a checkpoint and where it goes. Throws WeirError with the reason where that is not known. */
export function planFor(config: ModelConfig): Plan {
  checkKind(config);
  const { architecture } = config;
  const plan = Object.hasOwn(FAMILIES, architecture) ? FAMILIES[architecture] : undefined;
  if (plan) return plan(config);
  throw refusal(
    `${config.path} is of the unknown architecture ${quote(architecture)}. Known are ${Object.keys(FAMILIES).join(", ")}.`,
  );
}

function checkKind(config: ModelConfig): void {
  const { architecture, path } = config;
  const quantized = config.part("quantization_config");
  if (quantized) {
    const method = quantized.text("quant_method") ?? "an unknown method";
    throw refusal(
      `${path} is of a checkpoint that is quantized already, by ${quote(method)}. Take the original in 16 bits.`,
    );
  }
  const experts = EXPERTS.find((key) => config.has(key));
  if (experts !== undefined || /moe|mixtral/i.test(architecture))
    throw refusal(
      `${path} is of a mixture of experts (${experts ?? architecture}), which is not converted yet. Take a GGUF file of it.`,
    );
  const tower = TOWERS.find((key) => config.has(key));
  if (tower !== undefined || /vision|VL|ConditionalGeneration/.test(architecture))
    throw refusal(
      `${path} is of a model that sees or hears, too (${tower ?? architecture}); only models of text are converted.`,
    );
  config.mustBe("is_causal", [true]);
}
