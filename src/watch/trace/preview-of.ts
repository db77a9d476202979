/** The words of inputs and outputs that a person would read first, in whichever dialect they stand. Pure. */
import { fieldsOf, messageFields } from "./usage-of.ts";

/** What lists show, and what full text finds. */
export const PREVIEW_CHARS = 500;
const MAX_DEPTH = 5;

/** The last message of a user, else the first text that is found. */
export function inputPreview(inputs: unknown): string | null {
  const messages = fieldsOf(inputs)?.["messages"];
  if (Array.isArray(messages)) {
    const list = messages.length === 1 && Array.isArray(messages[0]) ? messages[0] : messages;
    const last = list.findLast((message) => isUser(message)) ?? list.at(-1);
    const text = textIn(messageFields(last)?.["content"] ?? last, 0);
    if (text) return cut(text);
  }
  return cut(textIn(inputs, 0));
}

export function outputPreview(outputs: unknown): string | null {
  const out = fieldsOf(outputs);
  const choices = out?.["choices"];
  if (Array.isArray(choices)) {
    const first = fieldsOf(choices[0]);
    return cut(textIn(first?.["message"] ?? first?.["text"] ?? first?.["delta"], 0));
  }
  const generations = out?.["generations"];
  if (Array.isArray(generations)) {
    const first = fieldsOf(generations.flat()[0]);
    return cut(textIn(first?.["text"], 0) || textIn(messageFields(first?.["message"]), 0));
  }
  return cut(textIn(outputs, 0));
}

function isUser(message: unknown): boolean {
  const fields = fieldsOf(message);
  const kind = fields?.["role"] ?? fields?.["type"];
  if (kind === "user" || kind === "human") return true;
  const id = fields?.["id"];
  return Array.isArray(id) && String(id.at(-1)).startsWith("Human");
}

/** Where texts stand, the likeliest first. */
const FIELDS = ["content", "text", "output", "input", "question", "answer", "query", "value"];

function textIn(value: unknown, depth: number): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value === null || typeof value !== "object" || depth > MAX_DEPTH) return "";
  if (Array.isArray(value)) {
    let text = "";
    for (const item of value) {
      const found = textIn(item, depth + 1);
      if (found) text += text ? `\n${found}` : found;
      if (text.length > PREVIEW_CHARS) break;
    }
    return text;
  }
  const fields = messageFields(value) ?? {};
  for (const name of FIELDS) {
    const found = textIn(fields[name], depth + 1);
    if (found) return found;
  }
  for (const name in fields) {
    const found = textIn(fields[name], depth + 1);
    if (found) return found;
  }
  return "";
}

function cut(text: string): string | null {
  if (text === "") return null;
  return text.length > PREVIEW_CHARS ? text.slice(0, PREVIEW_CHARS) : text;
}
