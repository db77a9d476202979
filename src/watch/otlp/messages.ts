/**
 * The messages of all dialects in one shape, OpenAI's: a role, a text or a list of parts, tool calls
 * with their arguments as JSON text. What cannot be understood stays as it came.
 */
import { type Fields, fieldsOf, listOf, parsed, textOf } from "./attributes.ts";
import type { Value } from "./span.ts";

export type Message = { readonly [key: string]: Value };

/** Messages in whichever of the known shapes; undefined where there are none. */
export function toMessages(value: Value | undefined): Message[] | undefined {
  const list = listOf(value) ?? listOf(fieldsOf(value)?.["messages"]);
  if (!list || list.length === 0) return undefined;
  return list.map((item) => toMessage(parsed(item)));
}

/** One message; a text alone is a user's. */
export function toMessage(value: Value): Message {
  const fields = fieldsOf(value);
  if (!fields) return { role: "user", content: value };
  const parts = listOf(fields["parts"]) ?? typedParts(fields["content"]);
  return parts ? ofParts(fields, parts) : ofFields(fields);
}

/** An answer as OpenAI would give it, so that its end and its text are found like any other's. */
export function toChoices(
  messages: readonly Message[],
  finishReasons: readonly (string | undefined)[] = [],
): { readonly choices: readonly Value[] } {
  const choices = messages.map((message, index) => {
    const { finish_reason: own, ...rest } = message;
    const told = textOf(own) ?? finishReasons[index] ?? finishReasons[0] ?? null;
    return {
      index,
      finish_reason: told === null ? null : finishReason(told),
      message: { role: "assistant", ...rest },
    };
  });
  return { choices };
}

/** `tool_call` and `tool-calls` are what OpenAI calls `tool_calls`. */
export function finishReason(told: string): string {
  const reason = told.toLowerCase().replaceAll("-", "_");
  return reason === "tool_call" ? "tool_calls" : reason;
}

/** A call of a tool; arguments are JSON text with OpenAI, and a value with others. */
export function toToolCall(
  id: Value | undefined,
  name: Value | undefined,
  input: Value | undefined,
) {
  const text = typeof input === "string" ? input : JSON.stringify(input ?? {});
  return {
    id: id ?? null,
    type: "function",
    function: { name: name ?? null, arguments: text },
  };
}

/** A content that is a list whose items say what they are, in words other than OpenAI's. */
function typedParts(content: Value | undefined): readonly Value[] | undefined {
  const list = listOf(content === undefined ? undefined : parsed(content));
  const isTyped = list?.some((part) => FOREIGN_PARTS.has(textOf(fieldsOf(part)?.["type"]) ?? ""));
  return isTyped ? list : undefined;
}

const FOREIGN_PARTS = new Set([
  "tool_call",
  "tool-call",
  "tool_call_response",
  "tool-result",
  "tool_use",
  "tool_result",
  "reasoning",
  "thinking",
]);

function ofFields({ message, ...fields }: Fields): Message {
  // OpenInference and the older events wrap each message once more.
  const inner = fieldsOf(message);
  if (inner && fields["role"] === undefined) return toMessage({ ...fields, ...inner });
  const { content } = fields;
  const list = typeof content === "string" && /^\s*\[\s*\{/.test(content) ? parsed(content) : null;
  const calls = listOf(fields["tool_calls"])?.map((call) => ofToolCall(call));
  return {
    role: "user",
    ...fields,
    ...(listOf(list ?? undefined) && { content: list }),
    ...(calls && { tool_calls: calls }),
  };
}

/** OpenLLMetry's calls have name and arguments beside the id, OpenInference's are wrapped. */
function ofToolCall(call: Value): Value {
  const outer = fieldsOf(call);
  const fields = fieldsOf(outer?.["tool_call"]) ?? outer;
  const inner = fieldsOf(fields?.["function"]) ?? fields;
  if (!fields || !inner) return call;
  return toToolCall(fields["id"], inner["name"], inner["arguments"]);
}

/** The GenAI conventions' parts, and the AI SDK's and Anthropic's, which mean the same. */
function ofParts({ role, finish_reason, name }: Fields, parts: readonly Value[]): Message {
  const content: Value[] = [];
  const calls: Value[] = [];
  const reasoning: string[] = [];
  let answered: Fields | undefined;
  for (const part of parts) {
    const fields = fieldsOf(part);
    const type = textOf(fields?.["type"]) ?? "";
    if (!fields) content.push({ type: "text", text: part });
    else if (/^tool(_|-)(call|use)$/.test(type)) calls.push(ofCallPart(fields));
    else if (/^tool(_|-)(call_response|result)$/.test(type)) answered = fields;
    else if (type === "reasoning" || type === "thinking") reasoning.push(textOfPart(fields));
    else content.push(ofContentPart(type, fields));
  }
  const result = answered && resultOf(answered);
  return {
    role: answered ? "tool" : (role ?? "user"),
    ...(name !== undefined && { name }),
    content: result ?? inShort(content),
    ...(reasoning.length > 0 && { reasoning: reasoning.join("\n") }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(answered && { tool_call_id: callIdOf(answered) ?? null }),
    ...(finish_reason !== undefined && { finish_reason }),
  };
}

function callIdOf(fields: Fields): Value | undefined {
  return fields["id"] ?? fields["toolCallId"] ?? fields["tool_use_id"];
}

function ofCallPart(fields: Fields): Value {
  const input = fields["arguments"] ?? fields["input"] ?? fields["args"];
  return toToolCall(callIdOf(fields), fields["name"] ?? fields["toolName"], input);
}

function resultOf(fields: Fields): Value {
  const { response, result, output, content } = fields;
  return response ?? result ?? output ?? content ?? null;
}

function textOfPart(fields: Fields): string {
  return textOf(fields["content"]) ?? textOf(fields["text"]) ?? textOf(fields["thinking"]) ?? "";
}

function ofContentPart(type: string, fields: Fields): Value {
  if (type !== "text") return fields;
  return { type: "text", text: textOfPart(fields) };
}

/** One text alone needs no list. */
function inShort(content: readonly Value[]): Value {
  const [first] = content;
  const text = fieldsOf(first)?.["text"];
  if (content.length === 1 && typeof text === "string") return text;
  return content.length === 0 ? null : content;
}
