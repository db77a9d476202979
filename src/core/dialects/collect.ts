import type { ChatEvent, FinishReason, ReasoningPart, TokenLogprob, Usage } from "../chat.ts";

/** One of an answer's choices, collected from its events. */
export interface Choice {
  text: string;
  refusal: string;
  reasoning: ReasoningPart[];
  logprobs: TokenLogprob[] | undefined;
  toolCalls: { id: string; name: string; arguments: string; signature?: string }[];
  finish: FinishReason;
  stopText: string | undefined;
}

export interface Collected {
  readonly choices: Choice[];
  readonly usage: Usage;
}

/** Folds events into whole answers, in the order of their index. Pure. */
export function collect(events: readonly ChatEvent[]): Collected {
  const choices: Choice[] = [];
  let usage: Usage = { inputTokens: 0, outputTokens: 0 };
  for (const event of events) {
    if (event.type === "usage") usage = event.usage;
    else if (event.type !== "frame") applyTo((choices[event.index] ??= emptyChoice()), event);
  }
  return { choices: Array.from(choices, (choice) => choice ?? emptyChoice()), usage };
}

/** The thinking of a choice as one text. */
export function reasoningText({ reasoning }: Choice): string {
  return reasoning.map(({ text }) => text).join("");
}

function emptyChoice(): Choice {
  return {
    text: "",
    refusal: "",
    reasoning: [],
    logprobs: undefined,
    toolCalls: [],
    finish: "stop",
    stopText: undefined,
  };
}

function applyTo(choice: Choice, event: Exclude<ChatEvent, { type: "usage" | "frame" }>): void {
  switch (event.type) {
    case "text-delta":
      choice.text += event.text;
      if (event.logprobs) choice.logprobs = [...(choice.logprobs ?? []), ...event.logprobs];
      break;
    case "refusal-delta":
      choice.refusal += event.text;
      break;
    case "reasoning-delta":
      think(choice, event);
      break;
    case "tool-call-delta":
      call(choice, event);
      break;
    case "finish":
      choice.finish = event.reason;
      choice.stopText = event.stopText;
  }
}

function think(
  { reasoning }: Choice,
  { part = 0, text, signature, redacted }: Extract<ChatEvent, { type: "reasoning-delta" }>,
): void {
  const before = reasoning[part];
  reasoning[part] = {
    ...before,
    text: (before?.text ?? "") + text,
    ...(signature !== undefined && { signature }),
    ...(redacted !== undefined && { redacted }),
  };
}

function call({ toolCalls }: Choice, event: Extract<ChatEvent, { type: "tool-call-delta" }>): void {
  const known = (toolCalls[event.call] ??= { id: "", name: "", arguments: "" });
  if (event.id) known.id = event.id;
  if (event.name) known.name += event.name;
  if (event.signature) known.signature = event.signature;
  known.arguments += event.arguments;
}
