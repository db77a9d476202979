import { asText, at } from "../../api/json.ts";
import { readMessages } from "./read-texts.ts";

/** What of a run's input the playground can ask again. */
export interface Replay {
  readonly system: string;
  /** Earlier messages and their answers. */
  readonly rounds: readonly { readonly prompt: string; readonly answer: string }[];
  /** The message that is to be sent. */
  readonly prompt: string;
}

/** Null where the run was not asked as a chat, or with one plain text. */
export function toReplay(inputs: unknown): Replay | null {
  const messages = readMessages(inputs);
  if (messages.length === 0) return fromPlain(inputs);
  const isSystem = (role: string) => role === "system" || role === "developer";
  const system = messages.filter(({ role }) => isSystem(role)).map(({ text }) => text);
  const turns = messages.filter(({ role }) => role === "user" || role === "assistant");
  const rounds: { prompt: string; answer: string }[] = [];
  for (const { role, text } of turns) {
    const last = rounds.at(-1);
    if (role === "user") rounds.push({ prompt: text, answer: "" });
    else if (last) rounds[rounds.length - 1] = { ...last, answer: joined(last.answer, text) };
  }
  const last = rounds.pop();
  if (!last) return null;
  return { system: system.join("\n"), rounds, prompt: last.prompt };
}

function joined(before: string, text: string): string {
  return before === "" ? text : `${before}\n${text}`;
}

function fromPlain(inputs: unknown): Replay | null {
  const prompt = ["input", "prompt", "question", "text"]
    .map((name) => asText(at(inputs, name)))
    .find((text) => text !== null && text !== "");
  return prompt == null ? null : { system: "", rounds: [], prompt };
}
