import type { Tone } from "../../parts/badge.tsx";

/** Two letters and a colour for each provider; one that is not named here gets its first letters. */
const MARKS: Readonly<Record<string, readonly [letters: string, tone: Tone]>> = {
  anthropic: ["An", "clay"],
  "azure-openai": ["Az", "river"],
  bedrock: ["Be", "ochre"],
  deepseek: ["DS", "river"],
  gemini: ["Ge", "river"],
  groq: ["Gq", "clay"],
  llama: ["Ll", "moss"],
  "llama-server": ["LS", "moss"],
  mistral: ["Mi", "ochre"],
  ollama: ["Ol", "slate"],
  openai: ["OA", "slate"],
  "openai-compatible": ["OC", "slate"],
  openrouter: ["OR", "river"],
  sglang: ["SG", "ochre"],
  tgi: ["TG", "ochre"],
  together: ["To", "river"],
  vllm: ["vL", "river"],
};

/** Decoration: the provider's name stands beside it. */
export function ProviderMark({ provider }: { provider: string }) {
  const letters = provider.slice(0, 1).toUpperCase() + provider.slice(1, 2);
  const [text, tone] = MARKS[provider] ?? [letters, "slate"];
  return (
    <span className={`provider-mark ${tone}`} aria-hidden="true">
      {text}
    </span>
  );
}
