import { toApiError } from "../../../api/api-error.ts";
import { asNumber, asText, at, isRecord, parseJson } from "../../../api/json.ts";
import type { Message, Question } from "../question.ts";
import type { ChatEvent, Wire } from "./wire.ts";

/** The format wants a bound; this one is sent where none was typed. */
const MAX_TOKENS = 1024;

/** Anthropic's messages. It has no seed, and no JSON without a schema: those are not sent. */
export const messagesWire: Wire = {
  path: "/v1/messages",
  body(question) {
    const { model, system, messages, numbers, tools } = question;
    return {
      model,
      ...(system !== "" && { system }),
      messages: messages.map(toMessage),
      max_tokens: numbers.maxTokens ?? MAX_TOKENS,
      ...(tools.length > 0 && {
        tools: tools.map(({ name, description, parameters }) => ({
          name,
          ...(description !== null && { description }),
          input_schema: parameters,
        })),
      }),
      ...toFormat(question),
      ...(numbers.temperature !== undefined && { temperature: numbers.temperature }),
      ...(numbers.topP !== undefined && { top_p: numbers.topP }),
      stream: true,
    };
  },
  *read(chunk) {
    if (at(chunk, "type") === "error") throw toApiError(200, chunk);
    yield* readBlock(chunk);
    const reason = asText(at(chunk, "delta", "stop_reason"));
    if (reason !== null) yield { type: "finish", reason };
    yield* readUsage(at(chunk, "message", "usage") ?? at(chunk, "usage"));
  },
  isEnd: (_data, chunk) => at(chunk, "type") === "message_stop",
};

function* readBlock(chunk: unknown): Generator<ChatEvent> {
  const index = asNumber(at(chunk, "index")) ?? 0;
  const block = at(chunk, "content_block");
  if (at(block, "type") === "tool_use") {
    const id = asText(at(block, "id")) ?? String(index);
    yield { type: "tool-delta", index, id, name: asText(at(block, "name")) ?? "", text: "" };
  }
  const delta = at(chunk, "delta");
  const text = asText(at(delta, "text"));
  if (text) yield { type: "text-delta", text };
  const thought = asText(at(delta, "thinking"));
  if (thought) yield { type: "reasoning-delta", text: thought };
  const typed = asText(at(delta, "partial_json"));
  if (typed) yield { type: "tool-delta", index, text: typed };
}

/** What was read from the cache stands beside the input here; elsewhere it is part of it. */
function* readUsage(usage: unknown): Generator<ChatEvent> {
  const input = asNumber(at(usage, "input_tokens"));
  const output = asNumber(at(usage, "output_tokens"));
  const cached = asNumber(at(usage, "cache_read_input_tokens")) ?? 0;
  const written = asNumber(at(usage, "cache_creation_input_tokens")) ?? 0;
  if (input === null && output === null) return;
  yield {
    type: "usage",
    usage: {
      ...(input !== null && { inputTokens: input + cached + written, cachedTokens: cached }),
      ...(output !== null && { outputTokens: output }),
    },
  };
}

function toMessage(message: Message): Record<string, unknown> {
  if (message.role === "user") {
    const { text, images } = message;
    if (images.length === 0) return { role: "user", content: text };
    return { role: "user", content: [...images.map(toImage), { type: "text", text }] };
  }
  if (message.role === "assistant") {
    const { text, calls } = message;
    if (calls.length === 0) return { role: "assistant", content: text };
    const uses = calls.map(({ id, name, arguments: typed }) => {
      const input = parseJson(typed);
      return { type: "tool_use", id, name, input: isRecord(input) ? input : {} };
    });
    return {
      role: "assistant",
      content: [...(text === "" ? [] : [{ type: "text", text }]), ...uses],
    };
  }
  return {
    role: "user",
    content: message.results.map(({ id, text }) => ({
      type: "tool_result",
      tool_use_id: id,
      content: text,
    })),
  };
}

function toImage(dataUrl: string): Record<string, unknown> {
  const [, media_type = "image/png", data = ""] =
    /^data:([^;,]+);base64,(.*)$/s.exec(dataUrl) ?? [];
  return { type: "image", source: { type: "base64", media_type, data } };
}

function toFormat({ format }: Question): Record<string, unknown> {
  if (typeof format === "string") return {};
  return { output_config: { format: { type: "json_schema", schema: format.schema } } };
}
