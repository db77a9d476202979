import { streamChat } from "./chat-stream.ts";
import { createConversation, NO_DRAFT, toRound, type Draft, type Said } from "./conversation.ts";
import { loadKept, saveKept } from "./keep.ts";
import { NO_SETTINGS, type Settings } from "./settings.ts";

/**
 * The chat, its settings and what is being written, which outlive the page: a visit to a trace does not end the chat, and
 * a reload loses nothing. Signing out does: what was said is not for who comes next.
 */
const kept = loadKept(sessionStorage);
let { settings, draft } = kept;

export const conversation = createConversation(
  {
    stream: (question, signal) => streamChat(question, signal),
    now: () => performance.now(),
  },
  kept.rounds,
);

export function keptSettings(): Settings {
  return settings;
}

export function keepSettings(changed: Settings): void {
  settings = changed;
}

export function keptDraft(): Draft {
  return draft;
}

export function keepDraft(changed: Draft): void {
  draft = changed;
}

export function keepChat(): void {
  saveKept(sessionStorage, { settings, draft, rounds: conversation.rounds() });
}

/** Begins a chat with what was asked elsewhere: earlier rounds stand there, the last message is a draft. */
export function takeReplay(replay: {
  readonly system: string;
  readonly rounds: readonly Said[];
  readonly prompt: string;
}): void {
  settings = { ...settings, system: replay.system };
  draft = { text: replay.prompt, images: [] };
  conversation.clear();
  for (const said of replay.rounds) conversation.add(toRound(said, settings));
}

export function forgetChat(): void {
  settings = NO_SETTINGS;
  draft = NO_DRAFT;
  conversation.clear();
  keepChat();
}

// Also what is typed, or still comes, when the page goes: a long chat is too much for every key.
addEventListener("pagehide", keepChat);
