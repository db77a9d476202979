import type { Origin } from "../core/call.ts";
import type { ChatMessage, ContentPart, GenerateRequest, Role, ToolCall } from "../core/chat.ts";

/** Which texts of a request the guard looks at, and whose they are. */

/** System prompts are ours: they are never looked at. */
const ORIGIN: Readonly<Record<Role, Origin | undefined>> = {
  system: undefined,
  developer: "developer",
  user: "user",
  assistant: "history",
  tool: "tool",
};

/** What is done with a text; gives it back as it shall read. Called in the request's order. */
type Visit = (text: string, origin: Origin) => string;

/** A copy of the request with every text visited; the request itself where none changed. */
export function mapTexts(request: GenerateRequest, visit: Visit): GenerateRequest {
  if (request.kind === "completion") {
    const prompt = visit(request.prompt, "user");
    return prompt === request.prompt ? request : { ...request, prompt };
  }
  const messages = mapList(request.messages, (message) => mapMessage(message, visit));
  return messages === request.messages ? request : { ...request, messages };
}

function mapMessage(message: ChatMessage, visit: Visit): ChatMessage {
  const origin = ORIGIN[message.role];
  if (!origin) return message;
  const content = mapContent(message.content, origin, visit);
  const toolCalls = message.toolCalls && mapList(message.toolCalls, (call) => mapCall(call, visit));
  if (content === message.content && toolCalls === message.toolCalls) return message;
  return { ...message, content, ...(toolCalls && { toolCalls }) };
}

function mapContent(content: ChatMessage["content"], origin: Origin, visit: Visit) {
  if (content === null) return content;
  if (typeof content === "string") return visit(content, origin);
  return mapList(content, (part) => mapPart(part, origin, visit));
}

function mapPart(part: ContentPart, origin: Origin, visit: Visit): ContentPart {
  if (part.type === "text") {
    const text = visit(part.text, origin);
    return text === part.text ? part : { ...part, text };
  }
  const asDocument: Visit = (text) => visit(text, origin === "tool" ? "tool" : "document");
  if (part.type === "file") {
    const url = mapTextUrl(part.url, asDocument);
    return url === part.url ? part : { ...part, url };
  }
  if (part.type !== "foreign" || origin === "history") return part;
  const value = mapStrings(part.value, asDocument);
  return value === part.value ? part : { ...part, value };
}

/** Arguments are written by a model that may have read anything. */
function mapCall(call: ToolCall, visit: Visit): ToolCall {
  const seen = visit(call.arguments, "history");
  return seen === call.arguments ? call : { ...call, arguments: seen };
}

const TEXT_URL = /^data:text\/[\w.+-]+(?:;charset=utf-8)?;base64,/i;

/** A text that came as a file. */
function mapTextUrl(url: string, visit: Visit): string {
  const [head] = TEXT_URL.exec(url) ?? [];
  if (head === undefined) return url;
  const text = Buffer.from(url.slice(head.length), "base64").toString("utf8");
  const seen = visit(text, "document");
  return seen === text ? url : head + Buffer.from(seen).toString("base64");
}

/** Names under which a block carries bytes, or what only its vendor can read. */
const OPAQUE = new Set(["data", "encrypted_content", "encrypted_index", "signature", "type", "id"]);

/** Every text in a block of one dialect, as a search result has them. */
function mapStrings(value: unknown, visit: Visit): unknown {
  if (typeof value === "string") return visit(value, "document");
  if (Array.isArray(value)) return mapList(value as unknown[], (item) => mapStrings(item, visit));
  if (typeof value !== "object" || value === null) return value;
  let isSame = true;
  const entries = Object.entries(value).map(([name, item]) => {
    const isText = !OPAQUE.has(name) || (name === "data" && isTextSource(value));
    const seen: unknown = isText ? mapStrings(item, visit) : item;
    isSame &&= seen === item;
    return [name, seen] as const;
  });
  return isSame ? value : Object.fromEntries(entries);
}

function isTextSource(value: object): boolean {
  return "type" in value && value.type === "text";
}

function mapList<T>(list: readonly T[], map: (item: T) => T): readonly T[] {
  let isSame = true;
  const mapped = list.map((item) => {
    const seen = map(item);
    isSame &&= seen === item;
    return seen;
  });
  return isSame ? list : mapped;
}

const MARK = /<(documents?|context|retrieved|search_results?)(?:\s[^<>]{0,200})?>/gi;

/** The stretches of a user's text that are marked as somebody else's, as `<document>…</document>`. */
export function markedIn(text: string): readonly { start: number; end: number }[] {
  if (!text.includes("<")) return [];
  const found: { start: number; end: number }[] = [];
  MARK.lastIndex = 0;
  for (let mark = MARK.exec(text); mark; mark = MARK.exec(text)) {
    const start = MARK.lastIndex;
    const close = text.indexOf(`</${mark[1]}`, start);
    const end = close === -1 ? text.length : close;
    found.push({ start, end });
    MARK.lastIndex = end;
  }
  return found;
}
