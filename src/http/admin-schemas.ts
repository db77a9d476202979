import { z } from "zod";
import { ModelRouting, TargetRouting } from "./target-schemas.ts";

/**
 * The answers of `/admin/v1`, which the dashboard and the CLI read. Times are epoch milliseconds,
 * durations milliseconds, money nano-dollars, rates per second. Fields are only ever added.
 */

/** What happened to a call. `canceled`: the client left before the end. */
export const CallStatus = z.enum(["ok", "error", "blocked", "canceled"]);

const Finding = z.object({
  detector: z.string().describe("what saw it, as `secrets.openai_key` or `injection.override`"),
  action: z
    .enum(["flag", "redact", "block", "hold", "scan_failed"])
    .describe("scan_failed: it did not look"),
  origin: z.enum(["developer", "user", "document", "tool", "history", "assistant"]),
  confidence: z.number().describe("0 to 1"),
  falsePositiveRate: z
    .number()
    .optional()
    .describe("the share of innocent texts, 0 to 1, that look at least as much like it"),
  evidence: z
    .object({ text: z.string(), steps: z.array(z.string()) })
    .optional()
    .describe("what an attack said when it was decoded, and how it was hidden"),
});

/** GET /admin/v1/calls: one line of the list. */
export const CallRow = z.object({
  id: z.string().describe("the trace id, 32 hex digits"),
  at: z.number(),
  route: z.string().describe("the endpoint, as `/v1/chat/completions`"),
  model: z.string().describe("the name that the client asked for"),
  target: z.string().nullable().describe("the target that answered, as `llama/demo`"),
  key: z.string().nullable().describe("the name of the API key"),
  tenantId: z.string(),
  cache: z
    .enum(["hit", "joined", "similar", "miss"])
    .nullable()
    .describe("how the answer cache took part; joined: it waited for an identical call"),
  user: z.string().nullable(),
  stream: z.boolean(),
  status: CallStatus,
  httpStatus: z.number(),
  errorCode: z.string().nullable(),
  finishReason: z.string().nullable(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  cachedTokens: z.number(),
  costNanos: z.number().nullable().describe("null when the target has no known price"),
  durationMs: z.number(),
  ttftMs: z.number().nullable().describe("to the first content"),
  attempts: z.number(),
  findings: z.array(Finding),
  preview: z.string().nullable().describe("the start of the last user message, after redaction"),
});
export type CallRow = z.infer<typeof CallRow>;

export const CallList = z.object({
  calls: z.array(CallRow),
  next: z.string().nullable().describe("hand it back as `cursor` for the next page"),
});
export type CallList = z.infer<typeof CallList>;

/** The filters of GET /admin/v1/calls. */
export const CallQuery = z.strictObject({
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  status: CallStatus.optional(),
  model: z.string().optional(),
  key: z.string().optional(),
  user: z.string().optional(),
  search: z
    .string()
    .optional()
    .describe("words in the prompt or the answer; with `*` after the last one, its beginning"),
  from: z.coerce.number().optional(),
  to: z.coerce.number().optional(),
  minDurationMs: z.coerce.number().optional(),
  guarded: z.stringbool().optional().describe("only calls with a finding"),
});
export type CallQuery = z.infer<typeof CallQuery>;

/** One bar of the waterfall. `parent` is null for the call itself. */
const Span = z.object({
  id: z.string(),
  parent: z.string().nullable(),
  kind: z.enum(["call", "auth", "admit", "guard", "cache", "route", "attempt", "settle"]),
  name: z.string(),
  startMs: z.number().describe("after the call's start"),
  durationMs: z.number(),
  status: z.enum(["ok", "error", "canceled"]),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type Span = z.infer<typeof Span>;

/** GET /admin/v1/calls/:id. */
export const CallDetail = CallRow.extend({
  spans: z.array(Span),
  request: z.unknown().describe("the canonical request, as the capture policy kept it; else null"),
  output: z.string().nullable().describe("the answer's text, as the capture policy kept it"),
  capture: z.enum(["full", "redacted", "metadata", "none"]),
  errorMessage: z.string().nullable(),
});
export type CallDetail = z.infer<typeof CallDetail>;

const Percentiles = z.object({
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
});

/** One bucket of a series; buckets without calls are present with zeros and nulls. */
const Bucket = z.object({
  at: z.number(),
  calls: z.number(),
  errors: z.number(),
  blocked: z.number(),
  guardHits: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  costNanos: z.number(),
  ttftMs: Percentiles,
  durationMs: Percentiles,
});
export type Bucket = z.infer<typeof Bucket>;

export const OverviewWindow = z.enum(["15m", "1h", "6h", "24h", "7d", "30d"]);

/** GET /admin/v1/overview?window=1h: everything on the first page. */
export const Overview = z.object({
  window: OverviewWindow,
  from: z.number(),
  to: z.number(),
  bucketMs: z.number(),
  totals: Bucket.omit({ at: true }).extend({ canceled: z.number() }),
  series: z.array(Bucket),
  models: z.array(
    z.object({
      model: z.string(),
      calls: z.number(),
      errors: z.number(),
      inputTokens: z.number(),
      outputTokens: z.number(),
      costNanos: z.number(),
      durationMs: Percentiles,
    }),
  ),
  live: z.object({
    activeCalls: z.number(),
    callsPerSecond: z.number().describe("over the last 10 s"),
    outputTokensPerSecond: z.number().describe("over the last 10 s"),
    uptimeMs: z.number(),
    rssBytes: z.number(),
    droppedTraces: z.number().describe("since the start; 0 unless the store fell behind"),
  }),
});
export type Overview = z.infer<typeof Overview>;

/** What an embedded engine knows of its model and of itself. */
const EngineStatus = z.object({
  file: z.string(),
  fileBytes: z.number(),
  architecture: z.string(),
  parameters: z.number(),
  quantization: z.string(),
  contextTokens: z.number().describe("per slot"),
  trainedContextTokens: z.number(),
  slots: z.number(),
  running: z.number(),
  waiting: z.number(),
  promptTokens: z.number().describe("computed since the engine started"),
  cachedTokens: z.number().describe("taken from the KV cache since the engine started"),
  generatedTokens: z.number(),
  kvCacheUsage: z.number().describe("the share that running answers hold, 0 to 1"),
  kvCacheKept: z
    .number()
    .describe("the share kept of earlier answers, for prompts that begin alike"),
  restarts: z.number(),
  rssBytes: z.number().nullable(),
  devices: z.array(z.string()),
  backend: z.string().describe("`llama.cpp v0.5.0 (zen4)` or `llama-server`"),
});

/** GET /admin/v1/models. */
export const ModelList = z.object({
  models: z.array(
    z.object({
      name: z.string(),
      default: z.boolean(),
      routing: ModelRouting,
      targets: z.array(
        z.object({
          id: z.string(),
          provider: z.string(),
          model: z.string(),
          url: z.string().nullable(),
          weight: z.number(),
          fallback: z.boolean(),
          state: z.enum(["ready", "loading", "failed", "stopped", "unknown"]),
          detail: z.string().nullable(),
          abilities: z
            .array(z.string())
            .describe("what it can do beside chats: `rerank`, `tokenize`, `audio`, `facts`, …"),
          actions: z.array(z.string()).describe("what can be done to its engine: see POST actions"),
          engine: EngineStatus.nullable(),
          routing: TargetRouting,
          inputPricePerMillion: z.number().nullable().describe("US dollars"),
          outputPricePerMillion: z.number().nullable().describe("US dollars"),
        }),
      ),
      calls24h: z.number(),
    }),
  ),
});
export type ModelList = z.infer<typeof ModelList>;

/** Which target is meant: both names as GET /admin/v1/models has them. */
export const TargetName = z.strictObject({
  model: z.string().describe("the model's name, as `chat`"),
  target: z.string().describe("the target's id, as `vllm/Qwen/Qwen3-8B`"),
});
export type TargetName = z.infer<typeof TargetName>;

/** GET /admin/v1/targets/facts: what the upstream says of itself, asked just now. */
export const TargetFacts = z.object({
  version: z.string().optional(),
  models: z.array(z.object({ id: z.string(), contextTokens: z.number().optional() })),
  load: z
    .object({
      running: z.number().optional(),
      waiting: z.number().optional(),
      kvCacheUsage: z.number().optional().describe("0 to 1"),
      prefixCacheHitRate: z.number().optional().describe("0 to 1, since the engine's start"),
      promptTokens: z.number().optional(),
      generatedTokens: z.number().optional(),
    })
    .optional(),
  isSleeping: z.boolean().optional(),
  openRoutes: z
    .array(z.string())
    .optional()
    .describe("routes of the engine that answer someone without its key"),
  ms: z.number().describe("how long the questions took"),
});
export type TargetFacts = z.infer<typeof TargetFacts>;

/** POST /admin/v1/targets/test: whether the target makes tokens. */
export const TargetTest = z.object({
  ok: z.boolean(),
  error: z.string().nullable(),
  firstContentMs: z.number().nullable(),
  totalMs: z.number(),
  text: z.string(),
  usage: z
    .object({ inputTokens: z.number(), outputTokens: z.number() })
    .nullable()
    .describe("null where the upstream counted nothing"),
});
export type TargetTest = z.infer<typeof TargetTest>;

/** POST /admin/v1/targets/actions. */
export const TargetAction = z.discriminatedUnion("action", [
  TargetName.extend({
    action: z.literal("load-lora"),
    name: z.string().min(1),
    path: z.string().min(1).describe("as the engine sees it"),
  }),
  TargetName.extend({ action: z.literal("unload-lora"), name: z.string().min(1) }),
  TargetName.extend({
    action: z.literal("sleep"),
    level: z.union([z.literal(1), z.literal(2)]).default(1),
  }),
  TargetName.extend({ action: z.literal("wake") }),
  TargetName.extend({ action: z.literal("reset-prefix-cache") }),
  TargetName.extend({ action: z.literal("drain").describe("no new calls go there") }),
  TargetName.extend({ action: z.literal("enable") }),
]);
export type TargetAction = z.infer<typeof TargetAction>;
export const TargetActed = z.object({ done: z.literal(true) });

/** The envelope of every error, OpenAI's. */
export const ErrorBody = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    code: z.string().nullable(),
    param: z.string().nullable(),
    request_id: z.string().optional(),
  }),
});
export type ErrorBody = z.infer<typeof ErrorBody>;
