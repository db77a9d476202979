import { anthropicError, isMessages, messagesRoutes } from "../anthropic/anthropic.ts";
import { type Call, type Json, type Reply, ok, sse } from "../call.ts";
import {
  type Failure,
  type KindFactory,
  Refused,
  type Route,
  generation,
  getter,
  hasBearer,
} from "../kind.ts";
import { checkWindow } from "../openai/chat-ask.ts";
import { familyRoutes, modelRoutes } from "../openai/chat-routes.ts";
import { type Dialect, OPENAI } from "../openai/dialect.ts";
import { rerank } from "../openai/rerank.ts";
import { responsesRoute } from "../openai/responses.ts";
import { complete, nativeRoutes, timings } from "./native.ts";

/** What answers without the key. */
const OPEN = /^\/(v1\/)?(health|models)$|^\/$/;
const TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  501: "not_supported_error",
  503: "unavailable_error",
};

const DIALECT: Dialect = {
  ...OPENAI,
  opening: { role: "assistant", content: null },
  continuesAssistant: true,
  reasoning: (text) => ({ reasoning_content: text }),
  wantsReasoning: (body) => {
    const template = body["chat_template_kwargs"];
    const isAsked = JSON.stringify(template ?? {}).includes('"enable_thinking":true');
    if (body["reasoning_format"] === "none") return false;
    return (
      isAsked || body["reasoning_effort"] !== undefined || /r1|qwq/i.test(String(body["model"]))
    );
  },
  check(body, { path }) {
    const field = path.endsWith("/chat/completions") ? "messages" : "prompt";
    if (body[field] === undefined) throw new Refused(400, `"${field}" is required`);
    checkWindow(
      { model: String(body["model"]), characters: JSON.stringify(body[field]).length },
      (tokens, window) =>
        `request (${tokens} tokens) exceeds the available context size (${window} tokens), try increasing it`,
    );
  },
  usage: ({ usage: { input, output, cached } }) => ({
    completion_tokens: output,
    prompt_tokens: input,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached },
  }),
  finish: ({ finish }) => finish,
  message: (message) => message,
  wholeExtras: (script) => ({ system_fingerprint: "b6000-mock", timings: timings(script) }),
  chunkExtras: () => ({ system_fingerprint: "b6000-mock" }),
  closingExtras: (script) => ({ timings: timings(script) }),
  choiceExtras: () => ({}),
  headers: { server: "llama.cpp" },
  mark: "data: [DONE]\n", // without the empty line behind it
  streamError: sse({ error: { code: 500, message: "Compute error.", type: "server_error" } }),
  error,
};

/** llama.cpp's server. */
export const llamaServer: KindFactory = (options) => {
  // Older builds put the word in the place of the event stream's field name.
  const isOld = /^b([1-5]\d{3}|6[0-4]\d{2})$/.test(options.version ?? "");
  const streamError = isOld
    ? `error: ${JSON.stringify({ code: 500, message: "Compute error.", type: "server_error" })}\n\ndata: [DONE]\n\n`
    : DIALECT.streamError;
  const dialect = { ...DIALECT, streamError };
  const routes: Route[] = [
    ...familyRoutes(dialect, options),
    responsesRoute(options),
    ...messagesRoutes(options),
    generation(/\/rerank(ing)?$/, ({ body }) => rerank(body, { withDocuments: false })),
    generation(/^\/completion$/, ({ body }) => complete(body, options, streamError)),
    ...modelRoutes(() => [
      {
        id: "mock",
        object: "model",
        created: 1_700_000_000,
        owned_by: "llamacpp",
        meta: { n_ctx_train: 4096, n_params: 1_000_000, n_vocab: 32_000, size: 4_000_000 },
      },
    ]),
    getter(/^\/(v1\/)?health$/, () => ok({ status: "ok" })),
    ...nativeRoutes(),
  ];
  return {
    routes: options.isLoading ? routes.map(loading) : routes,
    refusal: (call, apiKey) =>
      hasBearer(call, apiKey) || call.headers["x-api-key"] === apiKey || OPEN.test(call.path)
        ? undefined
        : error({ status: 401, message: "Invalid API Key" }, call),
    error,
  };
};

/** While the model loads, every route says so. */
function loading(route: Route): Route {
  return {
    ...route,
    answer() {
      throw new Refused(503, "Loading model");
    },
  };
}

function error(failure: Failure, call: Call): Reply {
  if (isMessages(call)) return anthropicError(failure);
  const { status, message, cause } = failure;
  const text = message === "Not Found" ? "File Not Found" : message;
  return { status, body: { error: { code: status, message: text, ...more() } } };

  function more(): Json {
    if (cause !== "context") return { type: TYPES[status] ?? "server_error" };
    const [tokens, window] = (message.match(/\d+/g) ?? []).map(Number);
    return { type: "exceed_context_size_error", n_prompt_tokens: tokens, n_ctx: window };
  }
}
