import type { Script } from "../brain.ts";
import { type Json, objectOf, ok, sse } from "../call.ts";
import { type KindFactory, type MockOptions, getter, hasBearer } from "../kind.ts";
import { familyRoutes, modelRoutes } from "./chat-routes.ts";
import { type Dialect, OPENAI } from "./dialect.ts";

const DIALECT: Dialect = {
  ...OPENAI,
  opening: undefined,
  everyDelta: { role: "assistant" },
  honoursLogprobs: true,
  reasoning: (text) => ({ reasoning_content: text }),
  wantsReasoning: ({ model, thinking, reasoning_effort: effort }) =>
    objectOf(thinking)["type"] === "enabled" ||
    (effort !== undefined && effort !== "none") ||
    /reasoner|thinking/.test(String(model)),
  usage,
  finish: ({ finish }) => finish,
  message: (message) => message,
  wholeExtras: () => ({}),
  chunkExtras: () => ({}),
  choiceExtras: () => ({}),
  headers: {},
  streamError: sse({ error: { message: "mock failure 500", type: "server_error", code: null } }),
  error: ({ status, message }) => ({
    status,
    headers: status === 429 ? { "retry-after": "1" } : {},
    body: { error: { message, type: "server_error", code: null } },
  }),
};

/** A server that speaks the least of OpenAI's format, with reasoning as DeepSeek sends it. */
export const openAiCompatible: KindFactory = (options: MockOptions) => ({
  routes: [
    ...familyRoutes(DIALECT, options),
    ...modelRoutes(() => [{ id: "mock", object: "model" }]),
    getter(/^/, () => ok({ object: "list", data: [{ id: "mock", object: "model" }] })),
  ],
  refusal: (call, apiKey) =>
    hasBearer(call, apiKey)
      ? undefined
      : DIALECT.error({ status: 401, message: "Authentication Fails" }, call),
  error: DIALECT.error,
});

/** Plain, as most send it; what DeepSeek adds comes with its models' names and with reasoning. */
function usage({ usage: { input, output, cached, reasoning } }: Script, { model }: Json): Json {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(String(model).includes("deepseek")
      ? { prompt_cache_hit_tokens: cached, prompt_cache_miss_tokens: input - cached }
      : {}),
    ...(reasoning > 0 ? { completion_tokens_details: { reasoning_tokens: reasoning } } : {}),
  };
}
