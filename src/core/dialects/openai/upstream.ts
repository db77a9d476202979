import { z } from "zod";
import type { ChatEvent, ChatMessage, FinishReason, GenerateRequest, Usage } from "../../chat.ts";
import { WeirError } from "../../errors.ts";

/** Canonical requests written for an OpenAI-compatible server, and its answers read. Pure. */

/** The JSON body for `/chat/completions` or `/completions`. */
export function toUpstreamBody(request: GenerateRequest): Record<string, unknown> {
  const { sampling } = request;
  return {
    ...request.extra,
    model: request.model,
    ...(request.kind === "chat" ? toChatFields(request) : toCompletionFields(request)),
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    repetition_penalty: sampling.repeatPenalty,
    frequency_penalty: sampling.frequencyPenalty,
    presence_penalty: sampling.presencePenalty,
    seed: sampling.seed,
    logit_bias: sampling.logitBias,
    max_tokens: request.maxTokens,
    stop: request.stop.length > 0 ? request.stop : undefined,
    n: request.n > 1 ? request.n : undefined,
    user: request.user,
    ...(request.stream && { stream: true, stream_options: { include_usage: true } }),
  };
}

function toChatFields(
  request: Extract<GenerateRequest, { kind: "chat" }>,
): Record<string, unknown> {
  const { toolChoice, responseFormat, topLogprobs } = request;
  return {
    messages: request.messages.map(toWireMessage),
    tools: request.tools?.map((tool) => ({ type: "function", function: tool })),
    tool_choice:
      typeof toolChoice === "object"
        ? { type: "function", function: { name: toolChoice.name } }
        : toolChoice,
    response_format:
      responseFormat?.type === "json_schema"
        ? {
            type: "json_schema",
            json_schema: { name: responseFormat.name, schema: responseFormat.schema },
          }
        : responseFormat,
    ...(topLogprobs !== undefined && { logprobs: true, top_logprobs: topLogprobs }),
  };
}

function toCompletionFields(
  request: Extract<GenerateRequest, { kind: "completion" }>,
): Record<string, unknown> {
  return {
    prompt: request.prompt,
    echo: request.echo || undefined,
    logprobs: request.topLogprobs,
  };
}

function toWireMessage(message: ChatMessage): Record<string, unknown> {
  const content =
    message.content === null || typeof message.content === "string"
      ? message.content
      : message.content.map((part) =>
          part.type === "text"
            ? part
            : { type: "image_url", image_url: { url: part.url, detail: part.detail } },
        );
  return {
    role: message.role,
    content,
    name: message.name,
    tool_call_id: message.toolCallId,
    tool_calls: message.toolCalls?.map(({ id, name, arguments: args }) => ({
      id,
      type: "function",
      function: { name, arguments: args },
    })),
  };
}

const WireUsage = z.looseObject({
  prompt_tokens: z.number().nullish(),
  completion_tokens: z.number().nullish(),
  prompt_tokens_details: z.looseObject({ cached_tokens: z.number().nullish() }).nullish(),
  completion_tokens_details: z.looseObject({ reasoning_tokens: z.number().nullish() }).nullish(),
});

const WireLogprob = z.looseObject({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.number()).nullish(),
});
const WireLogprobs = z.looseObject({
  content: z.array(WireLogprob.extend({ top_logprobs: z.array(WireLogprob).nullish() })).nullish(),
});

const WireToolCall = z.looseObject({
  index: z.number().nullish(),
  id: z.string().nullish(),
  function: z
    .looseObject({ name: z.string().nullish(), arguments: z.string().nullish() })
    .nullish(),
});

const WireMessage = z.looseObject({
  content: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  tool_calls: z.array(WireToolCall).nullish(),
});

/** One stream chunk or one whole answer: they differ in `delta` against `message`. Read leniently. */
const WireAnswer = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        index: z.number().nullish(),
        delta: WireMessage.nullish(),
        message: WireMessage.nullish(),
        text: z.string().nullish(),
        logprobs: z.unknown().optional(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: WireUsage.nullish(),
  error: z.unknown().optional(),
});
type WireAnswer = z.infer<typeof WireAnswer>;

/** Reads one chunk's or answer's JSON text into events. Throws provider_failed on anything else. */
export function parseUpstreamAnswer(json: string): ChatEvent[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new WeirError("provider_failed", "The upstream sent something that is not JSON.", {
      cause,
    });
  }
  return toEvents(isPlainAnswer(value) ? value : checkAnswer(value));
}

function checkAnswer(value: unknown): WireAnswer {
  const result = WireAnswer.safeParse(value);
  if (!result.success) {
    throw new WeirError("provider_failed", "The upstream's answer has an unknown shape.", {
      cause: result.error,
    });
  }
  if (result.data.error != null) {
    throw new WeirError("provider_failed", `The upstream failed: ${errorText(result.data.error)}`);
  }
  return result.data;
}

/**
 * Whether this is the answer that comes a thousand times: checked by hand, because the schema costs
 * more than the rest of a chunk's way. It must accept nothing that the schema would refuse; false
 * only means that the schema is asked.
 */
function isPlainAnswer(value: unknown): value is WireAnswer {
  if (!isObject(value)) return false;
  const { choices, usage, error } = value;
  if (error != null || !(usage == null || isPlainUsage(usage))) return false;
  return choices == null || (Array.isArray(choices) && choices.every(isPlainChoice));
}

