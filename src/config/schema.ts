import { z } from "zod";
import { type Nanos, parseDollars } from "../core/money.ts";
import { parseDuration } from "../core/time.ts";

/** weir.yaml, once: the validator, the defaults, the JSON Schema and the reference page come from here. */

const duration = (fallback: string) =>
  z
    .string()
    .refine((text) => parseDuration(text) !== undefined, {
      error: "expected a duration such as 250ms, 30s, 5m, 12h or 30d",
    })
    .default(fallback)
    .transform((text) => parseDuration(text) ?? 0);

const dollars = z
  .string()
  .refine((text) => parseDollars(text) !== undefined, {
    error: 'expected an amount such as "20 USD" or "0.15 USD"',
  })
  .transform((text): Nanos => parseDollars(text) ?? 0);

const port = z.int().min(0).max(65_535);

const Server = z.strictObject({
  host: z
    .string()
    .default("127.0.0.1")
    .describe("The address to listen on. Beyond loopback every request still needs a key."),
  port: port.default(8080).describe("0 takes any free port."),
  maxBodyMiB: z.number().positive().max(1024).default(16).describe("Larger requests get a 413."),
  drain: duration("30s").describe("How long running calls may finish after SIGTERM."),
  heartbeat: duration("15s").describe("A silent stream gets a comment line this often."),
  progressAfter: duration("10s").describe(
    "A streaming call that still waits for its first content gets its 200 and progress comments.",
  ),
});

const Price = z.strictObject({
  input: dollars.describe("For a million prompt tokens."),
  output: dollars.describe("For a million generated tokens."),
  cached: dollars.optional().describe("For a million prompt tokens found in a cache."),
});

const Common = {
  weight: z.number().positive().default(1).describe("Its share of the traffic among its siblings."),
  fallback: z.boolean().default(false).describe("Used only when the others cannot answer."),
  price: Price.optional().describe("Overrides the built-in price table."),
};

const Llama = z.strictObject({
  provider: z.literal("llama").describe("The embedded engine: llama.cpp in a process of its own."),
  file: z
    .string()
    .min(1)
    .describe("A GGUF file, relative to this file. `demo` is the built-in one."),
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
  apiKeyEnv: z
    .string()
    .regex(/^[A-Za-z_]\w*$/, { error: "expected the NAME of an environment variable, not the key" })
    .optional()
    .describe("The environment variable that holds its key."),
  timeout: duration("10m").describe("The longest a whole attempt may take."),
  firstContent: duration("60s").describe("The longest to wait for the first content."),
  stall: duration("30s").describe("The longest silence within a stream."),
  ...Common,
};

const url = z.url({ protocol: /^https?$/, error: "expected an http:// or https:// URL" });

const OpenAi = z.strictObject({
  provider: z.literal("openai"),
  url: url.default("https://api.openai.com/v1"),
  ...Remote,
});
const Compatible = z.strictObject({
  provider: z
    .enum(["openai-compatible", "vllm"])
    .describe("Any server that speaks OpenAI's dialect, vLLM among them."),
  url: url.describe("Its base URL; `/v1` is added when the URL has no path."),
  ...Remote,
});

export const TargetConfig = z.discriminatedUnion("provider", [Llama, OpenAi, Compatible], {
  error: 'expected "provider" to be one of llama, openai, openai-compatible, vllm',
});
export type TargetConfig = z.infer<typeof TargetConfig>;
export type LlamaConfig = z.infer<typeof Llama>;
export type RemoteConfig = z.infer<typeof OpenAi> | z.infer<typeof Compatible>;

const Model = z.strictObject({
  targets: z.array(TargetConfig).min(1, "a model needs at least one target"),
});

const Category = z.enum(["injection", "jailbreak", "secrets", "pii"]);

const Guard = z.strictObject({
  mode: z
    .enum(["enforce", "monitor", "off"])
    .default("enforce")
    .describe("monitor records what it would have done and does nothing."),
  input: z
    .array(Category)
    .default(["injection", "jailbreak", "secrets", "pii"])
    .describe(
      "What is looked for in what users write: attacks are blocked, secrets and PII redacted.",
    ),
  documents: z
    .array(Category)
    .default(["injection"])
    .describe("What is looked for in tool results."),
  output: z
    .strictObject({
      redact: z.array(z.enum(["secrets", "pii"])).default(["secrets", "pii"]),
      block: z.array(z.enum(["secrets", "pii"])).default([]),
    })
    .prefault({})
    .describe("What must not leave, also inside a stream."),
});

const KeyLimits = z.strictObject({
  requestsPerMinute: z.int().min(1).optional(),
  tokensPerMinute: z.int().min(1).optional(),
  concurrency: z.int().min(1).optional().describe("Calls at the same time."),
  costPerDay: dollars.optional().describe("A UTC day's budget, reserved before a call starts."),
});
export type KeyLimits = z.infer<typeof KeyLimits>;

const Limits = z.strictObject({
  perKey: KeyLimits.prefault({}),
});

const Traces = z.strictObject({
  capture: z
    .enum(["full", "redacted", "none"])
    .default("redacted")
    .describe(
      "What of prompts and answers is kept: all, with secrets and PII replaced, or nothing.",
    ),
  keep: duration("30d").describe("Older calls are deleted."),
});

export const WeirConfig = z.strictObject({
  server: Server.prefault({}),
  data: z.string().default(".weir").describe("The folder for keys, traces and other state."),
  models: z
    .record(
      z
        .string()
        .regex(/^[\w./:@-]+$/, { error: "a model name has letters, digits and ._/:@- only" }),
      Model,
    )
    .default({ chat: { targets: [TargetConfig.parse({ provider: "llama", file: "demo" })] } })
    .describe("The names that clients ask for, and what answers them."),
  guard: Guard.prefault({}),
  limits: Limits.prefault({}),
  traces: Traces.prefault({}),
});
export type WeirConfig = z.infer<typeof WeirConfig>;

/** The JSON Schema that editors read (`# yaml-language-server: $schema=…`). */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(WeirConfig, { io: "input", unrepresentable: "any" });
  return { title: "weir.yaml", ...schema };
}
