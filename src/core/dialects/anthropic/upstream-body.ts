import type { ChatRequest, GenerateRequest, ResponseFormat } from "../../chat.ts";
import { relayedBody } from "../relay.ts";
import type { UpstreamBody } from "../upstream-dialect.ts";
import { chatOnly, foreignExtra, refuse, unsupported, wishedFor } from "../wishes.ts";
import { isBrokenChain, toPrompt, toToolFields } from "./upstream-messages.ts";
import { type Thinking, mannerOf, toThinking } from "./upstream-thinking.ts";

type Fields = Readonly<Record<string, unknown>>;

const DROPPED = [
  "seed",
  "min_p",
  "repeat_penalty",
  "frequency_penalty",
  "presence_penalty",
] as const;

/** The JSON body for `POST /messages`, for one answer. Throws unsupported_parameter. */
export function toUpstreamBody(request: GenerateRequest): UpstreamBody {
  const relayed = relayedBody(request, "anthropic-messages");
  if (relayed) {
    return { body: toRelayed(relayed, request.stream), dropped: [], isRelayed: true };
  }
  const chat = chatOnly(request);
  refuse(chat, ["logprobs", "logit_bias", "grammar"]);
  if (chat.stop.some((text) => text.trim() === "")) {
    throw unsupported("stop", "This model's provider takes no stop text of white space alone.");
  }
  const { system, turns } = toPrompt(chat.messages);
  const instruction = toInstruction(chat.responseFormat);
  if (instruction) system.push({ type: "text", text: instruction });
  const thinking = toThinking(chat, isBrokenChain(turns));
  const { sampling, dropped } = toSampling(chat, thinking);
  const { effort, ...thinkingFields } = thinking.fields;
  const format = toFormat(chat.responseFormat);
  return {
    body: {
      model: chat.model,
      max_tokens: thinking.maxTokens,
      ...(system.length > 0 && { system }),
      messages: turns,
      ...toToolFields(chat),
      ...thinkingFields,
      ...((effort !== undefined || format) && { output_config: { effort, format } }),
      ...sampling,
      ...(chat.stop.length > 0 && { stop_sequences: chat.stop }),
      ...(chat.user !== undefined && { metadata: { user_id: chat.user } }),
      ...(chat.stream && { stream: true }),
    },
    dropped: [
      ...wishedFor(chat, DROPPED),
      ...dropped,
      ...(thinking.isRefused ? ["reasoning_effort"] : []),
      ...foreignExtra(chat, "anthropic-messages"),
    ],
  };
}

/** Anthropic's temperature ends at 1, a model that thinks has its own, and the newest have none. */
export function toSampling(
  request: ChatRequest,
  { isOn }: Thinking,
): { readonly sampling: Fields; readonly dropped: readonly string[] } {
  const { temperature, topP, topK } = request.sampling;
  if (mannerOf(request.model) === "adaptive without sampling") {
    return { sampling: {}, dropped: wishedFor(request, ["temperature", "top_p", "top_k"]) };
  }
  const mayNucleus = topP !== undefined && (!isOn || topP >= 0.95);
  const sampling = {
    ...(temperature !== undefined && !isOn && { temperature: Math.min(temperature, 1) }),
    ...(mayNucleus && { top_p: topP }),
    ...(topK && !isOn && { top_k: topK }),
  };
  const isChanged = temperature !== undefined && (isOn ? temperature !== 1 : temperature > 1);
  return {
    sampling,
    dropped: [
      ...(isChanged ? ["temperature"] : []),
      ...(topP !== undefined && !mayNucleus ? ["top_p"] : []),
      ...(topK && isOn ? ["top_k"] : []),
    ],
  };
}

function toFormat(format: ResponseFormat | undefined): Fields | undefined {
  if (format?.type !== "json_schema") return undefined;
  return { type: "json_schema", schema: closed(format.schema) };
}

/** There is no word for JSON without a schema; the model is told in plain ones. */
export function toInstruction(format: ResponseFormat | undefined): string | undefined {
  if (format?.type !== "json_object") return undefined;
  return "Answer with one JSON object and nothing else: no text around it, no code fence.";
}

/** Anthropic takes only schemas whose objects say that they have no other properties. */
export function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)] as const);
  const copy: Record<string, unknown> = Object.fromEntries(entries);
  if (copy["type"] === "object" && typeof copy["properties"] === "object") {
    copy["additionalProperties"] ??= false;
  }
  return copy;
}

/**
 * The client's own body, without what other upstreams' answers left in its history: thoughts that
 * nobody signed, and the signatures of other vendors' calls. Anthropic refuses both.
 */
function toRelayed(body: Fields, stream: boolean): Fields {
  const messages = body["messages"];
  return {
    ...body,
    ...(Array.isArray(messages) && { messages: messages.map(toRelayedMessage) }),
    ...(stream !== (body["stream"] === true) && { stream }),
  };
}

function toRelayedMessage(message: Fields): Fields {
  const { role, content } = message;
  if (role !== "assistant" || !Array.isArray(content)) return message;
  const blocks = content as Fields[];
  if (!blocks.some((block) => isUnsigned(block) || isSignedCall(block))) return message;
  const kept = blocks.filter((block) => !isUnsigned(block));
  return {
    ...message,
    content: kept.map((block) => {
      if (!isSignedCall(block)) return block;
      const { signature: _, ...rest } = block;
      return rest;
    }),
  };
}

function isUnsigned({ type, signature }: Fields): boolean {
  return type === "thinking" && !signature;
}

function isSignedCall({ type, signature }: Fields): boolean {
  return type === "tool_use" && signature !== undefined;
}
