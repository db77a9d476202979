import type { Script } from "../brain.ts";
import { type Json, type Reply, objectOf, ok, sse } from "../call.ts";
import { type Failure, type KindFactory, Refused, getter, hasBearer } from "../kind.ts";
import { checkWindow } from "../openai/chat-ask.ts";
import { familyRoutes } from "../openai/chat-routes.ts";
import { type Dialect, OPENAI, retryAfter } from "../openai/dialect.ts";
import { responsesRoute } from "../openai/responses.ts";

const PROVIDER = "Mock";
const SIGNATURE = Buffer.from("mock signature of a routed thought").toString("base64");
/** Keeps the line open while a provider is sought. */
const COMMENT = ": OPENROUTER PROCESSING\n\n";

const DIALECT: Dialect = {
  ...OPENAI,
  id: "gen-1700000000-mock",
  completionId: "gen-1700000000-mock",
  opening: undefined,
  everyDelta: { role: "assistant" },
  streamUsage: "always",
  reasoning: (text, isLast) => ({
    reasoning: text,
    reasoning_details: [
      {
        type: "reasoning.text",
        text,
        ...(isLast ? { signature: SIGNATURE } : {}),
        format: "anthropic-claude-v1",
        index: 0,
      },
    ],
  }),
  wantsReasoning: (body) => {
    const { enabled, effort, max_tokens: most } = objectOf(body["reasoning"]);
    const isAsked = enabled === true || most !== undefined || (effort ?? "none") !== "none";
    return isAsked || body["include_reasoning"] === true || body["reasoning_effort"] !== undefined;
  },
  adapt: (script, body) =>
    objectOf(body["reasoning"])["exclude"] === true ? { ...script, reasoning: [] } : script,
  check(body) {
    if (body["messages"] === undefined && body["prompt"] === undefined)
      throw new Refused(400, 'Input required: specify "prompt" or "messages"');
    checkWindow(
      { model: String(body["model"]), characters: JSON.stringify(body["messages"] ?? "").length },
      (tokens, window) =>
        `This endpoint's maximum context length is ${window} tokens. However, you requested about ${tokens} tokens (${tokens} of text input). Please reduce the length of either one.`,
    );
  },
  usage,
  finish: ({ finish }) => finish,
  toolCall: (call, index) => ({ index, ...OPENAI.toolCall(call, index) }),
  message: (message) => ({ ...message, refusal: null, reasoning: message["reasoning"] ?? null }),
  wholeExtras: () => ({ provider: PROVIDER }),
  chunkExtras: () => ({ provider: PROVIDER }),
  choiceExtras: (script) => ({
    logprobs: null,
    native_finish_reason: script === undefined ? null : script.finish,
  }),
  prelude: () => [COMMENT, COMMENT],
  headers: {},
  // The error stands beside the choices of an ordinary chunk.
  streamError: sse({
    id: "gen-1700000000-mock",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: "mock",
    provider: PROVIDER,
    error: { code: "server_error", message: "Provider disconnected unexpectedly" },
    choices: [{ index: 0, delta: { content: "" }, finish_reason: "error" }],
  }),
  error,
};

/** OpenRouter's API. */
export const openRouter: KindFactory = (options) => ({
  routes: [
    ...familyRoutes(DIALECT, options),
    responsesRoute(options),
    getter(/\/models$/, () =>
      ok({
        data: [
          {
            id: "mock/model",
            canonical_slug: "mock/model",
            name: "Mock: Model",
            created: 1_700_000_000,
            context_length: 131_072,
            architecture: { input_modalities: ["text"], output_modalities: ["text"] },
            pricing: { prompt: "0.0000005", completion: "0.0000015", request: "0", image: "0" },
            top_provider: { context_length: 131_072, max_completion_tokens: 16_384 },
            supported_parameters: ["tools", "max_tokens", "reasoning", "structured_outputs"],
          },
        ],
      }),
    ),
  ],
  // Its models may be listed by anybody.
  refusal: (call, apiKey) =>
    hasBearer(call, apiKey) || call.path.endsWith("/models")
      ? undefined
      : error({ status: 401, message: "No auth credentials found" }),
  error,
  // Its status was sent before the provider failed, and blanks kept the line open.
  halfWay: () => {
    const { body } = error({ status: 502, message: "Provider disconnected unexpectedly" });
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      body: `\n         \n         \n${JSON.stringify(body)}`,
    };
  },
});

function usage({ usage: { input, output, cached, reasoning } }: Script): Json {
  const cost = (input * 5 + output * 15) / 10_000_000;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    cost,
    is_byok: false,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    cost_details: {
      upstream_inference_cost: null,
      upstream_inference_prompt_cost: (input * 5) / 10_000_000,
      upstream_inference_completions_cost: (output * 15) / 10_000_000,
    },
    completion_tokens_details: { reasoning_tokens: reasoning, image_tokens: 0 },
  };
}

/** Codes are numbers; what the provider said stands in the metadata. */
function error({ status, message }: Failure): Extract<Reply, { body: unknown }> {
  const raw = JSON.stringify({ error: { message } });
  const isProviders = status === 429 || status >= 500;
  return {
    status,
    headers: retryAfter(status),
    body: {
      error: {
        message: isProviders ? "Provider returned error" : message,
        code: status,
        ...(isProviders ? { metadata: { raw, provider_name: PROVIDER } } : {}),
      },
      user_id: "user_mock",
    },
  };
}
