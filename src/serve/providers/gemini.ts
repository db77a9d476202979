import { z } from "zod";
import type { ChatRequest } from "../../core/chat.ts";
import { readEmbeddings, toEmbedBody, toEmbedPath } from "../../core/dialects/gemini/embeddings.ts";
import { toModelPath } from "../../core/dialects/gemini/upstream-body.ts";
import { geminiUpstream } from "../../core/dialects/gemini/upstream.ts";
import type { ProviderFacts } from "../provider.ts";
import type { Ask, ProviderWire } from "./http-provider.ts";
import { understood } from "./openai-wire.ts";

/** Google's Gemini API. */
export function geminiWire(base: string): ProviderWire {
  return {
    generation: () => ({ dialect: geminiUpstream, base }),
    manyAnswers: true,
    async embed(ask, request, signal) {
      const message = { path: base + toEmbedPath(request), body: toEmbedBody(request) };
      return readEmbeddings(await ask(message, signal));
    },
    countTokens: (ask, request, signal) => countTokens(base, ask, request, signal),
    facts: (ask, signal) => geminiFacts(base, ask, signal),
  };
}

const Count = z.looseObject({ totalTokens: z.number() });

async function countTokens(
  base: string,
  ask: Ask,
  request: ChatRequest,
  signal: AbortSignal,
): Promise<number> {
  const { model } = request;
  const whole = { model: `models/${model}`, ...geminiUpstream.body(request).body };
  const path = `${base}/${toModelPath(model)}:countTokens`;
  const answer = await ask({ path, body: { generateContentRequest: whole } }, signal);
  return understood(Count, answer, "token count").totalTokens;
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
