import type { UpstreamDialect } from "../../core/dialects/upstream-dialect.ts";
import { openAiUpstream } from "../../core/dialects/openai/upstream.ts";
import type { ProviderWire } from "./http-provider.ts";
import { embedAt } from "./openai-wire.ts";

/** Azure OpenAI: OpenAI's dialect under a deployment's own path. */
export function azureWire(base: string, apiVersion: string): ProviderWire {
  const openAi = openAiUpstream("azure-openai");
  const query = `?api-version=${encodeURIComponent(apiVersion)}`;
  const at = (model: string) => `/openai/deployments/${encodeURIComponent(model)}`;
  const dialect: UpstreamDialect = {
    ...openAi,
    path: (request) => `${at(request.model)}${openAi.path(request)}${query}`,
  };
  return {
    generation: () => ({ dialect, base }),
    manyAnswers: true,
    embed: (ask, request, signal) =>
      embedAt(`${base}${at(request.model)}/embeddings${query}`, ask, request, signal),
  };
}
