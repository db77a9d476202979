import { z } from "zod";
import { geminiUpstream } from "../../core/dialects/gemini/upstream.ts";
import type { ProviderFacts } from "../provider.ts";
import type { Ask, ProviderWire } from "./http-provider.ts";
import { understood } from "./openai-wire.ts";

/** Google's Gemini API. */
export function geminiWire(base: string): ProviderWire {
  return {
    generation: () => ({ dialect: geminiUpstream, base }),
    manyAnswers: true,
    facts: (ask, signal) => geminiFacts(base, ask, signal),
  };
}

const ModelList = z.looseObject({
  models: z.array(z.looseObject({ name: z.string(), inputTokenLimit: z.number().nullish() })),
});

async function geminiFacts(base: string, ask: Ask, signal: AbortSignal): Promise<ProviderFacts> {
  const answer = await ask({ path: `${base}/models?pageSize=200`, method: "GET" }, signal);
  const { models } = understood(ModelList, answer, "model list");
  return {
    models: models.map(({ name, inputTokenLimit: contextTokens }) => ({
      id: name.replace(/^models\//, ""),
      ...(contextTokens != null && { contextTokens }),
    })),
  };
}
