import type { Dialect } from "../chat.ts";

/** How something is put behind the system prompt of a body that goes on as its client wrote it. */

type Body = Readonly<Record<string, unknown>>;

/** Where the messages stand, and the prompt beside them. */
const FIELDS: Partial<Readonly<Record<Dialect, readonly [list: string, prompt: string]>>> = {
  "openai-chat": ["messages", ""],
  "openai-responses": ["input", "instructions"],
  "anthropic-messages": ["messages", "system"],
};

/** The same body with a paragraph more; undefined where it has no system prompt. */
export function withSuffix(body: Body, dialect: Dialect, suffix: string): Body | undefined {
  const [list = "", prompt = ""] = FIELDS[dialect] ?? [];
  const type = dialect === "openai-responses" ? "input_text" : "text";
  const messages = body[list];
  const at = Array.isArray(messages) ? lastInstruction(messages as unknown[]) : -1;
  if (Array.isArray(messages) && at >= 0) {
    const message = messages[at] as Body; // what lastInstruction took for one
    const content = behind(message["content"], suffix, type);
    if (content === undefined) return undefined;
    return { ...body, [list]: messages.with(at, { ...message, content }) };
  }
  const content = behind(body[prompt], suffix, type);
  return content === undefined ? undefined : { ...body, [prompt]: content };
}

/** Of those before the conversation. */
function lastInstruction(messages: readonly unknown[]): number {
  const isOne = (message: unknown) =>
    typeof message === "object" &&
    message !== null &&
    "role" in message &&
    (message.role === "system" || message.role === "developer");
  const others = messages.findIndex((message) => !isOne(message));
  return (others === -1 ? messages.length : others) - 1;
}

/** A part of its own where there are parts: what a mark of the upstream's cache covers stays as it was. */
function behind(
  content: unknown,
  suffix: string,
  type: string,
): string | readonly unknown[] | undefined {
  if (typeof content === "string" && content !== "") return `${content}\n\n${suffix}`;
  return Array.isArray(content) ? [...(content as unknown[]), { type, text: suffix }] : undefined;
}
