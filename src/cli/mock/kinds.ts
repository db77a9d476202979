import { anthropic } from "./anthropic/anthropic.ts";
import { gemini } from "./gemini/gemini.ts";
import { bedrock } from "./bedrock/bedrock.ts";
import type { KindFactory } from "./kind.ts";
import { ollama } from "./ollama/ollama.ts";
import { openAiCompatible } from "./openai/openai-compatible.ts";
import { openAi } from "./openai/openai.ts";
import { tgi } from "./tgi/tgi.ts";
import { vllm } from "./vllm/vllm.ts";

const KINDS: Readonly<Record<string, KindFactory>> = {
  openai: openAi,
  "openai-compatible": openAiCompatible,
  vllm,
  anthropic,
  bedrock,
  gemini,
  ollama,
  tgi,
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
