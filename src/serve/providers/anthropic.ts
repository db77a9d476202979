import { z } from "zod";
import type { ChatRequest } from "../../core/chat.ts";
import { anthropicUpstream } from "../../core/dialects/anthropic/upstream.ts";
import type { ProviderFacts } from "../provider.ts";
import type { Ask, ProviderWire } from "./http-provider.ts";
import { understood } from "./openai-wire.ts";

/** Anthropic's Messages API. It shows no tokens, but counts them. */
export function anthropicWire(base: string): ProviderWire {
  return {
    generation: () => ({ dialect: anthropicUpstream, base }),
    manyAnswers: false,
    relayedHeaders: ["anthropic-beta"],
    countTokens: (ask, request, signal) => countTokens(base, ask, request, signal),
    facts: (ask, signal) => anthropicFacts(base, ask, signal),
  };
}

const COUNTED = new Set(["model", "messages", "system", "tools", "tool_choice", "thinking"]);
const Count = z.looseObject({ input_tokens: z.number() });

async function countTokens(
  base: string,
  ask: Ask,
  request: ChatRequest,
  signal: AbortSignal,
): Promise<number> {
  const whole = anthropicUpstream.body(request).body;
  // Its counter refuses what only a generation needs, such as max_tokens.
  const body = Object.fromEntries(Object.entries(whole).filter(([name]) => COUNTED.has(name)));
  const answer = await ask({ path: `${base}/messages/count_tokens`, body }, signal);
  return understood(Count, answer, "token count").input_tokens;
}

const ModelList = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })) });

async function anthropicFacts(base: string, ask: Ask, signal: AbortSignal): Promise<ProviderFacts> {
  const answer = await ask({ path: `${base}/models?limit=100`, method: "GET" }, signal);
  return { models: understood(ModelList, answer, "model list").data.map(({ id }) => ({ id })) };
}
