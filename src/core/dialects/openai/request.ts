import { z } from "zod";
import type {
  ChatMessage,
  ChatRequest,
  CompletionRequest,
  EmbedRequest,
  GenerationOptions,
  ResponseFormat,
  Sampling,
  ToolDefinition,
} from "../../chat.ts";
import { WeirError } from "../../errors.ts";

/** OpenAI's request bodies, checked and turned into canonical requests. Pure. */

const TextPart = z.object({ type: z.literal("text"), text: z.string() });
const ImagePart = z.object({
  type: z.literal("image_url"),
  image_url: z.object({ url: z.string(), detail: z.string().optional() }),
});
const Content = z.union([z.string(), z.array(z.union([TextPart, ImagePart]))], {
  error: 'expected a string or an array of {type: "text"} and {type: "image_url"} parts',
});
const WireToolCall = z.object({
  id: z.string(),
  type: z.literal("function").default("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const Message = z.discriminatedUnion(
  "role",
  [
    z.object({ role: z.literal("system"), content: Content, name: z.string().optional() }),
    z.object({ role: z.literal("developer"), content: Content, name: z.string().optional() }),
    z.object({ role: z.literal("user"), content: Content, name: z.string().optional() }),
    z.object({
      role: z.literal("assistant"),
      content: Content.nullish(),
      name: z.string().optional(),
      tool_calls: z.array(WireToolCall).optional(),
    }),
    z.object({ role: z.literal("tool"), content: Content, tool_call_id: z.string() }),
  ],
  { error: 'expected "role" to be one of system, developer, user, assistant, tool' },
);

const Tool = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string(),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
  }),
});

const Format = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({
      name: z.string().default("answer"),
      schema: z.record(z.string(), z.unknown()).optional(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

const count = (what: string) =>
  z.int(`${what} must be a whole number`).min(1, `${what} must be at least 1`);

/** What chat completions and completions have in common. */
const Options = {
  model: z.string().min(1).describe("a model name from weir.yaml"),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  n: count("n").max(16, "n must be at most 16").nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  seed: z.int().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).nullish().describe("not OpenAI's: 0 turns it off"),
  min_p: z.number().min(0).max(1).nullish().describe("not OpenAI's"),
  repeat_penalty: z.number().min(0).max(10).nullish().describe("not OpenAI's; 1 turns it off"),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z.record(z.string(), z.number().min(-100).max(100)).nullish(),
  max_tokens: count("max_tokens").nullish(),
  user: z.string().nullish().describe("on whose behalf: limits, traces and risk are kept by it"),
  grammar: z.string().nullish().describe("not OpenAI's: a GBNF grammar, embedded engine only"),
};

export const ChatCompletionBody = z.looseObject({
  ...Options,
  messages: z.array(Message).min(1, "messages must have at least one message"),
  max_completion_tokens: count("max_completion_tokens").nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  response_format: Format.nullish(),
  tools: z.array(Tool).nullish(),
  tool_choice: z
    .union([
      z.enum(["auto", "none", "required"]),
      z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) }),
    ])
    .nullish(),
});
export type ChatCompletionBody = z.infer<typeof ChatCompletionBody>;

export const CompletionBody = z.looseObject({
  ...Options,
  prompt: z.union([z.string(), z.tuple([z.string()])], {
    error: "expected prompt to be one string; send several prompts as several requests",
  }),
  echo: z.boolean().nullish(),
  logprobs: z.int().min(0).max(20).nullish(),
});
export type CompletionBody = z.infer<typeof CompletionBody>;

export const EmbeddingBody = z.looseObject({
  model: z.string().min(1),
  input: z.union([
    z.string().min(1, "input must not be empty"),
    z.array(z.string().min(1, "input must not be empty")).min(1).max(2048),
    z.array(z.int()).min(1),
    z.array(z.array(z.int()).min(1)).min(1).max(2048),
  ]),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: count("dimensions").nullish(),
  user: z.string().nullish(),
});
export type EmbeddingBody = z.infer<typeof EmbeddingBody>;

const KNOWN = new Set([
  ...Object.keys(ChatCompletionBody.shape),
  ...Object.keys(CompletionBody.shape),
]);

export function toChatRequest(body: ChatCompletionBody): ChatRequest {
  const options = toOptions(body, body.max_completion_tokens ?? body.max_tokens);
  const request: Mutable<ChatRequest> = {
    kind: "chat",
    ...options,
    messages: body.messages.map(toMessage),
  };
  if (body.logprobs) request.topLogprobs = body.top_logprobs ?? 0;
  if (body.response_format) request.responseFormat = toFormat(body.response_format);
  if (body.tools?.length) request.tools = body.tools.map(toTool);
  if (body.tool_choice) {
    request.toolChoice =
      typeof body.tool_choice === "string"
        ? body.tool_choice
        : { name: body.tool_choice.function.name };
  }
  return request;
}

