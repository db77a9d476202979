import { anthropic } from "./anthropic/anthropic.ts";
import { bedrock } from "./bedrock/bedrock.ts";
import { gemini } from "./gemini/gemini.ts";
import { azureOpenAi } from "./hosted/azure-openai.ts";
import { groq } from "./hosted/groq.ts";
import { mistral } from "./hosted/mistral.ts";
import { openRouter } from "./hosted/openrouter.ts";
import { together } from "./hosted/together.ts";
import type { KindFactory } from "./kind.ts";
import { llamaServer } from "./llama-server/llama-server.ts";
import { ollama } from "./ollama/ollama.ts";
import { openAiCompatible } from "./openai/openai-compatible.ts";
import { openAi } from "./openai/openai.ts";
import { sglang } from "./sglang/sglang.ts";
import { tgi } from "./tgi/tgi.ts";
import { vllm } from "./vllm/vllm.ts";

const KINDS: Readonly<Record<string, KindFactory>> = {
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

/** Whose wire formats can be imitated. */
export const KIND_NAMES: readonly string[] = Object.keys(KINDS);

/** The kind of that name. */
export function kindNamed(name: string): KindFactory {
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (kind === undefined)
    throw new TypeError(`no upstream is called '${name}': use one of ${KIND_NAMES.join(", ")}`);
  return kind;
}
