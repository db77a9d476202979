import type { ChatCompletionBody } from "./chat-request.ts";

/**
 * Knows the bodies that most clients send without asking the schema, which takes longer than the rest
 * of reading them. Whatever is not seen to be sound here is the schema's to judge: a plain body must be
 * one that it takes as it is.
 */
export function isPlainChat(body: unknown): body is ChatCompletionBody {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return false;
  let hasModel = false;
  let hasMessages = false;
  for (const key in body) {
    const value = (body as Fields)[key];
    if (key === "messages") hasMessages = arePlainMessages(value);
    else if (key === "model") hasModel = typeof value === "string" && value !== "";
    else if (!isPlainOption(key, value)) return false;
  }
  return hasModel && hasMessages;
}

type Fields = Readonly<Record<string, unknown>>;

function isPlainOption(key: string, value: unknown): boolean {
  switch (key) {
    case "stream":
      return typeof value === "boolean";
    case "max_tokens":
    case "max_completion_tokens":
      return Number.isSafeInteger(value) && (value as number) >= 1; // it is a number then
    case "temperature":
      return isWithin(value, 0, 2);
    case "top_p":
      return isWithin(value, 0, 1);
    case "user":
      return typeof value === "string";
    default:
      return false;
  }
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most;
}

function arePlainMessages(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isPlainMessage);
}

/** Of a person, the application or the model, with nothing but text. */
function isPlainMessage(message: unknown): boolean {
  if (typeof message !== "object" || message === null || Array.isArray(message)) return false;
  let hasRole = false;
  let hasContent = false;
  for (const key in message) {
    const value = (message as Fields)[key];
    if (key === "content") hasContent = typeof value === "string";
    else if (key !== "role") return false;
    else hasRole = value === "user" || value === "system" || value === "assistant";
  }
  return hasRole && hasContent;
}
