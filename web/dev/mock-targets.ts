import { setTimeout as wait } from "node:timers/promises";
import {
  TargetActed,
  TargetAction,
  TargetFacts,
  TargetName,
  TargetTest,
} from "../../src/http/admin-schemas.ts";
import { MODELS } from "./mock-models.ts";
import { missing, Refusal, type MockRoute } from "./mock-route.ts";

/** The engines' state, as far as actions change it. */
let isSleeping = false;
const adapters = new Set(["legal-de"]);

/** One target at a time: facts, a test call, actions. */
export const TARGET_ROUTES: readonly MockRoute[] = [
  [
    "GET",
    /^\/admin\/v1\/targets\/facts$/,
    async ({ url }) => {
      await wait(250);
      return TargetFacts.parse(factsOf(TargetName.parse(Object.fromEntries(url.searchParams))));
    },
  ],
  [
    "POST",
    /^\/admin\/v1\/targets\/test$/,
    async ({ body }) => {
      await wait(400);
      return TargetTest.parse(testOf(TargetName.parse(JSON.parse(body))));
    },
  ],
  [
    "POST",
    /^\/admin\/v1\/targets\/actions$/,
    ({ body }) => {
      act(TargetAction.parse(JSON.parse(body)));
      return TargetActed.parse({ done: true });
    },
  ],
];

function find({ model, target }: TargetName) {
  const found = MODELS.find(({ name }) => name === model)?.targets.find(({ id }) => id === target);
  return found ?? missing("target");
}

function factsOf(name: TargetName): TargetFacts {
  const { provider, model } = find(name);
  if (provider === "sglang") {
    throw new Refusal(502, "provider_failed", "connect ECONNREFUSED 10.0.4.12:30000");
  }
  if (provider !== "vllm") return { models: [{ id: model, contextTokens: 200_000 }], ms: 212 };
  const busy = 1 + Math.sin(Date.now() / 9000);
  return {
    version: "0.32.0",
    models: [{ id: model, contextTokens: 40_960 }, ...Array.from(adapters, (id) => ({ id }))],
    load: {
      running: isSleeping ? 0 : Math.round(busy * 8),
      waiting: isSleeping ? 0 : Math.round(busy * 2),
      kvCacheUsage: isSleeping ? 0 : 0.3 + busy * 0.3,
      prefixCacheHitRate: 0.62,
      promptTokens: 18_240_311,
      generatedTokens: 4_120_876,
    },
    isSleeping,
    openRoutes: ["/metrics", "/tokenize", "/detokenize", "/invocations", "/is_sleeping"],
    ms: 18.4,
  };
}

function testOf(name: TargetName): TargetTest {
  const { provider } = find(name);
  const error =
    provider === "sglang"
      ? "sglang cannot be reached: connect ECONNREFUSED 10.0.4.12:30000"
      : provider === "vllm" && isSleeping
        ? "vllm answered 503: The engine is sleeping; wake it up first."
        : null;
  if (error !== null) {
    return { ok: false, error, firstContentMs: null, totalMs: 12, text: "", usage: null };
  }
  return {
    ok: true,
    error: null,
    firstContentMs: 84,
    totalMs: 161,
    text: "Hello! How can I help you today",
    usage: { inputTokens: 11, outputTokens: 8 },
  };
}

function act(action: TargetAction): void {
  find(action);
  if (action.action === "sleep") isSleeping = true;
  if (action.action === "wake") isSleeping = false;
  if (action.action === "load-lora") adapters.add(action.name);
  if (action.action === "unload-lora" && !adapters.delete(action.name)) {
    throw new Refusal(404, "not_found", `The adapter "${action.name}" is not loaded.`);
  }
}
