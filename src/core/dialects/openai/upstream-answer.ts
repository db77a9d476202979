import { z } from "zod";
import type { ChatEvent, Dialect, FinishReason, Usage } from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { framed } from "../relay.ts";
import { areLists, readLogprobs } from "./upstream-logprobs.ts";

/** Answers of servers that speak OpenAI's dialect, read into events. Leniently: see each kind's oddities. Pure. */

export const WireUsage = z.looseObject({
  prompt_tokens: z.number().nullish(),
  completion_tokens: z.number().nullish(),
  prompt_tokens_details: z.looseObject({ cached_tokens: z.number().nullish() }).nullish(),
  completion_tokens_details: z.looseObject({ reasoning_tokens: z.number().nullish() }).nullish(),
});

const WireToolCall = z.looseObject({
  index: z.number().nullish(),
  id: z.string().nullish(),
  function: z
    .looseObject({
      name: z.string().nullish(),
      // TGI has sent an object here.
      arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
    })
    .nullish(),
  extra_content: z
    .looseObject({ google: z.looseObject({ thought_signature: z.string().nullish() }).nullish() })
    .nullish(),
});

/** Mistral's content of a model that thinks: `[{type: "thinking", thinking: [{text}]}, {type: "text"}]`. */
const ContentChunk = z.looseObject({
  type: z.string().nullish(),
  text: z.string().nullish(),
  thinking: z.array(z.looseObject({ text: z.string().nullish() })).nullish(),
});

const ReasoningDetail = z.looseObject({
  type: z.string().nullish(),
  data: z.string().nullish(),
  signature: z.string().nullish(),
});

const WireMessage = z.looseObject({
  content: z.union([z.string(), z.array(ContentChunk)]).nullish(),
  refusal: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  reasoning_details: z.array(ReasoningDetail).nullish(),
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
  id: z.string().nullish(),
  created: z.number().nullish(),
  object: z.string().nullish(),
  error: z.unknown().optional(),
  // Groq's own place for a stream's usage.
  x_groq: z.looseObject({ usage: WireUsage.nullish() }).nullish(),
});
type WireAnswer = z.infer<typeof WireAnswer>;

/** Reads one chunk's or answer's JSON text into events. Throws provider_failed on anything else. */
export function parseUpstreamAnswer(json: string, relayTo?: Dialect): readonly ChatEvent[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new WeirError("provider_failed", "The upstream sent something that is not JSON.", {
      cause,
    });
  }
  const value = isPlainAnswer(parsed) ? parsed : checkAnswer(parsed);
  const events = toEvents(value);
  if (relayTo === undefined || !isConforming(value, relayTo)) return events;
  return framed(events, { dialect: relayTo, name: "", json, value });
}

const FINISH_REASONS: ReadonlySet<unknown> = new Set([
  undefined,
  null,
  "stop",
  "length",
  "tool_calls",
  "content_filter",
  "function_call",
]);

/** Whether OpenAI's own clients could have this as it is: some servers leave ids out, or have words of their own. */
function isConforming({ id, created, object, choices }: WireAnswer, dialect: Dialect): boolean {
  return (
    typeof id === "string" &&
    id !== "" &&
    typeof created === "number" &&
    typeof object === "string" &&
    Array.isArray(choices) &&
    choices.every((choice) => isConformingChoice(choice, dialect))
  );
}

function isConformingChoice(choice: WireChoice, dialect: Dialect): boolean {
  const { index, finish_reason: reason, delta, message, logprobs } = choice;
  const { content, tool_calls: calls } = delta ?? message ?? {};
  return (
    typeof index === "number" &&
    FINISH_REASONS.has(reason) &&
    !Array.isArray(content) && // Mistral's thinking
    !(dialect === "openai-chat" && areLists(logprobs)) &&
    // Mistral leaves their type out.
    (calls ?? []).every(({ id, type }) => (delta && id == null) || type === "function")
  );
}

function checkAnswer(value: unknown): WireAnswer {
  const result = WireAnswer.safeParse(value);
  if (!result.success) {
    throw new WeirError("provider_failed", "The upstream's answer has an unknown shape.", {
      cause: result.error,
    });
  }
  if (result.data.error != null) throw toAnswerError(result.data.error);
  return result.data;
}

/**
 * Whether this is the answer that comes a thousand times: checked by hand, because the schema costs
 * more than the rest of a chunk's way. It must accept nothing that the schema would refuse; false
 * only means that the schema is asked.
 */
