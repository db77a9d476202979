/** Whose wire formats can be imitated. Apart from the doubles: the command's help needs no more. */
export const KIND_NAMES = [
  "openai",
  "azure-openai",
  "openai-compatible",
  "vllm",
  "sglang",
  "llama-server",
  "ollama",
  "tgi",
  "anthropic",
  "gemini",
  "bedrock",
  "mistral",
  "groq",
  "together",
  "openrouter",
] as const;
