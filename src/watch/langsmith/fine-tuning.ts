import { WeirError } from "../../core/errors.ts";
import type { Example } from "./example.ts";

/** Examples as OpenAI's fine-tuning takes them: one conversation a line. */

const ROLES: Readonly<Record<string, string>> = {
  human: "user",
  ai: "assistant",
  system: "system",
  function: "function",
  tool: "tool",
  HumanMessage: "user",
  AIMessage: "assistant",
  SystemMessage: "system",
  ToolMessage: "tool",
};

interface Message {
  readonly role: string;
  readonly content: unknown;
}

/** Throws invalid_request naming the first example that is no conversation. */
export function toFineTuning(examples: readonly Example[]): string {
  return examples
    .map(({ id, value: { inputs, outputs } }) => {
      const asked = messagesOf(inputs, "user");
      const answered = messagesOf(outputs ?? {}, "assistant");
      if (!asked || !answered) throw noConversation(id, asked ? "outputs" : "inputs");
      return `${JSON.stringify({ messages: [...asked, ...answered] })}\n`;
    })
    .join("");
}

/** Of the one field that holds messages or a text; undefined where there is none. */
function messagesOf(fields: Readonly<Record<string, unknown>>, role: string) {
  for (const value of Object.values(fields)) {
    if (typeof value === "string" && Object.keys(fields).length === 1) {
      return [{ role, content: value }];
    }
    const list = Array.isArray(value) ? value.flat() : [value];
    const messages = list.map((one) => messageOf(one));
    if (messages.length > 0 && messages.every((one) => one !== undefined)) return messages;
  }
  return undefined;
}

/** Of OpenAI's form, of LangChain's stored one (`type`, `data`) and its serialised one (`id`, `kwargs`). */
function messageOf(value: unknown): Message | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { role, content, type, data, id, kwargs, ...rest } = value as Record<string, unknown>; // an object
  if (typeof role === "string") return { role, content: content ?? null, ...rest };
  const inner = (data ?? kwargs) as Record<string, unknown> | undefined; // as LangChain writes them
  const name = Array.isArray(id) ? String(id.at(-1)) : String(type);
  const known = ROLES[name];
  return known !== undefined && inner && "content" in inner
    ? { role: known, content: inner["content"] }
    : undefined;
}

function noConversation(id: string, part: string): WeirError {
  return new WeirError(
    "invalid_request",
    `The ${part} of example ${id} are no chat messages and no single text: this dataset cannot be given for fine-tuning.`,
    { param: `${id}.${part}`, status: 422 },
  );
}
