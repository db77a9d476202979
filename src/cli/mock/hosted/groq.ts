import type { Script } from "../brain.ts";
import { type Json, type Reply, objectsOf, sse, stringOf } from "../call.ts";
import { type Failure, type KindFactory, Refused, generation, hasBearer } from "../kind.ts";
import { checkWindow } from "../openai/chat-ask.ts";
import { familyRoutes, modelRoutes } from "../openai/chat-routes.ts";
import { type Dialect, OPENAI, openAiError, retryAfter } from "../openai/dialect.ts";
import { mediaRoutes } from "../openai/media.ts";

const UNSUPPORTED = ["logprobs", "top_logprobs", "logit_bias"];
const X_GROQ = { id: "req_01mock" };

const DIALECT: Dialect = {
  ...OPENAI,
  opening: { role: "assistant", content: "" },
  honoursN: false,
  honoursLogprobs: false,
  reasoning: (text) => ({ reasoning: text }),
  wantsReasoning: (body) =>
    body["include_reasoning"] !== false &&
    ((body["reasoning_effort"] !== undefined && body["reasoning_effort"] !== "none") ||
      body["reasoning_format"] !== undefined ||
      /gpt-oss|qwen3|r1/.test(String(body["model"]))),
  adapt,
  check,
  usage,
  finish: ({ finish }) => finish,
  message: (message) => {
    const { content, ...rest } = message;
    return content === null ? rest : message;
  },
  wholeExtras: () => ({
    system_fingerprint: "fp_mock",
    x_groq: X_GROQ,
    service_tier: "on_demand",
    usage_breakdown: null,
  }),
  chunkExtras: () => ({ system_fingerprint: "fp_mock" }),
  // Usage comes here unasked; `usage` of the chunk itself only when it was asked for.
  closingExtras: (script) => ({ x_groq: { ...X_GROQ, usage: usage(script) } }),
  // Before anything is said: the id of the request, in a chunk of its own.
  prelude: (head) => [
    sse({
      ...head,
      choices: [
        {
          index: 0,
          delta: { role: "assistant", content: "" },
          logprobs: null,
          finish_reason: null,
        },
      ],
      x_groq: X_GROQ,
    }),
  ],
  headers: { "x-request-id": "req_01mock", "x-ratelimit-remaining-requests": "999" },
  streamError: `event: error\n${sse({ error: { message: "Over capacity", type: "internal_server_error", code: "over_capacity", status_code: 503 } })}`,
  error,
};

/** Groq's API. */
export const groq: KindFactory = (options) => ({
  routes: [
    ...familyRoutes({ ...DIALECT, opening: undefined }, options),
    generation(/\/responses$/, () => {
      throw new Refused(404, "The responses API is not part of this double");
    }),
    ...mediaRoutes(),
    ...modelRoutes(() => [
      {
        id: "llama-3.3-70b-versatile",
        object: "model",
        created: 1_700_000_000,
        owned_by: "Meta",
        active: true,
        context_window: 131_072,
        public_apps: null,
        max_completion_tokens: 32_768,
      },
    ]),
  ],
  refusal: (call, apiKey) =>
    hasBearer(call, apiKey)
      ? undefined
      : error({ status: 401, message: "Invalid API Key", code: "invalid_api_key" }),
  error,
});

function check(body: Json): void {
  if (body["messages"] === undefined && body["prompt"] === undefined)
    throw new Refused(400, "'messages' : property 'messages' is required");
  for (const name of UNSUPPORTED)
    if (body[name] !== undefined && body[name] !== null && body[name] !== false)
      throw new Refused(400, `'${name}' : property '${name}' is unsupported`);
  if (typeof body["n"] === "number" && body["n"] > 1)
    throw new Refused(400, "'n' : number must be at most 1");
  const stray = objectsOf(body["messages"]).findIndex((one) => "reasoning_content" in one);
  if (stray !== -1)
    throw new Refused(
      400,
      `'messages.${stray}' : for 'role:assistant' the following must be satisfied[('messages.${stray}' : property 'reasoning_content' is unsupported)]`,
    );
  if (body["reasoning_format"] !== undefined && body["include_reasoning"] !== undefined)
    throw new Refused(400, "cannot specify both reasoning_format and include_reasoning");
  if (body["tools"] !== undefined && String(body["model"]).includes("tool-use-failed"))
    throw new Refused(
      400,
      "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
      { code: "tool_use_failed" },
    );
  const isStrict = body["tools"] !== undefined || body["response_format"] !== undefined;
  if (isStrict && body["reasoning_format"] === "raw")
    throw new Refused(
      400,
      "`reasoning_format` must be either `parsed` or `hidden` when using JSON mode or tools",
    );
  checkWindow(
    { model: String(body["model"]), characters: JSON.stringify(body["messages"] ?? "").length },
    () => "Please reduce the length of the messages or completion.",
  );
}

/** `raw` puts the thought into the text, `hidden` drops it. */
function adapt(script: Script, body: Json): Script {
  const format = stringOf(body["reasoning_format"]);
  if (script.reasoning.length === 0 || (format !== "raw" && format !== "hidden")) return script;
  const pieces =
    format === "raw"
      ? ["<think>\n", ...script.reasoning, "\n</think>\n", ...script.pieces]
      : script.pieces;
  return { ...script, reasoning: [], pieces };
}

function usage({ usage: { input, output, cached, reasoning } }: Script): Json {
  return {
    queue_time: 0.01,
    prompt_tokens: input,
    prompt_time: 0.002,
    completion_tokens: output,
    completion_time: 0.03,
    total_tokens: input + output,
    total_time: 0.032,
    prompt_tokens_details: { cached_tokens: cached },
    ...(reasoning > 0 ? { completion_tokens_details: { reasoning_tokens: reasoning } } : {}),
  };
}

function error(failure: Failure): Reply {
  const { type, code, param: _param, ...rest } = openAiError(failure);
  const tokens = failure.status === 429 ? { type: "tokens" } : { type };
  // What the model wrote in place of a call.
  const failed =
    code === "tool_use_failed" ? { failed_generation: '<function=map={"city": "Zürich"' } : {};
  return {
    status: failure.status,
    headers: { "x-request-id": "req_01mock", ...retryAfter(failure.status) },
    body: { error: { ...rest, ...tokens, ...(code === null ? {} : { code }), ...failed } },
  };
}
