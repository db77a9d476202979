import { type Json, type Reply, objectOf, ok, sse } from "../call.ts";
import { type Failure, type KindFactory, Refused, generation, getter, hasBearer } from "../kind.ts";
import { checkWindow } from "../openai/chat-ask.ts";
import { familyRoutes } from "../openai/chat-routes.ts";
import { type Dialect, OPENAI, openAiError, retryAfter } from "../openai/dialect.ts";
import { mediaRoutes } from "../openai/media.ts";
import { rank } from "../openai/rerank.ts";

const DIALECT: Dialect = {
  ...OPENAI,
  id: "mock-together-id",
  completionId: "mock-together-id",
  opening: undefined,
  everyDelta: { role: "assistant" },
  streamUsage: "closing",
  reasoning: (text) => ({ reasoning: text }),
  wantsReasoning: (body) =>
    objectOf(body["reasoning"])["enabled"] === true ||
    (body["reasoning_effort"] !== undefined && body["reasoning_effort"] !== "none") ||
    /r1|thinking/i.test(String(body["model"])),
  check(body) {
    if (body["messages"] === undefined && body["prompt"] === undefined)
      throw new Refused(400, "Missing required field: messages", { param: "messages" });
    checkWindow(
      { model: String(body["model"]), characters: JSON.stringify(body["messages"] ?? "").length },
      (tokens, window) =>
        `Input validation error: \`inputs\` tokens + \`max_new_tokens\` must be <= ${window}. Given: ${tokens} \`inputs\` tokens`,
      422,
    );
  },
  usage: ({ usage: { input, output, cached } }) => ({
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    cached_tokens: cached,
  }),
  finish: ({ finish }) => finish,
  toolCall: (call, index) => ({ index, ...OPENAI.toolCall(call, index) }),
  message: (message) => ({ ...message, tool_calls: message["tool_calls"] ?? [] }),
  wholeExtras: () => ({ prompt: [] }),
  chunkExtras: () => ({}),
  choiceExtras: () => ({ logprobs: null, seed: null }),
  // Asked for by a number, and in lists side by side.
  logprobs: (pieces) => ({
    logprobs: {
      tokens: pieces,
      token_logprobs: pieces.map(() => -0.25),
      token_ids: pieces.map((_, index) => 100 + index),
    },
  }),
  headers: { "x-request-id": "mock" },
  streamError: sse({
    error: { message: "Internal server error", type: "server_error", code: null },
  }),
  error,
};

/** Together's API. */
export const together: KindFactory = (options) => ({
  routes: [
    ...familyRoutes(DIALECT, options),
    generation(/\/rerank$/, ({ body }) => ranked(body)),
    ...mediaRoutes(),
    // A bare list, not an object around one.
    getter(/\/models$/, () =>
      ok([
        {
          id: "meta-llama/Llama-3.3-70B-Instruct-Turbo",
          object: "model",
          created: 1_700_000_000,
          type: "chat",
          running: false,
          display_name: "Llama 3.3 70B Instruct Turbo",
          organization: "Meta",
          context_length: 131_072,
          pricing: { hourly: 0, input: 0.88, output: 0.88, base: 0, finetune: 0 },
        },
      ]),
    ),
  ],
  refusal: (call, apiKey) =>
    hasBearer(call, apiKey)
      ? undefined
      : error({ status: 401, message: "Invalid API key provided.", code: "invalid_api_key" }),
  error,
});

function ranked(body: Json): Reply {
  const results = rank(body).map(({ index, score, document }) => ({
    index,
    relevance_score: score,
    document: body["return_documents"] === true ? { text: document } : {},
  }));
  return ok({
    id: "mock-together-id",
    object: "rerank",
    model: body["model"],
    results,
    usage: { prompt_tokens: 8, completion_tokens: 0, total_tokens: 8 },
  });
}

function error(failure: Failure): Reply {
  return {
    status: failure.status,
    headers: retryAfter(failure.status),
    body: { id: "mock-together-id", error: openAiError(failure) },
  };
}
