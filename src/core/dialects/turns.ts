import type { ChatMessage } from "../chat.ts";

/** A piece of a message as an upstream reads it. */
export type Block = Readonly<Record<string, unknown>>;

export interface Turn {
  readonly role: "user" | "assistant";
  readonly content: Block[];
}

export interface Prompt {
  readonly system: Block[];
  readonly turns: Turn[];
}

interface BlockWriters {
  readonly toBlocks: (content: ChatMessage["content"]) => Block[];
  readonly toTurnBlocks: (message: ChatMessage) => Block[];
}

/**
 * A chat for upstreams whose turns alternate, as Anthropic's and Bedrock's: system texts stand before
 * everything, in their order, and neighbours of one role become one turn.
 */
export function toTurns(messages: readonly ChatMessage[], write: BlockWriters): Prompt {
  const system: Block[] = [];
  const turns: Turn[] = [];
  for (const message of messages) {
    if (message.role === "system" || message.role === "developer") {
      system.push(...write.toBlocks(message.content));
      continue;
    }
    const role = message.role === "assistant" ? "assistant" : "user";
    const blocks = write.toTurnBlocks(message);
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else if (blocks.length > 0) turns.push({ role, content: blocks });
  }
  // They want something to answer; a lone system prompt is what other clients send for that.
  if (turns.length === 0) turns.push({ role: "user", content: system.splice(0) });
  return { system, turns };
}
