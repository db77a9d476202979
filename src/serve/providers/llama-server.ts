import { z } from "zod";
import { toUpstreamMessage } from "../../core/dialects/openai/upstream-request.ts";
import type { ProviderFacts, Tokens } from "../provider.ts";
import { readEngineLoad } from "./engine-metrics.ts";
import type { Ask, ProviderWire } from "./http-provider.ts";
import { modelFacts, openAiWire, rerankAt, understood } from "./openai-wire.ts";

/** llama.cpp's own server. */
export function llamaServerWire(base: string): ProviderWire {
  const root = base.replace(/\/v1$/, "");
  return {
    ...openAiWire("llama-server", base),
    rerank: (ask, request, signal) => rerankAt(`${base}/rerank`, ask, request, signal),
    tokens: (ask) => llamaServerTokens(root, ask),
    facts: (ask, signal) => llamaServerFacts(root, base, ask, signal),
  };
}

const TokenList = z.looseObject({ tokens: z.array(z.number()) });
const Content = z.looseObject({ content: z.string() });
const Prompt = z.looseObject({ prompt: z.string() });

function llamaServerTokens(root: string, ask: Ask): Tokens {
  async function promptOf(asked: Parameters<Tokens["tokenize"]>[0], signal: AbortSignal) {
    if ("text" in asked) return asked.text;
    const body = { messages: asked.messages.map(toUpstreamMessage) };
    const answer = await ask({ path: `${root}/apply-template`, body }, signal);
    return understood(Prompt, answer, "rendered prompt").prompt;
  }
  return {
    async tokenize(asked, signal) {
      const body = {
        content: await promptOf(asked, signal),
        add_special: "text" in asked ? (asked.addSpecialTokens ?? true) : false,
        parse_special: !("text" in asked),
      };
      const answer = await ask({ path: `${root}/tokenize`, body }, signal);
      return understood(TokenList, answer, "list of tokens").tokens;
    },
    async detokenize(_model, tokens, signal) {
      const answer = await ask({ path: `${root}/detokenize`, body: { tokens } }, signal);
      return understood(Content, answer, "text of tokens").content;
    },
  };
}

const Props = z.looseObject({
  build_info: z.string().nullish(),
  default_generation_settings: z.looseObject({ n_ctx: z.number().nullish() }).nullish(),
  is_sleeping: z.boolean().nullish(),
});

async function llamaServerFacts(
  root: string,
  base: string,
  ask: Ask,
  signal: AbortSignal,
): Promise<ProviderFacts> {
  const get = (path: string) => ask({ path: root + path, method: "GET" }, signal);
  const { models } = await modelFacts(`${base}/models`, ask, signal);
  const props = Props.safeParse(await get("/props").catch(() => undefined)).data;
  const contextTokens = props?.default_generation_settings?.n_ctx;
  const page = await get("/metrics").catch(() => undefined);
  return {
    models: models.map(({ id }) => ({ id, ...(contextTokens != null && { contextTokens }) })),
    ...(props?.build_info != null && { version: props.build_info }),
    ...(props?.is_sleeping != null && { isSleeping: props.is_sleeping }),
    ...(typeof page === "string" && { load: readEngineLoad(page) }),
  };
}
