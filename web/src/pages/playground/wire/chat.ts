import { toApiError } from "../../../api/api-error.ts";
import { asNumber, asText, at } from "../../../api/json.ts";
import type { Message, Question } from "../question.ts";
import type { ChatEvent, Wire } from "./wire.ts";

/** OpenAI's chat completions. */
export const chatWire: Wire = {
  path: "/v1/chat/completions",
  body(question) {
    const { model, system, messages, numbers, tools } = question;
    return {
      model,
      messages: [
        ...(system === "" ? [] : [{ role: "system", content: system }]),
        ...messages.flatMap(toMessages),
      ],
      ...(tools.length > 0 && {
        tools: tools.map(({ name, description, parameters }) => ({
          type: "function",
          function: { name, ...(description !== null && { description }), parameters },
        })),
      }),
      ...toFormat(question),
      ...(numbers.temperature !== undefined && { temperature: numbers.temperature }),
      ...(numbers.topP !== undefined && { top_p: numbers.topP }),
      ...(numbers.maxTokens !== undefined && { max_tokens: numbers.maxTokens }),
      ...(numbers.seed !== undefined && { seed: numbers.seed }),
      stream: true,
      stream_options: { include_usage: true },
    };
  },
  *read(chunk) {
    if (at(chunk, "error") !== undefined) throw toApiError(200, chunk);
    const delta = at(chunk, "choices", 0, "delta");
    const thought = asText(at(delta, "reasoning_content")) ?? asText(at(delta, "reasoning"));
    if (thought) yield { type: "reasoning-delta", text: thought };
    const text = asText(at(delta, "content")) ?? asText(at(delta, "refusal"));
    if (text) yield { type: "text-delta", text };
    yield* readCalls(at(delta, "tool_calls"));
    const reason = asText(at(chunk, "choices", 0, "finish_reason"));
    if (reason !== null) yield { type: "finish", reason };
    const inputTokens = asNumber(at(chunk, "usage", "prompt_tokens"));
    if (inputTokens === null) return;
    const outputTokens = asNumber(at(chunk, "usage", "completion_tokens")) ?? 0;
    const cached = asNumber(at(chunk, "usage", "prompt_tokens_details", "cached_tokens"));
    yield { type: "usage", usage: { inputTokens, outputTokens, cachedTokens: cached ?? 0 } };
  },
  isEnd: (data) => data === "[DONE]",
};

function* readCalls(calls: unknown): Generator<ChatEvent> {
  for (const call of Array.isArray(calls) ? calls : []) {
    const id = asText(at(call, "id"));
    const name = asText(at(call, "function", "name"));
    yield {
      type: "tool-delta",
      index: asNumber(at(call, "index")) ?? 0,
      ...(id !== null && { id }),
      ...(name !== null && { name }),
      text: asText(at(call, "function", "arguments")) ?? "",
    };
  }
}

function toMessages(message: Message): Record<string, unknown>[] {
  if (message.role === "user") {
    const { text, images } = message;
    if (images.length === 0) return [{ role: "user", content: text }];
    const pictures = images.map((url) => ({ type: "image_url", image_url: { url } }));
    return [{ role: "user", content: [{ type: "text", text }, ...pictures] }];
  }
  if (message.role === "assistant") {
    const tool_calls = message.calls.map(({ id, name, arguments: typed }) => ({
      id,
      type: "function",
      function: { name, arguments: typed },
    }));
    const content = message.text === "" && tool_calls.length > 0 ? null : message.text;
    return [{ role: "assistant", content, ...(tool_calls.length > 0 && { tool_calls }) }];
  }
  return message.results.map(({ id, text }) => ({
    role: "tool",
    tool_call_id: id,
    content: text,
  }));
}

function toFormat({ format }: Question): Record<string, unknown> {
  if (format === "text") return {};
  if (format === "json") return { response_format: { type: "json_object" } };
  const json_schema = { name: "answer", schema: format.schema, strict: true };
  return { response_format: { type: "json_schema", json_schema } };
}
