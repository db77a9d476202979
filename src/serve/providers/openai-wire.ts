import { z } from "zod";
import type { EmbedRequest } from "../../core/chat.ts";
import { parseUpstreamEmbeddings } from "../../core/dialects/openai/upstream-embeddings.ts";
import { openAiUpstream } from "../../core/dialects/openai/upstream.ts";
import { QUIRKS, type QuirkName } from "../../core/dialects/openai/quirks.ts";
import { WeirError } from "../../core/errors.ts";
import type { ProviderFacts, RerankRequest, Reranking } from "../provider.ts";
import type { Ask, ProviderWire } from "./http-provider.ts";

/** What servers with OpenAI's dialect have in common: generation, embeddings, the model list, forwarding. */
export function openAiWire(kind: QuirkName, base: string): ProviderWire {
  const dialect = openAiUpstream(kind);
  return {
    generation: () => ({ dialect, base }),
    manyAnswers: QUIRKS[kind].manyAnswers,
    embed: (ask, request, signal) => embedAt(`${base}/embeddings`, ask, request, signal),
    facts: (ask, signal) => modelFacts(`${base}/models`, ask, signal),
    forwardBase: base,
  };
}

export async function embedAt(
  path: string,
  ask: Ask,
  { model, input, dimensions, extra }: EmbedRequest,
  signal: AbortSignal,
) {
  const body = { ...extra, model, input, dimensions };
  return parseUpstreamEmbeddings(await ask({ path, body }, signal));
}

const ModelList = z.looseObject({
  data: z.array(z.looseObject({ id: z.string(), max_model_len: z.number().nullish() })),
});

/** What `/v1/models` tells; Together answers with a bare array. */
export async function modelFacts(
  path: string,
  ask: Ask,
  signal: AbortSignal,
): Promise<ProviderFacts> {
  const answer = await ask({ path, method: "GET" }, signal);
  const list = Array.isArray(answer) ? { data: answer } : answer;
  const { data } = understood(ModelList, list, "model list");
  return {
    models: data.map(({ id, max_model_len: contextTokens }) => ({
      id,
      ...(contextTokens != null && { contextTokens }),
    })),
  };
}

const Ranked = z.looseObject({
  index: z.number(),
  relevance_score: z.number().nullish(),
  score: z.number().nullish(),
  meta_info: z.looseObject({ prompt_tokens: z.number().nullish() }).nullish(),
});
const Ranking = z.looseObject({
  results: z.array(Ranked),
  usage: z
    .looseObject({ total_tokens: z.number().nullish(), prompt_tokens: z.number().nullish() })
    .nullish(),
});

/** Cohere's and Jina's form of ranking, which vLLM, SGLang, llama-server and Together take. */
export async function rerankAt(
  path: string,
  ask: Ask,
  { model, query, documents, topN }: RerankRequest,
  signal: AbortSignal,
): Promise<Reranking> {
  const body = { model, query, documents, top_n: topN };
  const answer = await ask({ path, body }, signal);
  // SGLang gives the list alone, the score another name, and counts at each document.
  const list = Array.isArray(answer) ? { results: answer } : answer;
  const { results, usage } = understood(Ranking, list, "ranking");
  const ranked = results.map(({ index, relevance_score, score }) => ({
    index,
    score: relevance_score ?? score ?? 0,
  }));
  return {
    results: ranked.toSorted((a, b) => b.score - a.score),
    usage: {
      inputTokens: usage?.prompt_tokens ?? usage?.total_tokens ?? counted(results),
      outputTokens: 0,
    },
  };
}

function counted(results: readonly z.infer<typeof Ranked>[]): number {
  return results.reduce((sum, { meta_info: meta }) => sum + (meta?.prompt_tokens ?? 0), 0);
}

/** An upstream's answer as its schema has it. Throws provider_failed. */
export function understood<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new WeirError("provider_failed", `The upstream's ${what} has an unknown shape.`, {
    cause: result.error,
  });
}
