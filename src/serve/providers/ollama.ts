import { z } from "zod";
import { ollamaUpstream } from "../../core/dialects/ollama/upstream.ts";
import type { ProviderFacts } from "../provider.ts";
import type { Ask, ProviderWire } from "./http-provider.ts";
import { embedAt, understood } from "./openai-wire.ts";

/** Ollama by its native routes: the compatible ones ignore `format` and `options`. */
export function ollamaWire(base: string): ProviderWire {
  const root = base.replace(/\/(?:v1|api)$/, "");
  return {
    generation: () => ({ dialect: ollamaUpstream, base: root }),
    manyAnswers: false,
    embed: (ask, request, signal) => embedAt(`${root}/v1/embeddings`, ask, request, signal),
    facts: (ask, signal) => ollamaFacts(root, ask, signal),
  };
}

const Tags = z.looseObject({ models: z.array(z.looseObject({ name: z.string() })) });
const Version = z.looseObject({ version: z.string() });
const Running = z.looseObject({
  models: z.array(z.looseObject({ name: z.string(), context_length: z.number().nullish() })),
});

async function ollamaFacts(root: string, ask: Ask, signal: AbortSignal): Promise<ProviderFacts> {
  const get = (path: string) => ask({ path: root + path, method: "GET" }, signal);
  const { models } = understood(Tags, await get("/api/tags"), "model list");
  const { version } = understood(Version, await get("/api/version"), "version");
  const running = Running.safeParse(await get("/api/ps").catch(() => undefined)).data?.models ?? [];
  const contexts = new Map(running.map((model) => [model.name, model.context_length]));
  return {
    version,
    models: models.map(({ name: id }) => {
      const contextTokens = contexts.get(id);
      return { id, ...(contextTokens != null && { contextTokens }) };
    }),
  };
}
