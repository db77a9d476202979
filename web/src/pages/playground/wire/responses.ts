import { toApiError } from "../../../api/api-error.ts";
import { asNumber, asText, at } from "../../../api/json.ts";
import type { Message, Question } from "../question.ts";
import type { ChatEvent, Wire } from "./wire.ts";

/** OpenAI's responses, each with the whole conversation and nothing stored. It has no seed. */
export const responsesWire: Wire = {
  path: "/v1/responses",
  body(question) {
    const { model, system, messages, numbers, tools } = question;
    return {
      model,
      ...(system !== "" && { instructions: system }),
      input: messages.flatMap(toItems),
      ...(tools.length > 0 && {
        tools: tools.map(({ name, description, parameters }) => ({
          type: "function",
          name,
          ...(description !== null && { description }),
          parameters,
          strict: false,
        })),
      }),
      ...toFormat(question),
      ...(numbers.temperature !== undefined && { temperature: numbers.temperature }),
      ...(numbers.topP !== undefined && { top_p: numbers.topP }),
      ...(numbers.maxTokens !== undefined && { max_output_tokens: numbers.maxTokens }),
      store: false,
      stream: true,
    };
  },
  *read(chunk) {
    const text = asText(at(chunk, "delta")) ?? "";
    const index = asNumber(at(chunk, "output_index")) ?? 0;
    switch (at(chunk, "type")) {
      case "response.output_text.delta":
      case "response.refusal.delta":
        return yield { type: "text-delta", text };
      case "response.reasoning_text.delta":
      case "response.reasoning_summary_text.delta":
        return yield { type: "reasoning-delta", text };
      case "response.function_call_arguments.delta":
        return yield { type: "tool-delta", index, text };
      case "response.output_item.added":
        return yield* readItem(at(chunk, "item"), index);
      case "response.completed":
      case "response.incomplete":
        return yield* readEnd(at(chunk, "response"));
      case "response.failed":
        throw toApiError(200, at(chunk, "response"));
      case "error":
        throw toApiError(200, at(chunk, "error") === undefined ? { error: chunk } : chunk);
      default:
        return undefined;
    }
  },
  isEnd: (_data, chunk) =>
    /^response\.(completed|incomplete)$/.test(asText(at(chunk, "type")) ?? ""),
};

function* readItem(item: unknown, index: number): Generator<ChatEvent> {
  if (at(item, "type") !== "function_call") return;
  yield {
    type: "tool-delta",
    index,
    id: asText(at(item, "call_id")) ?? String(index),
    name: asText(at(item, "name")) ?? "",
    text: asText(at(item, "arguments")) ?? "",
  };
}

function* readEnd(response: unknown): Generator<ChatEvent> {
  const reason = asText(at(response, "incomplete_details", "reason"));
  yield { type: "finish", reason: reason ?? asText(at(response, "status")) ?? "completed" };
  const inputTokens = asNumber(at(response, "usage", "input_tokens"));
  if (inputTokens === null) return;
  const outputTokens = asNumber(at(response, "usage", "output_tokens")) ?? 0;
  const cached = asNumber(at(response, "usage", "input_tokens_details", "cached_tokens"));
  yield { type: "usage", usage: { inputTokens, outputTokens, cachedTokens: cached ?? 0 } };
}

function toItems(message: Message): Record<string, unknown>[] {
  if (message.role === "user") {
    const { text, images } = message;
    if (images.length === 0) return [{ role: "user", content: text }];
    const pictures = images.map((image_url) => ({ type: "input_image", image_url }));
    return [{ role: "user", content: [{ type: "input_text", text }, ...pictures] }];
  }
  if (message.role === "assistant") {
    return [
      ...(message.text === "" ? [] : [{ role: "assistant", content: message.text }]),
      ...message.calls.map(({ id, name, arguments: typed }) => ({
        type: "function_call",
        call_id: id,
        name,
        arguments: typed,
      })),
    ];
  }
  return message.results.map(({ id, text }) => ({
    type: "function_call_output",
    call_id: id,
    output: text,
  }));
}

function toFormat({ format }: Question): Record<string, unknown> {
  if (format === "text") return {};
  if (format === "json") return { text: { format: { type: "json_object" } } };
  const { schema } = format;
  return { text: { format: { type: "json_schema", name: "answer", schema, strict: true } } };
}
