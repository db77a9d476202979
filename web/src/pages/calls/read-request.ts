import { asText, at, isRecord } from "../../api/json.ts";

/** A message as the page shows it: who wrote it and the text, calls of tools included. */
export interface ShownMessage {
  readonly role: string;
  readonly text: string;
}

/** What a request asked, in whichever shape it was kept: chat, completion or embedding. */
export function readMessages(request: unknown): ShownMessage[] {
  const messages = at(request, "messages");
  if (Array.isArray(messages)) return messages.map(toMessage);
  const prompt = at(request, "prompt");
  if (typeof prompt === "string") return [{ role: "prompt", text: prompt }];
  const input = at(request, "input");
  if (typeof input === "string") return [{ role: "input", text: input }];
  if (Array.isArray(input)) return input.map((item) => ({ role: "input", text: plain(item) }));
  return [];
}

/** The options that were set, as name and value; the texts themselves are shown elsewhere. */
export function readOptions(request: unknown): [name: string, value: string][] {
  if (!isRecord(request)) return [];
  const { sampling, ...rest } = request;
  const options = { ...rest, ...(isRecord(sampling) ? sampling : {}) };
  return Object.entries(options)
    .filter(([name, value]) => !SHOWN_ELSEWHERE.has(name) && isSet(value))
    .map(([name, value]) => [name, plain(value)]);
}

const SHOWN_ELSEWHERE = new Set(["messages", "prompt", "input", "kind", "model", "stream", "user"]);

function isSet(value: unknown): boolean {
  return value != null && value !== false && !(Array.isArray(value) && value.length === 0);
}

function toMessage(message: unknown): ShownMessage {
  const calls = at(message, "toolCalls");
  const lines = [contentText(at(message, "content"))];
  if (Array.isArray(calls)) {
    lines.push(
      ...calls.map((call) => `${plain(at(call, "name"))}(${plain(at(call, "arguments"))})`),
    );
  }
  return {
    role: asText(at(message, "role")) ?? "unknown",
    text: lines.filter((line) => line !== "").join("\n"),
  };
}

function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part) => (at(part, "type") === "image" ? "[image]" : (asText(at(part, "text")) ?? "")))
    .join("");
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
