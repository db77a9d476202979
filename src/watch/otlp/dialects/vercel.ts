/** The AI SDK's own telemetry: an outer span for each call of the SDK, inner ones for each model call. */
import {
  fieldsOf,
  listOf,
  numberAt,
  parsed,
  parsedAt,
  textAt,
  textOf,
  tokensAt,
  under,
} from "../attributes.ts";
import { toChoices, toMessages, toToolCall } from "../messages.ts";
import { type Dialect, type Reading, type UsageReading, known, untilEvent } from "../reading.ts";
import type { Attributes, Value } from "../span.ts";

export const vercel: Dialect = (span) => {
  const { attributes } = span;
  const operation = textAt(attributes, "ai.operationId");
  if (operation === undefined) return undefined;
  const type = typeOf(operation);
  const told = under(attributes, "ai.telemetry.metadata.");
  return {
    name: nameOf(operation, attributes),
    type,
    model: textAt(attributes, "ai.response.model", "ai.model.id"),
    provider: textAt(attributes, "ai.model.provider"),
    // Outer spans repeat what the inner ones used.
    usage: type === "chain" ? undefined : known(usageOf(attributes)),
    ttftMs:
      numberAt(attributes, "ai.response.msToFirstChunk") ??
      untilEvent(span, (name) => name === "ai.stream.firstChunk"),
    isStream: /\.stream/.test(operation) || undefined,
    userId: textAt(told, "userId", "user_id", "user"),
    threadId: textAt(told, "sessionId", "session_id", "threadId", "thread_id", "chatId"),
    tags: listOf(told.get("tags"))?.flatMap((tag) => textOf(tag) ?? []),
    metadata: Object.fromEntries(told),
    invocation: Object.fromEntries(under(attributes, "ai.settings.")),
    ...(type === "tool" ? toolContent(attributes) : content(attributes)),
  };
};

function typeOf(operation: string): string {
  if (operation === "ai.toolCall") return "tool";
  if (/\.do(Generate|Stream)$/.test(operation)) return "llm";
  if (operation.endsWith(".doEmbed")) return "embedding";
  return "chain";
}

function nameOf(operation: string, attributes: Attributes): string {
  if (operation === "ai.toolCall") return textAt(attributes, "ai.toolCall.name") ?? operation;
  return textAt(attributes, "ai.telemetry.functionId", "resource.name") ?? operation;
}

function usageOf(attributes: Attributes): UsageReading {
  const at = (...names: string[]) =>
    tokensAt(attributes, ...names.map((name) => `ai.usage.${name}`));
  return {
    input: at("inputTokens", "promptTokens", "tokens"),
    output: at("outputTokens", "completionTokens"),
    total: at("totalTokens"),
    cacheRead: at("cachedInputTokens", "inputTokenDetails.cacheReadTokens"),
    cacheWrite: at("inputTokenDetails.cacheWriteTokens"),
    reasoning: at("reasoningTokens", "outputTokenDetails.reasoningTokens"),
  };
}

function toolContent(attributes: Attributes): Reading {
  const input = parsedAt(attributes, "ai.toolCall.args", "ai.toolCall.input");
  const output = parsedAt(attributes, "ai.toolCall.result", "ai.toolCall.output");
  return {
    inputs: input === undefined ? undefined : (fieldsOf(input) ?? { input }),
    outputs: output === undefined ? undefined : (fieldsOf(output) ?? { output }),
  };
}

function content(attributes: Attributes): Reading {
  return { inputs: inputsOf(attributes), outputs: outputsOf(attributes) };
}

function inputsOf(attributes: Attributes): Value | undefined {
  const prompt = parsedAt(attributes, "ai.prompt");
  const messages =
    toMessages(parsedAt(attributes, "ai.prompt.messages")) ??
    toMessages(fieldsOf(prompt)?.["messages"]);
  const system = textOf(fieldsOf(prompt)?.["system"]);
  const tools = listOf(attributes.get("ai.prompt.tools"))?.map(parsed);
  if (messages) {
    const first = system === undefined ? [] : [{ role: "system", content: system }];
    return { messages: [...first, ...messages], ...(tools && { tools }) };
  }
  if (prompt !== undefined) return fieldsOf(prompt) ?? { prompt };
  const value = attributes.get("ai.value") ?? attributes.get("ai.values");
  if (value === undefined) return undefined;
  return { input: listOf(value)?.map(parsed) ?? parsed(value) };
}

function outputsOf(attributes: Attributes): Value | undefined {
  const text = textAt(attributes, "ai.response.text", "ai.result.text");
  const calls = listOf(parsedAt(attributes, "ai.response.toolCalls", "ai.result.toolCalls"));
  const object = parsedAt(attributes, "ai.response.object", "ai.result.object");
  if (text === undefined && calls === undefined) {
    return object === undefined ? undefined : (fieldsOf(object) ?? { output: object });
  }
  const reasoning = textAt(attributes, "ai.response.reasoning");
  const message = {
    role: "assistant",
    content: text ?? null,
    ...(reasoning !== undefined && { reasoning }),
    ...(calls && calls.length > 0 && { tool_calls: calls.map(ofCall) }),
  };
  const reason = textAt(attributes, "ai.response.finishReason", "ai.finishReason");
  return toChoices([message], reason === undefined ? [] : [reason]);
}

function ofCall(call: Value): Value {
  const fields = fieldsOf(call);
  if (!fields) return call;
  return toToolCall(fields["toolCallId"], fields["toolName"], fields["input"] ?? fields["args"]);
}
