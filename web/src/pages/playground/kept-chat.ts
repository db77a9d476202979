import { streamChat } from "./chat-stream.ts";
import { createConversation } from "./conversation.ts";
import { loadKept, saveKept } from "./keep.ts";
import { NO_SETTINGS, type Settings } from "./settings.ts";

/**
 * The chat and its settings, which outlive the page: a visit to a trace does not end the chat, and
 * a reload loses nothing. Signing out does: what was said is not for who comes next.
 */
const kept = loadKept(sessionStorage);
let settings: Settings = kept.settings;

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

export function keepChat(): void {
  saveKept(sessionStorage, { settings, rounds: conversation.rounds() });
}

export function forgetChat(): void {
  settings = NO_SETTINGS;
  conversation.clear();
  keepChat();
}
