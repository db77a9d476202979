import { z } from "zod";
import type { CacheMark, ChatMessage, ContentPart, ReasoningPart, ToolCall } from "../../chat.ts";

/** A chat's messages as OpenAI's clients send them, and their canonical form. Pure. */

const Cache = z.looseObject({ ttl: z.enum(["5m", "1h"]).nullish() }).nullish();

const PARTS = {
  text: z.looseObject({
    type: z.literal("text"),
    text: z.string(),
    cache_control: Cache.describe("not OpenAI's: Anthropic's cache mark, also taken elsewhere"),
  }),
  image_url: z.looseObject({
    type: z.literal("image_url"),
    image_url: z.looseObject({ url: z.string(), detail: z.string().nullish() }),
    cache_control: Cache,
  }),
  input_audio: z.looseObject({
    type: z.literal("input_audio"),
    input_audio: z.looseObject({ data: z.string(), format: z.string() }),
  }),
  file: z.looseObject({
    type: z.literal("file"),
    file: z.looseObject({
      file_data: z.string().nullish(),
      filename: z.string().nullish(),
      file_id: z.string().nullish(),
    }),
  }),
  refusal: z.looseObject({ type: z.literal("refusal"), refusal: z.string() }),
};

const KnownPart = z.discriminatedUnion("type", [
  PARTS.text,
  PARTS.image_url,
  PARTS.input_audio,
  PARTS.file,
  PARTS.refusal,
]);
/** A part of a kind that we do not know goes to targets of this dialect as it is. */
const OtherPart = z.looseObject({
  type: z.string().refine((type) => !(type in PARTS), "has fields that its type does not allow"),
});
const Part = z.union([KnownPart, OtherPart]);
type Part = z.infer<typeof Part>;

const Content = z.union([z.string(), z.array(Part)], {
  error: 'expected a string or an array of parts such as {type: "text"} and {type: "image_url"}',
});

const ToolCallBody = z.looseObject({
  id: z.string(),
  type: z.literal("function").default("function"),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
  extra_content: z
    .looseObject({
      google: z.looseObject({ thought_signature: z.string().nullish() }).nullish(),
    })
    .nullish()
    .describe("not OpenAI's: where Gemini's signature of a call travels"),
});

const ReasoningDetail = z.looseObject({
  type: z.string(),
  text: z.string().nullish(),
  summary: z.string().nullish(),
  data: z.string().nullish(),
  signature: z.string().nullish(),
  id: z.string().nullish(),
});

const named = { name: z.string().nullish() };

export const Message = z.discriminatedUnion(
  "role",
  [
    z.looseObject({ role: z.literal("system"), content: Content, ...named }),
    z.looseObject({ role: z.literal("developer"), content: Content, ...named }),
    z.looseObject({ role: z.literal("user"), content: Content, ...named }),
    z.looseObject({
      role: z.literal("assistant"),
      content: Content.nullish(),
      ...named,
      refusal: z.string().nullish(),
      tool_calls: z.array(ToolCallBody).nullish(),
      reasoning_content: z.string().nullish().describe("not OpenAI's: the earlier thinking"),
      reasoning: z.string().nullish().describe("not OpenAI's: the earlier thinking"),
      reasoning_details: z
        .array(ReasoningDetail)
        .nullish()
        .describe("not OpenAI's: the earlier thinking with its signatures"),
    }),
    z.looseObject({ role: z.literal("tool"), content: Content, tool_call_id: z.string() }),
  ],
  { error: 'expected "role" to be one of system, developer, user, assistant, tool' },
);
export type Message = z.infer<typeof Message>;
type AssistantMessage = Extract<Message, { role: "assistant" }>;

export function toMessage(message: Message): ChatMessage {
  const content = toContent(message.content);
  if (message.role === "tool") return { role: "tool", content, toolCallId: message.tool_call_id };
  const name = message.name == null ? {} : { name: message.name };
  if (message.role !== "assistant") return { role: message.role, content, ...name };
  const reasoning = toReasoning(message);
  return {
    role: "assistant",
    content: content ?? message.refusal ?? null,
    ...name,
    ...(reasoning && { reasoning }),
    ...(message.tool_calls?.length && { toolCalls: message.tool_calls.map(toToolCall) }),
  };
}

function toToolCall(call: z.infer<typeof ToolCallBody>): ToolCall {
  const signature = call.extra_content?.google?.thought_signature;
  return {
    id: call.id,
    name: call.function.name,
    arguments: call.function.arguments,
    ...(signature != null && { signature }),
  };
}

function toReasoning(message: AssistantMessage): ReasoningPart[] | undefined {
  if (message.reasoning_details?.length) return message.reasoning_details.map(toReasoningPart);
  const text = message.reasoning_content ?? message.reasoning;
  return text ? [{ text }] : undefined;
}

function toReasoningPart(detail: z.infer<typeof ReasoningDetail>): ReasoningPart {
  return {
    text: detail.text ?? detail.summary ?? "",
    ...(detail.signature != null && { signature: detail.signature }),
    ...(detail.data != null && { redacted: detail.data }),
    ...(detail.id != null && { id: detail.id }),
  };
}

function toContent(content: z.infer<typeof Content> | null | undefined): ChatMessage["content"] {
  if (content == null) return null;
  return typeof content === "string" ? content : content.map(toPart);
}

function toPart(part: Part): ContentPart {
  const known = KnownPart.safeParse(part).data;
  switch (known?.type) {
    case "text":
      return { type: "text", text: known.text, ...toCache(known.cache_control) };
    case "refusal":
      return { type: "text", text: known.refusal };
    case "image_url": {
      const { url, detail } = known.image_url;
      const more = { ...(detail != null && { detail }), ...toCache(known.cache_control) };
      return { type: "image", url, ...more };
    }
    case "input_audio": {
      const { data, format } = known.input_audio;
      return { type: "audio", format, base64: data };
    }
    case "file":
      if (known.file.file_data != null) {
        const { filename, file_data: url } = known.file;
        return { type: "file", url, ...(filename != null && { name: filename }) };
      }
  }
  return { type: "foreign", dialect: "openai-chat", what: `a "${part.type}" part`, value: part };
}

function toCache(mark: z.infer<typeof Cache>): { cache?: CacheMark } {
  return mark ? { cache: mark.ttl ? { ttl: mark.ttl } : {} } : {};
}