export function toCompletionRequest(body: CompletionBody): CompletionRequest {
  const request: Mutable<CompletionRequest> = {
    kind: "completion",
    ...toOptions(body, body.max_tokens ?? 16), // 16 is this endpoint's documented default
    prompt: typeof body.prompt === "string" ? body.prompt : body.prompt[0],
    echo: body.echo ?? false,
  };
  if (body.logprobs != null) request.topLogprobs = body.logprobs;
  return request;
}

export function toEmbedRequest(body: EmbeddingBody): EmbedRequest {
  const { input, dimensions } = body;
  const many = typeof input === "string" || typeof input[0] === "number" ? [input] : input;
  return {
    kind: "embedding",
    model: body.model,
    input: many as (string | number[])[], // the schema admits no other mixture
    ...(dimensions != null && { dimensions }),
  };
}

/** Checks a parsed body against its schema; throws invalid_request naming the first field at fault. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({
    at: pathOf(issue.path),
    text: issue.message,
  }));
  const [first] = issues;
  const text = issues.slice(0, 5).map(({ at, text }) => (at ? `${at}: ${text}` : text));
  throw new WeirError("invalid_request", text.join("; "), first?.at ? { param: first.at } : {});
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text ? `${text}.${String(key)}` : String(key);
  }, "");
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type WireOptions = Pick<ChatCompletionBody, keyof typeof Options>;

function toOptions(
  body: WireOptions & Record<string, unknown>,
  maxTokens: number | null | undefined,
): GenerationOptions & { model: string; user?: string } {
  const options: Mutable<GenerationOptions> & { model: string; user?: string } = {
    model: body.model,
    sampling: toSampling(body),
    stop: body.stop == null ? [] : typeof body.stop === "string" ? [body.stop] : body.stop,
    n: body.n ?? 1,
    stream: body.stream ?? false,
  };
  if (maxTokens != null) options.maxTokens = maxTokens;
  if (body.grammar != null) options.grammar = body.grammar;
  if (body.user != null) options.user = body.user;
  const extra = Object.entries(body).filter(([key]) => !KNOWN.has(key));
  if (extra.length > 0) options.extra = Object.fromEntries(extra);
  return options;
}

function toSampling(body: WireOptions): Sampling {
  const sampling: Mutable<Sampling> = {};
  if (body.temperature != null) sampling.temperature = body.temperature;
  if (body.top_p != null) sampling.topP = body.top_p;
  if (body.top_k != null) sampling.topK = body.top_k;
  if (body.min_p != null) sampling.minP = body.min_p;
  if (body.repeat_penalty != null) sampling.repeatPenalty = body.repeat_penalty;
  if (body.frequency_penalty != null) sampling.frequencyPenalty = body.frequency_penalty;
  if (body.presence_penalty != null) sampling.presencePenalty = body.presence_penalty;
  if (body.seed != null) sampling.seed = body.seed;
  if (body.logit_bias != null) sampling.logitBias = body.logit_bias;
  return sampling;
}

function toMessage(message: z.infer<typeof Message>): ChatMessage {
  const content = typeof message.content === "string" ? message.content : toParts(message.content);
  if (message.role === "tool") return { role: "tool", content, toolCallId: message.tool_call_id };
  const named = message.name === undefined ? {} : { name: message.name };
  if (message.role !== "assistant") return { role: message.role, content, ...named };
  const toolCalls = message.tool_calls?.map(({ id, function: { name, arguments: args } }) => ({
    id,
    name,
    arguments: args,
  }));
  return { role: "assistant", content, ...named, ...(toolCalls && { toolCalls }) };
}

function toParts(
  content: Exclude<z.infer<typeof Content>, string> | null | undefined,
): ChatMessage["content"] {
  if (!content) return null;
  return content.map((part) => {
    if (part.type === "text") return { type: "text", text: part.text };
    const { url, detail } = part.image_url;
    return { type: "image", url, ...(detail !== undefined && { detail }) };
  });
}

function toTool({
  function: { name, description, parameters },
}: z.infer<typeof Tool>): ToolDefinition {
  return {
    name,
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parameters }),
  };
}

function toFormat(format: z.infer<typeof Format>): ResponseFormat {
  if (format.type !== "json_schema") return { type: format.type };
  const { name, schema } = format.json_schema;
  return { type: "json_schema", name, schema: schema ?? {} };
}
