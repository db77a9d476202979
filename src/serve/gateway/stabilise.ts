import type { ChatMessage, ContentPart, GenerateRequest } from "../../core/chat.ts";

/**
 * Some clients write a line into their system prompt that is different in every request: coding
 * agents put an attribution with a nonce before everything else. A server's prefix cache then finds
 * nothing, and reads tens of thousands of tokens again. Such lines mean nothing to a model: they are
 * left out for every upstream but the one that they are meant for.
 */

/** How such lines begin. */
const VOLATILE_LINES = ["x-anthropic-billing-header:", "x-anthropic-"] as const;

/** The request without such lines; the same object where there are none. */
export function stabilised(
  request: GenerateRequest,
  moreLines: readonly string[] = [],
): GenerateRequest {
  if (request.kind !== "chat") return request;
  const starts = moreLines.length > 0 ? [...VOLATILE_LINES, ...moreLines] : VOLATILE_LINES;
  if (!request.messages.some((message) => isInstruction(message) && hasLine(message, starts))) {
    return request;
  }
  const changed = new Map(request.source?.redacted);
  const messages = request.messages.flatMap((message) => {
    if (!isInstruction(message)) return [message];
    const content = withoutLines(message.content, starts, changed);
    return content === "" || content?.length === 0 ? [] : [{ ...message, content }];
  });
  const { source } = request;
  // A relay sends the client's own body, in which these texts are to be changed too.
  return { ...request, messages, ...(source && { source: { ...source, redacted: changed } }) };
}

function isInstruction({ role }: ChatMessage): boolean {
  return role === "system" || role === "developer";
}

function hasLine({ content }: ChatMessage, starts: readonly string[]): boolean {
  if (content === null) return false;
  const texts = typeof content === "string" ? [content] : content.map(textOfPart);
  return texts.some((text) => starts.some((start) => text.includes(start)));
}

function textOfPart(part: ContentPart): string {
  return part.type === "text" ? part.text : "";
}

function withoutLines(
  content: ChatMessage["content"],
  starts: readonly string[],
  changed: Map<string, string>,
): ChatMessage["content"] {
  if (content === null) return null;
  if (typeof content === "string") return strip(content, starts, changed);
  return content.flatMap((part): ContentPart[] => {
    if (part.type !== "text") return [part];
    const text = strip(part.text, starts, changed);
    return text === "" ? [] : [{ ...part, text }];
  });
}

function strip(text: string, starts: readonly string[], changed: Map<string, string>): string {
  const rest = withoutVolatileLines(text, starts);
  if (rest !== text) changed.set(text, rest);
  return rest;
}

/** A text without its lines that begin so. */
export function withoutVolatileLines(
  text: string,
  starts: readonly string[] = VOLATILE_LINES,
): string {
  if (!starts.some((start) => text.includes(start))) return text;
  const lines = text.split("\n");
  return lines.filter((line) => !starts.some((start) => line.startsWith(start))).join("\n");
}
