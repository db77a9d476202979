import { z } from "zod";
import { WeirError } from "../../core/errors.ts";
import { toUpstreamMessage } from "../../core/dialects/openai/upstream-request.ts";
import type { EngineControls, ProviderFacts, Tokenizable, Tokens } from "../provider.ts";
import { readEngineLoad } from "./engine-metrics.ts";
import type { Ask, ProviderWire } from "./http-provider.ts";
import { modelFacts, openAiWire, rerankAt, understood } from "./openai-wire.ts";

/**
 * vLLM beyond OpenAI's dialect: its native routes stand at the server's root, its own key guards only
 * those under `/v1`. Sleep, wake and cache resets exist in its development mode alone, LoRA loading
 * when VLLM_ALLOW_RUNTIME_LORA_UPDATING is set: where they are missing the refusal says so.
 */
export function vllmWire(base: string): ProviderWire {
  const root = base.replace(/\/v1$/, "");
  return {
    ...openAiWire("vllm", base),
    rerank: (ask, request, signal) => rerankAt(`${base}/rerank`, ask, request, signal),
    tokens: (ask) => vllmTokens(root, ask),
    facts: (ask, signal) => vllmFacts(root, base, ask, signal),
    controls: (ask) => vllmControls(root, base, ask),
  };
}

const TokenList = z.looseObject({ tokens: z.array(z.number()) });
/** SGLang calls it `text`. */
const Prompt = z.union([
  z.looseObject({ prompt: z.string() }).transform(({ prompt }) => prompt),
  z.looseObject({ text: z.string() }).transform(({ text }) => text),
]);

/** Tokens by `/tokenize` and `/detokenize`, as vLLM has them and SGLang nearly so. */
export function vllmTokens(root: string, ask: Ask): Tokens {
  return {
    async tokenize(asked: Tokenizable, signal) {
      const { model, addSpecialTokens } = asked;
      const what =
        "text" in asked
          ? { prompt: asked.text, add_special_tokens: addSpecialTokens }
          : { messages: asked.messages.map(toUpstreamMessage), add_generation_prompt: true };
      const answer = await ask({ path: `${root}/tokenize`, body: { model, ...what } }, signal);
      return understood(TokenList, answer, "list of tokens").tokens;
    },
    async detokenize(model, tokens, signal) {
      const answer = await ask({ path: `${root}/detokenize`, body: { model, tokens } }, signal);
      return understood(Prompt, answer, "text of tokens");
    },
  };
}

const Version = z.looseObject({ version: z.string() });
const Sleeping = z.looseObject({ is_sleeping: z.boolean() });
const OPEN_ROUTES = [
  "/metrics",
  "/tokenize",
  "/detokenize",
  "/pooling",
  "/score",
  "/rerank",
  "/classify",
  "/invocations",
  "/server_info",
  "/is_sleeping",
];

async function vllmFacts(
  root: string,
  base: string,
  ask: Ask,
  signal: AbortSignal,
): Promise<ProviderFacts> {
  const get = (path: string) => ask({ path: root + path, method: "GET" }, signal);
  const { models } = await modelFacts(`${base}/models`, ask, signal);
  const version = Version.safeParse(await get("/version").catch(unknown)).data?.version;
  const page = await get("/metrics").catch(unknown);
  const isSleeping = Sleeping.safeParse(await get("/is_sleeping").catch(unknown)).data?.is_sleeping;
  return {
    models,
    ...(version !== undefined && { version }),
    ...(typeof page === "string" && { load: readEngineLoad(page) }),
    ...(isSleeping !== undefined && { isSleeping }),
    openRoutes: await openRoutes(root, OPEN_ROUTES, ask, signal),
  };
}

function unknown(): undefined {
  return undefined;
}

/** The routes that are there for someone without the key: neither refused nor unknown. */
export async function openRoutes(
  root: string,
  routes: readonly string[],
  ask: Ask,
  signal: AbortSignal,
): Promise<string[]> {
  const found = await Promise.all(
    routes.map(async (route) => {
      const status = await ask.statusWithoutKey(root + route, signal);
      return [401, 403, 404].includes(status) ? [] : [route];
    }),
  );
  return found.flat();
}

/** What FastAPI says of a route that is not there; vLLM says more of an adapter that is not. */
const NO_ROUTE = /does not know this model or route(?:\.|: Not Found)$/;

function vllmControls(root: string, base: string, ask: Ask): EngineControls {
  /** Undefined: it may have been put to sleep by somebody else. */
  let level: 1 | 2 | undefined;
  const act = async (
    path: string,
    body: Record<string, unknown> | undefined,
    needs: string,
    signal: AbortSignal,
  ) => {
    try {
      await ask({ path, ...(body && { body }) }, signal);
    } catch (cause) {
      if (!(cause instanceof WeirError) || !NO_ROUTE.test(cause.message)) throw cause;
      throw new WeirError(
        "unsupported_parameter",
        `This vLLM has no ${path}: start it with ${needs}.`,
      );
    }
  };
  const loraNeeds = "--enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True";
  const devNeeds = "--enable-sleep-mode and VLLM_SERVER_DEV_MODE=1";
  return {
    loadLora: (name, path, signal) =>
      act(`${base}/load_lora_adapter`, { lora_name: name, lora_path: path }, loraNeeds, signal),
    unloadLora: (name, signal) =>
      act(`${base}/unload_lora_adapter`, { lora_name: name }, loraNeeds, signal),
    async sleep(wanted, signal) {
      await act(`${root}/sleep?level=${wanted}`, undefined, devNeeds, signal);
      level = wanted;
    },
    async wake(signal) {
      // Weights first: the cache takes what memory they leave.
      await act(`${root}/wake_up?tags=weights`, undefined, devNeeds, signal);
      // Level 2 let them go: what woke is empty memory until they are read again.
      if (level !== 1) {
        const reload = { method: "reload_weights" };
        await act(`${root}/collective_rpc`, reload, devNeeds, signal);
      }
      level = undefined;
      await act(`${root}/wake_up?tags=kv_cache`, undefined, devNeeds, signal);
    },
    resetPrefixCache: (signal) => act(`${root}/reset_prefix_cache`, undefined, devNeeds, signal),
  };
}
