import { z } from "zod";
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
    facts: (ask, signal) => anthropicFacts(base, ask, signal),
  };
}

const ModelList = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })) });

async function anthropicFacts(base: string, ask: Ask, signal: AbortSignal): Promise<ProviderFacts> {
  const answer = await ask({ path: `${base}/models?limit=100`, method: "GET" }, signal);
  return { models: understood(ModelList, answer, "model list").data.map(({ id }) => ({ id })) };
}
