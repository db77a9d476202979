import { z } from "zod";
import { dollars, duration, environmentVariable, optionalDuration } from "./fields.ts";
import { UpstreamTls } from "./listener.ts";

/** The targets of weir.yaml: one way to answer a model each. */

const Price = z.strictObject({
  input: dollars.describe("For a million prompt tokens."),
  output: dollars.describe("For a million generated tokens."),
  cached: dollars.optional().describe("For a million prompt tokens found in a cache."),
  cacheWrite: dollars
    .optional()
    .describe("For a million prompt tokens put into the upstream's cache, where that costs more."),
});

const MachineCost = z.strictObject({
  gpuHour: dollars.describe("What a GPU, or the machine where it has none, costs an hour."),
  gpus: z.number().positive().default(1),
  watts: z.number().nonnegative().default(0).describe("What each of them draws."),
  perKwh: dollars.default(0).describe("What a kilowatt-hour costs."),
});

const Common = {
  weight: z.number().positive().default(1).describe("Its share of the traffic among its siblings."),
  fallback: z.boolean().default(false).describe("Used only when the others cannot answer."),
  tags: z
    .array(z.string().regex(/^[\w.:-]+$/))
    .default([])
    .describe("What x-weir-tags can ask for."),
  concurrency: z
    .int()
    .min(1)
    .optional()
    .describe("The most calls at the same time there; others wait."),
  price: Price.optional().describe("Overrides the built-in price table."),
  cost: MachineCost.optional().describe(
    "For a machine of your own: its calls are priced by their share of its busy time. `price` stands over it.",
  ),
};

const Llama = z.strictObject({
  provider: z.literal("llama").describe("The embedded engine: llama.cpp in a process of its own."),
  file: z
    .string()
    .min(1)
    .describe("A GGUF file, relative to this file. `demo` is the built-in one."),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, { error: "expected 64 hex digits, as sha256sum prints them" })
    .optional()
    .describe("The file's hash: another file under that name is refused."),
  slots: z.int().min(1).max(256).default(8).describe("Calls that generate at the same time."),
  context: z.int().min(64).default(2048).describe("Tokens a slot can hold; capped by the model."),
  threads: z.int().min(1).max(512).optional().describe("Default: cores − 1 on small machines."),
  gpuLayers: z.int().min(-1).optional().describe("Layers on the GPU, where a GPU build is there."),
  kvType: z.enum(["f16", "q8_0", "q4_0"]).default("f16").describe("How the KV cache is kept."),
  queue: z.int().min(1).default(128).describe("Calls that may wait for a slot; then 429."),
  ...Common,
});

const Remote = {
  model: z.string().min(1).describe("The model's name there."),
  timeout: duration("10m").describe("The longest a whole attempt may take."),
  firstContent: duration("60s").describe("The longest to wait for a stream's first content."),
  answer: duration("5m").describe("The longest to wait for an answer that is not streamed."),
  stall: duration("30s").describe("The longest silence within a stream."),
  slowestTokens: z
    .number()
    .positive()
    .optional()
    .describe(
      "Fewer tokens a second in a stream's first 5 s count as a failure, where it can go on elsewhere.",
    ),
  probe: optionalDuration.describe(
    "Let it make a token this often, and see whether it does. Off unless set: tokens cost.",
  ),
  tls: UpstreamTls,
  headers: z
    .record(z.string().regex(/^[\w-]+$/), z.string().regex(/^[\x20-\x7e]+$/))
    .optional()
    .describe("Sent with every request there. No secrets: this file is no place for them."),
  ...Common,
};

const apiKeyEnv = environmentVariable.describe("The environment variable that holds its key.");
const url = z.url({ protocol: /^https?$/, error: "expected an http:// or https:// URL" });

/** A service with an address and a key of its own. */
function hosted<Name extends string>(name: Name, address: string, keyVariable: string) {
  return z.strictObject({
    provider: z.literal(name),
    url: url.default(address),
    apiKeyEnv: apiKeyEnv.default(keyVariable),
    ...Remote,
  });
}

const SelfHosted = z.strictObject({
  provider: z
    .enum(["openai-compatible", "vllm", "tgi", "sglang", "llama-server", "ollama"])
    .describe("A server of your own. openai-compatible is any that speaks OpenAI's dialect."),
  url: url.describe("Its base URL; the path of its API is added when the URL has none."),
  apiKeyEnv: apiKeyEnv.optional(),
  ...Remote,
});
const Azure = z.strictObject({
  provider: z.literal("azure-openai"),
  url: url.describe("https://NAME.openai.azure.com; `model` is the deployment's name."),
  apiKeyEnv: apiKeyEnv.default("AZURE_OPENAI_API_KEY"),
  apiVersion: z.string().default("2024-10-21").describe("Azure's api-version parameter."),
  ...Remote,
});
const Bedrock = z.strictObject({
  provider: z.literal("bedrock"),
  region: z.string().regex(/^[a-z0-9-]+$/, "expected a region such as us-east-1"),
  url: url.optional().describe("Default: the region's public endpoint."),
  apiKeyEnv: apiKeyEnv.optional().describe("A Bedrock API key, instead of signed requests."),
  accessKeyEnv: environmentVariable.default("AWS_ACCESS_KEY_ID"),
  secretKeyEnv: environmentVariable.default("AWS_SECRET_ACCESS_KEY"),
  sessionTokenEnv: environmentVariable.default("AWS_SESSION_TOKEN"),
  ...Remote,
});

const KINDS = [
  Llama,
  SelfHosted,
  hosted("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
  Azure,
  hosted("anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY"),
  hosted("gemini", "https://generativelanguage.googleapis.com", "GEMINI_API_KEY"),
  Bedrock,
  hosted("mistral", "https://api.mistral.ai", "MISTRAL_API_KEY"),
  hosted("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
  hosted("together", "https://api.together.xyz", "TOGETHER_API_KEY"),
  hosted("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
] as const;

export const PROVIDERS = [
  "llama",
  "openai-compatible",
  "vllm",
  "tgi",
  "sglang",
  "llama-server",
  "ollama",
  "openai",
  "azure-openai",
  "anthropic",
  "gemini",
  "bedrock",
  "mistral",
  "groq",
  "together",
  "openrouter",
] as const;

export const TargetConfig = z.discriminatedUnion("provider", KINDS, {
  error: `expected "provider" to be one of ${PROVIDERS.join(", ")}`,
});
export type TargetConfig = z.infer<typeof TargetConfig>;
export type LlamaConfig = z.infer<typeof Llama>;
export type RemoteConfig = Exclude<TargetConfig, LlamaConfig>;
export type BedrockConfig = z.infer<typeof Bedrock>;
export type AzureConfig = z.infer<typeof Azure>;