function isPlainAnswer(value: unknown): value is WireAnswer {
  if (!isObject(value)) return false;
  const { choices, usage, error, x_groq: groq } = value;
  if (!isTextOrNone(value["id"]) || !isTextOrNone(value["object"])) return false;
  if (!isNumberOrNone(value["created"]) || groq != null) return false;
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
    message["reasoning_details"] == null &&
    message["refusal"] == null &&
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

function toEvents({ choices, usage, x_groq: groq }: WireAnswer): ChatEvent[] {
  const events: ChatEvent[] = [];
  for (const choice of choices ?? []) addChoiceEvents(choice, events);
  const counted = usage ?? groq?.usage;
  if (counted) events.push({ type: "usage", usage: toUsage(counted) });
  return events;
}

function addChoiceEvents(choice: WireChoice, events: ChatEvent[]): void {
  const index = choice.index ?? 0;
  const message = choice.delta ?? choice.message ?? {};
  addReasoning(index, message, events);
  const text = textOf(message.content) ?? choice.text;
  if (text) events.push(toTextDelta(index, text, choice.logprobs));
  if (message.refusal) events.push({ type: "refusal-delta", index, text: message.refusal });
  if (message.tool_calls) events.push(...toToolCallDeltas(index, message));
  if (choice.finish_reason) {
    events.push({ type: "finish", index, reason: toFinishReason(choice.finish_reason) });
  }
}

function addReasoning(index: number, message: WireMessage, events: ChatEvent[]): void {
  const { content } = message;
  const chunks = Array.isArray(content) ? content.flatMap(({ thinking }) => thinking ?? []) : [];
  const text =
    message.reasoning_content || message.reasoning || chunks.map(({ text }) => text).join("");
  if (text) events.push({ type: "reasoning-delta", index, text });
  for (const { data, signature } of message.reasoning_details ?? []) {
    // The text of these details stands in `reasoning` too.
    const proof = { ...(signature && { signature }), ...(data && { redacted: data }) };
    if (signature || data) events.push({ type: "reasoning-delta", index, text: "", ...proof });
  }
}

function textOf(content: WireMessage["content"]): string | null | undefined {
  if (!Array.isArray(content)) return content;
  return content.map(({ type, text }) => (type === "text" ? (text ?? "") : "")).join("");
}

function toToolCallDeltas(index: number, { tool_calls: calls }: WireMessage): ChatEvent[] {
  return (calls ?? []).map((call, position) => {
    const args = call.function?.arguments ?? "";
    const signature = call.extra_content?.google?.thought_signature;
    return {
      type: "tool-call-delta",
      index,
      call: call.index ?? position,
      ...(call.id && { id: call.id }),
      ...(call.function?.name && { name: call.function.name }),
      arguments: typeof args === "string" ? args : JSON.stringify(args),
      ...(signature && { signature }),
    };
  });
}

function toTextDelta(index: number, text: string, wire: unknown): ChatEvent {
  const logprobs = readLogprobs(wire);
  return { type: "text-delta", index, text, ...(logprobs.length > 0 && { logprobs }) };
}

function toFinishReason(reason: string): FinishReason {
  if (reason === "length" || reason === "tool_calls" || reason === "content_filter") return reason;
  return reason === "function_call" ? "tool_calls" : "stop";
}

export function toUsage(usage: z.infer<typeof WireUsage>): Usage {
  const cached = usage.prompt_tokens_details?.cached_tokens;
  const reasoning = usage.completion_tokens_details?.reasoning_tokens;
  const { image_tokens: images, audio_tokens: audio } = usage.prompt_tokens_details ?? {};
  return {
    inputTokens: usage.prompt_tokens ?? 0,
    outputTokens: usage.completion_tokens ?? 0,
    ...(cached != null && { cachedTokens: cached }),
    ...(isCount(images) && { imageTokens: images }),
    ...(isCount(audio) && { audioTokens: audio }),
    ...(reasoning != null && { reasoningTokens: reasoning }),
  };
}

/** Not all that send these counts send numbers. */
function isCount(tokens: unknown): tokens is number {
  return typeof tokens === "number" && tokens > 0;
}

const WireError = z.looseObject({
  message: z.string(),
  code: z.union([z.string(), z.number()]).nullish(),
  type: z.string().nullish(),
  http_status_code: z.number().nullish(),
});

/** An error that was reported inside an answer whose status said that all was well. */
function toAnswerError(error: unknown): WeirError {
  const text = `The upstream failed: ${errorText(error)}`;
  const { code, type, http_status_code: status } = WireError.safeParse(error).data ?? {};
  const said = [code, type, status].map(String);
  if (said.some((word) => /^429$|rate_limit/i.test(word))) {
    return new WeirError("rate_limited", text);
  }
  if (said.some((word) => /content_filter|content_policy/i.test(word))) {
    return new WeirError("blocked_by_provider", text);
  }
  return new WeirError("provider_failed", text);
}

const Detail = z.looseObject({ detail: z.string() });

/** The human text of an upstream's error, in any of the shapes that servers use. */
export function errorText(error: unknown): string {
  if (typeof error === "string") return error.slice(0, 500);
  // FastAPI's, for routes that are not there.
  const detail = Detail.safeParse(error).data?.detail;
  if (detail !== undefined) return detail.slice(0, 500);
  return (WireError.safeParse(error).data?.message ?? JSON.stringify(error) ?? "").slice(0, 500);
}
