/**
 * OpenTelemetry's GenAI conventions, all generations at once: libraries keep the old names for years.
 * Content stands on the span as JSON (newest), in events, or flattened into numbered attributes.
 */
import {
  fieldsOf,
  flagAt,
  hasUnder,
  listAt,
  nestedAt,
  numberAt,
  parsedAt,
  textAt,
  textOf,
  tokensAt,
} from "../attributes.ts";
import { type Message, toChoices, toMessages } from "../messages.ts";
import { type Dialect, type Reading, type UsageReading, known, untilEvent } from "../reading.ts";
import type { Attributes, OtlpSpan, Value } from "../span.ts";
import { answersIn, detailsOf, questionsIn } from "./genai-events.ts";

const TYPES: Readonly<Record<string, string>> = {
  chat: "llm",
  completion: "llm",
  generate_content: "llm",
  text_completion: "llm",
  embeddings: "embedding",
  retrieval: "retriever",
  execute_tool: "tool",
  create_agent: "chain",
  invoke_agent: "chain",
  invoke_workflow: "chain",
  plan: "chain",
  guardrail: "guardrail",
};

export const genai: Dialect = (span) => {
  const isOurs = hasUnder(span.attributes, "gen_ai.");
  if (!isOurs && !span.events.some(({ name }) => name.startsWith("gen_ai."))) return undefined;
  const attributes = new Map([...span.attributes, ...detailsOf(span)]);
  const operation = textAt(attributes, "gen_ai.operation.name");
  return {
    type: isEngines(span) ? "engine" : typeOf(operation, attributes),
    model: textAt(attributes, "gen_ai.response.model", "gen_ai.request.model"),
    provider: textAt(attributes, "gen_ai.provider.name", "gen_ai.system"),
    usage: known(genaiUsage(attributes)),
    ttftMs: firstTokenMs(span, attributes),
    isStream: flagAt(attributes, "gen_ai.request.stream", "gen_ai.is_streaming"),
    threadId: textAt(attributes, "gen_ai.conversation.id"),
    userId: textAt(attributes, "gen_ai.user.id", "gen_ai.openai.request.user"),
    promptName: textAt(attributes, "gen_ai.prompt.name"),
    promptVersion: textAt(attributes, "gen_ai.prompt.version"),
    invocation: invocationOf(attributes),
    ...(operation === "execute_tool" ? toolContent(attributes) : content(span, attributes)),
  };
};

/** vLLM's own span of a request: who asked it has counted the same tokens. */
function isEngines({ parentSpanId, attributes }: OtlpSpan): boolean {
  return parentSpanId !== null && hasUnder(attributes, "gen_ai.latency.");
}

function typeOf(operation: string | undefined, attributes: Attributes): string | undefined {
  if (operation !== undefined) return TYPES[operation] ?? operation;
  if (hasUnder(attributes, "gen_ai.guardrail.")) return "guardrail";
  return textAt(attributes, "gen_ai.request.model") === undefined ? undefined : "llm";
}

/** Counts under all the names that they have had. */
export function genaiUsage(attributes: Attributes): UsageReading {
  const at = (...names: string[]) =>
    tokensAt(attributes, ...names.map((name) => `gen_ai.usage.${name}`));
  return {
    input: at("input_tokens", "prompt_tokens"),
    output: at("output_tokens", "completion_tokens"),
    total: at("total_tokens") ?? tokensAt(attributes, "llm.usage.total_tokens"),
    cacheRead: at("cache_read.input_tokens", "cache_read_input_tokens", "input_tokens.cached"),
    cacheWrite: at(
      "cache_write.input_tokens",
      "cache_creation.input_tokens",
      "cache_creation_input_tokens",
    ),
    reasoning: at("reasoning.output_tokens", "reasoning_tokens", "output_tokens.reasoning"),
    inputAudio: at("audio.input_tokens"),
    inputImage: at("image.input_tokens"),
    outputAudio: at("audio.output_tokens"),
    totalCost: numberAt(attributes, "gen_ai.usage.cost", "gen_ai.cost.total"),
  };
}

/** On the span it is in seconds: that of the conventions, and vLLM's own. */
function firstTokenMs(span: OtlpSpan, attributes: Attributes): number | undefined {
  const seconds = numberAt(
    attributes,
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.latency.time_to_first_token",
    "gen_ai.server.time_to_first_token",
  );
  if (seconds !== undefined && seconds >= 0) return seconds * 1000;
  return untilEvent(span, (name) => FIRST_TOKEN.has(name));
}

const FIRST_TOKEN = new Set([
  "gen_ai.content.first_token",
  "gen_ai.first_token",
  "first_token",
  "new_token",
  "llm.content.completion.chunk",
]);

function invocationOf(attributes: Attributes): Reading["invocation"] {
  const found: Record<string, Value> = {};
  for (const name of ["temperature", "top_p", "top_k", "max_tokens", "seed", "stop_sequences"]) {
    const value = attributes.get(`gen_ai.request.${name}`);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function toolContent(attributes: Attributes): Reading {
  const input = parsedAt(attributes, "gen_ai.tool.call.arguments");
  const output = parsedAt(attributes, "gen_ai.tool.call.result", "gen_ai.tool.message");
  return {
    name: textAt(attributes, "gen_ai.tool.name"),
    inputs: input === undefined ? undefined : (fieldsOf(input) ?? { input }),
    outputs: output === undefined ? undefined : (fieldsOf(output) ?? { output }),
  };
}

function content(span: OtlpSpan, attributes: Attributes): Reading {
  const asked =
    toMessages(parsedAt(attributes, "gen_ai.input.messages")) ??
    toMessages(nestedAt(attributes, "gen_ai.prompt")) ??
    questionsIn(span) ??
    undefined;
  const answered =
    toMessages(parsedAt(attributes, "gen_ai.output.messages")) ??
    toMessages(nestedAt(attributes, "gen_ai.completion")) ??
    answersIn(span);
  const messages = asked && [...instructions(attributes), ...asked];
  const tools = parsedAt(attributes, "gen_ai.tool.definitions");
  return {
    inputs: messages
      ? { messages, ...(tools !== undefined && { tools }) }
      : wholeOf(attributes, "gen_ai.prompt", "prompt"),
    outputs: answered
      ? toChoices(answered, finishReasons(attributes))
      : wholeOf(attributes, "gen_ai.completion", "output"),
  };
}

function finishReasons(attributes: Attributes): string[] {
  return listAt(attributes, "gen_ai.response.finish_reasons").flatMap((reason) =>
    typeof reason === "string" ? [reason] : [],
  );
}

function instructions(attributes: Attributes): Message[] {
  const value = parsedAt(attributes, "gen_ai.system_instructions");
  if (value === undefined) return [];
  const texts = listAt(attributes, "gen_ai.system_instructions").map((part) =>
    typeof part === "string" ? part : (textOf(fieldsOf(part)?.["content"]) ?? ""),
  );
  return [{ role: "system", content: texts.join("\n") }];
}

/** The older way: the whole content in one attribute, as a text or as JSON. */
function wholeOf(attributes: Attributes, name: string, field: string): Value | undefined {
  const value = parsedAt(attributes, name);
  if (value === undefined) return undefined;
  const messages = toMessages(value);
  if (!messages) return fieldsOf(value) ?? { [field]: value };
  if (field !== "output") return { messages };
  const wrapped = fieldsOf(value);
  return wrapped?.["choices"] ? wrapped : { choices: toChoices(messages).choices };
}
