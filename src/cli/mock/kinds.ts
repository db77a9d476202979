import { anthropic } from "./anthropic/anthropic.ts";
import { bedrock } from "./bedrock/bedrock.ts";
import { gemini } from "./gemini/gemini.ts";
import { azureOpenAi } from "./hosted/azure-openai.ts";
import { groq } from "./hosted/groq.ts";
import { mistral } from "./hosted/mistral.ts";
import { openRouter } from "./hosted/openrouter.ts";
import { together } from "./hosted/together.ts";
import { KIND_NAMES } from "./kind-names.ts";
import type { KindFactory } from "./kind.ts";
import { llamaServer } from "./llama-server/llama-server.ts";
import { ollama } from "./ollama/ollama.ts";
import { openAiCompatible } from "./openai/openai-compatible.ts";
import { openAi } from "./openai/openai.ts";
import { sglang } from "./sglang/sglang.ts";
import { tgi } from "./tgi/tgi.ts";
import { vllm } from "./vllm/vllm.ts";

const KINDS: Readonly<Record<(typeof KIND_NAMES)[number], KindFactory>> = {
  openai: openAi,
  "azure-openai": azureOpenAi,
  "openai-compatible": openAiCompatible,
  vllm,
  sglang,
  "llama-server": llamaServer,
  ollama,
  tgi,
  anthropic,
  gemini,
  bedrock,
  mistral,
  groq,
  together,
  openrouter: openRouter,
};

/** The kind of that name. */
export function kindNamed(name: string): KindFactory {
  const known = KIND_NAMES.find((one) => one === name);
  if (known === undefined)
    throw new TypeError(`no upstream is called '${name}': use one of ${KIND_NAMES.join(", ")}`);
  return KINDS[known];
}
