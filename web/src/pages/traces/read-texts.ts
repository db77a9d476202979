import { asText, at, isRecord } from "../../api/json.ts";

/** One piece of a run's input or output, as a reader wants it. */
export type Shown =
  | { readonly kind: "message"; readonly role: string; readonly text: string }
  | { readonly kind: "document"; readonly text: string; readonly source: string }
  | {
      readonly kind: "field";
      readonly name: string;
      readonly text: string;
      readonly isCode: boolean;
    };

/**
 * Inputs or outputs in whichever dialect they were sent: OpenAI's, Anthropic's, LangChain's messages
 * and generations, documents, plain fields. What is none of them is shown as JSON; nothing is left out
 * that has no other place on the page.
 */
export function readTexts(value: unknown): Shown[] {
  if (value === undefined || value === null) return [];
  if (typeof value === "string") return [field("text", value)];
  const messages = readMessages(value);
  if (messages.length > 0) return [...messages, ...restOf(value)];
  const documents = readDocuments(value);
  if (documents.length > 0) return documents;
  if (isRecord(value)) return Object.entries(value).flatMap(([name, one]) => readField(name, one));
  return [field("value", value)];
}

/** Only the messages, as for the playground. */
export function readMessages(value: unknown): Extract<Shown, { kind: "message" }>[] {
  const list = findMessages(value);
  return list.filter(isMessage).map((message) => ({
    kind: "message",
    role: roleOf(message),
    text: [contentText(contentOf(message)), ...callTexts(message)].filter(Boolean).join("\n"),
  }));
}

function findMessages(value: unknown): unknown[] {
  const nested = at(value, "generations") ?? at(value, "messages") ?? at(value, "choices");
  const list = nested ?? at(value, "output") ?? at(value, "input") ?? value;
  const items = Array.isArray(list) ? list.flat() : [list];
  return items.flatMap((item) => {
    const inner = at(item, "message") ?? item;
    if (isMessage(inner)) return [inner];
    // A generation of a plain text model has no message.
    const text = at(item, "text");
    return typeof text === "string" && nested !== undefined
      ? [{ role: "answer", content: text }]
      : [];
  });
}

/** Fields beside the messages that say something, as options do; not what the page shows elsewhere. */
function restOf(value: unknown): Shown[] {
  if (!isRecord(value)) return [];
  const { sampling, ...rest } = value;
  const options = { ...rest, ...(isRecord(sampling) ? sampling : {}) };
  return Object.entries(options)
    .filter(([name, one]) => !ELSEWHERE.has(name) && isSet(one) && !(name === "n" && one === 1))
    .map(([name, one]) => field(name, one));
}

const ELSEWHERE = new Set(
  [
    "messages generations choices output input role content type usage usage_metadata llm_output",
    "run kind model stream id object created system_fingerprint service_tier lc kwargs",
    "tool_calls toolCalls user",
  ].flatMap((names) => names.split(" ")),
);

function isSet(value: unknown): boolean {
  return value != null && value !== false && !(Array.isArray(value) && value.length === 0);
}

function isMessage(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  if (value["type"] === "constructor")
    return isRecord(value["kwargs"]) && "content" in value["kwargs"];
  if (isRecord(value["data"]) && "content" in value["data"])
    return typeof value["type"] === "string";
  const hasRole = typeof value["role"] === "string";
  const isTyped = typeof value["type"] === "string" && Object.hasOwn(ROLES, value["type"]);
  return (hasRole || isTyped) && ("content" in value || callsOf(value).length > 0);
}

/** LangChain's words for who wrote a message. */
const ROLES: Readonly<Record<string, string>> = {
  human: "user",
  HumanMessage: "user",
  ai: "assistant",
  AIMessage: "assistant",
  AIMessageChunk: "assistant",
  system: "system",
  SystemMessage: "system",
  tool: "tool",
  ToolMessage: "tool",
  function: "tool",
  message: "assistant",
};

function roleOf(message: Record<string, unknown>): string {
  const role = asText(message["role"]);
  if (role !== null) return role;
  const id = message["id"];
  const name = message["type"] === "constructor" && Array.isArray(id) ? id.at(-1) : message["type"];
  return ROLES[String(name)] ?? String(name);
}

function contentOf(message: Record<string, unknown>): unknown {
  return at(message, "kwargs", "content") ?? at(message, "data", "content") ?? message["content"];
}

/** Text of a message's content: a text, or parts of texts, pictures and calls. */
function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return content == null ? "" : plain(content);
  return content.map(partText).filter(Boolean).join("\n");
}

function partText(part: unknown): string {
  if (typeof part === "string") return part;
  const text = asText(at(part, "text")) ?? asText(at(part, "thinking"));
  if (text !== null) return text;
  const type = asText(at(part, "type")) ?? "";
  if (/image|audio|file|document/.test(type)) return `[${type.replaceAll("_", " ")}]`;
  if (type === "tool_use") return `${plain(at(part, "name"))}(${plain(at(part, "input"))})`;
  if (type === "tool_result") return contentText(at(part, "content"));
  return plain(part);
}

function callsOf(message: Record<string, unknown>): unknown[] {
  const calls =
    at(message, "kwargs", "tool_calls") ??
    at(message, "data", "tool_calls") ??
    message["tool_calls"] ??
    message["toolCalls"];
  return Array.isArray(calls) ? calls : [];
}

function callTexts(message: Record<string, unknown>): string[] {
  return callsOf(message).map((call) => {
    const name = at(call, "function", "name") ?? at(call, "name");
    const given = at(call, "function", "arguments") ?? at(call, "arguments") ?? at(call, "args");
    return `${plain(name)}(${plain(given)})`;
  });
}

function readDocuments(value: unknown): Shown[] {
  const list = at(value, "documents") ?? at(value, "output") ?? value;
  if (!Array.isArray(list)) return [];
  const documents = list.filter((one) => typeof textOfDocument(one) === "string");
  return documents.length !== list.length
    ? []
    : documents.map((one) => ({
        kind: "document",
        text: String(textOfDocument(one)),
        source: sourceOf(at(one, "metadata") ?? at(one, "kwargs", "metadata")),
      }));
}

function textOfDocument(value: unknown): unknown {
  return (
    at(value, "page_content") ?? at(value, "pageContent") ?? at(value, "kwargs", "page_content")
  );
}

function sourceOf(metadata: unknown): string {
  if (!isRecord(metadata)) return "";
  const named = asText(metadata["source"]) ?? asText(metadata["title"]) ?? asText(metadata["url"]);
  return named ?? (Object.keys(metadata).length === 0 ? "" : plain(metadata));
}

function readField(name: string, value: unknown): Shown[] {
  const messages = isRecord(value) || Array.isArray(value) ? readMessages(value) : [];
  if (messages.length > 0) return messages;
  const documents = readDocuments(value);
  return documents.length > 0 ? documents : [field(name, value)];
}

function field(name: string, value: unknown): Shown {
  const isCode = typeof value === "object" && value !== null;
  return {
    kind: "field",
    name,
    text: isCode ? JSON.stringify(value, null, 2) : plain(value),
    isCode,
  };
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
