import { z } from "zod";
import { openAiUpstream } from "../../core/dialects/openai/upstream.ts";
import { toUpstreamMessage } from "../../core/dialects/openai/upstream-request.ts";
import { tgiGenerateUpstream } from "../../core/dialects/tgi/upstream.ts";
import type { ProviderFacts, Tokens } from "../provider.ts";
import { readEngineLoad } from "./engine-metrics.ts";
import type { Ask, ProviderWire } from "./http-provider.ts";
import { understood } from "./openai-wire.ts";
import { openRoutes } from "./vllm.ts";

/**
 * Text Generation Inference: chats by its OpenAI-shaped route, completions by its native one, which
 * alone has grammars, seeds and details.
 */
export function tgiWire(base: string): ProviderWire {
  const root = base.replace(/\/v1$/, "");
  const chat = { dialect: openAiUpstream("tgi"), base: `${root}/v1` };
  const completion = { dialect: tgiGenerateUpstream, base: root };
  return {
    generation: ({ kind }) => (kind === "chat" ? chat : completion),
    manyAnswers: false,
    tokens: (ask) => tgiTokens(root, ask),
    facts: (ask, signal) => tgiFacts(root, ask, signal),
  };
}

const Token = z.looseObject({ id: z.number() });
const TokenList = z.array(Token);
const ChatTokens = z.looseObject({ tokenize_response: TokenList });

function tgiTokens(root: string, ask: Ask): Tokens {
  return {
    async tokenize(asked, signal) {
      if ("text" in asked) {
        const body = { inputs: asked.text, parameters: null };
        const answer = await ask({ path: `${root}/tokenize`, body }, signal);
        return understood(TokenList, answer, "list of tokens").map(({ id }) => id);
      }
      const body = { model: asked.model, messages: asked.messages.map(toUpstreamMessage) };
      const answer = await ask({ path: `${root}/chat_tokenize`, body }, signal);
      const { tokenize_response: tokens } = understood(ChatTokens, answer, "list of tokens");
      return tokens.map(({ id }) => id);
    },
  };
}

const Info = z.looseObject({
  model_id: z.string(),
  version: z.string().nullish(),
  max_total_tokens: z.number().nullish(),
});
const OPEN_ROUTES = ["/metrics", "/info", "/tokenize", "/generate", "/invocations"];

async function tgiFacts(root: string, ask: Ask, signal: AbortSignal): Promise<ProviderFacts> {
  const get = (path: string) => ask({ path: root + path, method: "GET" }, signal);
  const info = understood(Info, await get("/info"), "description of itself");
  const page = await get("/metrics").catch(() => undefined);
  const { model_id: id, max_total_tokens: contextTokens, version } = info;
  return {
    models: [{ id, ...(contextTokens != null && { contextTokens }) }],
    ...(version != null && { version }),
    ...(typeof page === "string" && { load: readEngineLoad(page) }),
    openRoutes: await openRoutes(root, OPEN_ROUTES, ask, signal),
  };
}
