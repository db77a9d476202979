import { z } from "zod";
import type { ProviderFacts } from "../provider.ts";
import { readEngineLoad } from "./engine-metrics.ts";
import type { Ask, ProviderWire } from "./http-provider.ts";
import { modelFacts, openAiWire, rerankAt } from "./openai-wire.ts";
import { openRoutes, vllmTokens } from "./vllm.ts";

/** SGLang: OpenAI's dialect, and native routes whose names lost their `get_` on the way. */
export function sglangWire(base: string): ProviderWire {
  const root = base.replace(/\/v1$/, "");
  return {
    ...openAiWire("sglang", base),
    rerank: (ask, request, signal) => rerankAt(`${base}/rerank`, ask, request, signal),
    tokens: (ask) => vllmTokens(root, ask),
    facts: (ask, signal) => sglangFacts(root, base, ask, signal),
    controls: (ask) => ({
      async resetPrefixCache(signal) {
        await ask({ path: `${root}/flush_cache` }, signal);
      },
    }),
  };
}

const ServerInfo = z.looseObject({ version: z.string().nullish() });
const OPEN_ROUTES = ["/metrics", "/generate", "/flush_cache", "/server_info", "/get_server_info"];

async function sglangFacts(
  root: string,
  base: string,
  ask: Ask,
  signal: AbortSignal,
): Promise<ProviderFacts> {
  const get = (path: string) => ask({ path: root + path, method: "GET" }, signal);
  const { models } = await modelFacts(`${base}/models`, ask, signal);
  const info = await get("/server_info")
    .catch(() => get("/get_server_info"))
    .catch(() => undefined);
  const version = ServerInfo.safeParse(info).data?.version;
  const page = await get("/metrics").catch(() => undefined);
  return {
    models,
    ...(version != null && { version }),
    ...(typeof page === "string" && { load: readEngineLoad(page) }),
    openRoutes: await openRoutes(root, OPEN_ROUTES, ask, signal),
  };
}