function isPlainChoice(choice: unknown): boolean {
  if (!isObject(choice)) return false;
  const { delta, message } = choice;
  return (
    isNumberOrNone(choice["index"]) &&
    isTextOrNone(choice["finish_reason"]) &&
    isTextOrNone(choice["text"]) &&
    (delta == null || isPlainMessage(delta)) &&
    (message == null || isPlainMessage(message))
  );
}

function isPlainMessage(message: unknown): boolean {
  return (
    isObject(message) &&
    message["tool_calls"] == null &&
    isTextOrNone(message["content"]) &&
    isTextOrNone(message["reasoning_content"]) &&
    isTextOrNone(message["reasoning"])
  );
}

function isPlainUsage(usage: unknown): boolean {
  if (!isObject(usage)) return false;
  const { prompt_tokens_details: prompt, completion_tokens_details: completion } = usage;
  return (
    isNumberOrNone(usage["prompt_tokens"]) &&
    isNumberOrNone(usage["completion_tokens"]) &&
    (prompt == null || (isObject(prompt) && isNumberOrNone(prompt["cached_tokens"]))) &&
    (completion == null || (isObject(completion) && isNumberOrNone(completion["reasoning_tokens"])))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTextOrNone(value: unknown): boolean {
  return value == null || typeof value === "string";
}

/** JSON can write numbers that are infinite here: `1e999`. */
function isNumberOrNone(value: unknown): boolean {
  return value == null || Number.isFinite(value);
}

type WireChoice = NonNullable<WireAnswer["choices"]>[number];
type WireMessage = z.infer<typeof WireMessage>;

function toEvents({ choices, usage }: WireAnswer): ChatEvent[] {
  const events: ChatEvent[] = [];
  for (const choice of choices ?? []) addChoiceEvents(choice, events);
  if (usage) events.push({ type: "usage", usage: toUsage(usage) });
  return events;
}

function addChoiceEvents(choice: WireChoice, events: ChatEvent[]): void {
  const index = choice.index ?? 0;
  const message = choice.delta ?? choice.message ?? {};
  const reasoning = message.reasoning_content ?? message.reasoning;
  if (reasoning) events.push({ type: "reasoning-delta", index, text: reasoning });
  const text = message.content ?? choice.text;
  if (text) events.push(toTextDelta(index, text, choice.logprobs));
  if (message.tool_calls) events.push(...toToolCallDeltas(index, message));
  if (choice.finish_reason) {
    events.push({ type: "finish", index, reason: toFinishReason(choice.finish_reason) });
  }
}

function toToolCallDeltas(index: number, { tool_calls: calls }: WireMessage): ChatEvent[] {
  return (calls ?? []).map((call, position) => ({
    type: "tool-call-delta",
    index,
    call: call.index ?? position,
    ...(call.id && { id: call.id }),
    ...(call.function?.name && { name: call.function.name }),
    arguments: call.function?.arguments ?? "",
  }));
}

function toTextDelta(index: number, text: string, wire: unknown): ChatEvent {
  const logprobs = wire == null ? undefined : WireLogprobs.safeParse(wire).data?.content;
  if (!logprobs?.length) return { type: "text-delta", index, text };
  return {
    type: "text-delta",
    index,
    text,
    logprobs: logprobs.map(({ token, logprob, bytes, top_logprobs }) => ({
      token,
      logprob,
      bytes: bytes ?? [...Buffer.from(token)],
      top: (top_logprobs ?? []).map((top) => ({
        token: top.token,
        logprob: top.logprob,
        bytes: top.bytes ?? [...Buffer.from(top.token)],
      })),
    })),
  };
}

function toFinishReason(reason: string): FinishReason {
  if (reason === "length" || reason === "tool_calls" || reason === "content_filter") return reason;
  return reason === "function_call" ? "tool_calls" : "stop";
}

function toUsage(usage: z.infer<typeof WireUsage>): Usage {
  const cached = usage.prompt_tokens_details?.cached_tokens;
  const reasoning = usage.completion_tokens_details?.reasoning_tokens;
  return {
    inputTokens: usage.prompt_tokens ?? 0,
    outputTokens: usage.completion_tokens ?? 0,
    ...(cached != null && { cachedTokens: cached }),
    ...(reasoning != null && { reasoningTokens: reasoning }),
  };
}

const WireError = z.looseObject({ message: z.string() });

/** The human text of an upstream's error, in any of the shapes that servers use. */
export function errorText(error: unknown): string {
  if (typeof error === "string") return error.slice(0, 500);
  return (WireError.safeParse(error).data?.message ?? JSON.stringify(error) ?? "").slice(0, 500);
}

const WireEmbeddings = z.looseObject({
  data: z.array(z.looseObject({ index: z.number(), embedding: z.array(z.number()) })),
  usage: WireUsage.nullish(),
});

export function parseUpstreamEmbeddings(value: unknown): { vectors: number[][]; usage: Usage } {
  const result = WireEmbeddings.safeParse(value);
  if (!result.success) {
    throw new WeirError("provider_failed", "The upstream's embeddings have an unknown shape.", {
      cause: result.error,
    });
  }
  const { data, usage } = result.data;
  const vectors = data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);
  return { vectors, usage: usage ? toUsage(usage) : { inputTokens: 0, outputTokens: 0 } };
}
