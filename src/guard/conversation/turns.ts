import type { ChatMessage, Role } from "../../core/chat.ts";

/** What one side said, as text. */
export interface Turn {
  readonly role: Role;
  readonly text: string;
  /** Which of the request's messages it is. */
  readonly message: number;
}

/** More turns than these are not looked back at. */
const MOST_TURNS = 60;
/** What a conversation is judged by stands at the beginning or at the end of a turn. */
const MOST_OF_TURN = 8000;

/** What was said, the latest 60 turns of it; of a long turn its first and last 4,000 characters. */
export function turnsOf(messages: readonly ChatMessage[]): Turn[] {
  return messages
    .map(({ role, content }, message) => ({ role, text: shortened(textOf(content)), message }))
    .filter(({ text }) => text.trim() !== "")
    .slice(-MOST_TURNS);
}

function textOf(content: ChatMessage["content"]): string {
  if (content === null || typeof content === "string") return content ?? "";
  return content.map((part) => (part.type === "text" ? part.text : "")).join("\n");
}

function shortened(text: string): string {
  if (text.length <= MOST_OF_TURN) return text;
  return `${text.slice(0, MOST_OF_TURN / 2)}\n${text.slice(-MOST_OF_TURN / 2)}`;
}
