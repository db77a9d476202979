import type { Script } from "../brain.ts";
import { type Call, type Json, type Reply, objectOf, objectsOf, sse } from "../call.ts";
import { type Failure, Refused } from "../kind.ts";
import { checkWindow } from "../openai/chat-ask.ts";
import { type Dialect, OPENAI } from "../openai/dialect.ts";
import { isBefore } from "../release.ts";

const TYPES: Readonly<Record<number, string>> = {
  400: "BadRequestError",
  404: "NotFoundError",
  422: "UnprocessableEntityError",
  429: "TooManyRequestsError",
  501: "NotImplementedError",
  503: "ServiceUnavailableError",
};

/** What its answers carry beside OpenAI's fields. */
const EXTRAS = {
  wholeExtras: () => ({
    service_tier: null,
    system_fingerprint: null,
    prompt_logprobs: null,
    prompt_token_ids: null,
    kv_transfer_params: null,
  }),
  chunkExtras: () => ({}),
  choiceExtras: (script: Script | undefined) => ({
    logprobs: null,
    ...(script === undefined ? {} : { stop_reason: script.stopped ?? null }),
    token_ids: null,
  }),
} satisfies Partial<Dialect>;

/** vLLM's chat format as a release of it speaks it. */
export function vllmDialect(version: string | undefined): Dialect {
  const error = (failure: Failure): Reply => vllmError(failure, version);
  return {
    ...OPENAI,
    opening: { role: "assistant", content: "" },
    chunkUsage: "continuous",
    headers: {},
    embeddingExtras: { id: "embd-mock", created: 1_700_000_000 },
    // Renamed in 0.11.1; both were sent for a while.
    reasoning: (text) => ({
      ...(isBefore(version, "0.11.1") ? {} : { reasoning: text }),
      ...(isBefore(version, "0.16.0") ? { reasoning_content: text } : {}),
    }),
    wantsReasoning: (body) => {
      const template = objectOf(body["chat_template_kwargs"]);
      if (body["include_reasoning"] === false || template["enable_thinking"] === false)
        return false;
      const isAsked =
        template["enable_thinking"] === true ||
        template["thinking"] === true ||
        (body["reasoning_effort"] !== undefined && body["reasoning_effort"] !== "none");
      return isAsked || /r1|qwq|thinking/i.test(String(body["model"]));
    },
    check,
    usage: ({ usage: { input, output, cached } }) => ({
      prompt_tokens: input,
      total_tokens: input + output,
      completion_tokens: output,
      prompt_tokens_details: { cached_tokens: cached },
    }),
    finish: (script, ask, isStream) => {
      if (script.finish !== "tool_calls") return script.finish;
      const isNamed = typeof ask.toolChoice === "object";
      // Until 0.11 it was the other way round than at OpenAI.
      if (isBefore(version, "0.11.0"))
        return !isStream && (isNamed || ask.toolChoice === "required") ? "stop" : "tool_calls";
      return isNamed ? "stop" : "tool_calls";
    },
    toolCall: (call, index) => ({
      ...OPENAI.toolCall(call, index),
      id: `chatcmpl-tool-${call.id.replace("call_", "")}`,
    }),
    message: (message) => messageOf(message, version),
    ...EXTRAS,
    // The stream goes on to its mark after an error.
    streamError:
      sse(bodyOf({ status: 500, message: "EngineCore encountered an issue." }, version)) +
      sse("[DONE]"),
    error,
  };
}

/** The whole message names even what it does not have. */
function messageOf(message: Json, version: string | undefined): Json {
  return {
    ...message,
    refusal: null,
    annotations: null,
    audio: null,
    function_call: null,
    tool_calls: message["tool_calls"] ?? [],
    ...(isBefore(version, "0.16.0") && { reasoning_content: message["reasoning_content"] ?? null }),
    ...(!isBefore(version, "0.11.1") && { reasoning: message["reasoning"] ?? null }),
  };
}

/** vLLM's errors: an object, on the top level in older releases; only the 401 is a bare string. */
export function vllmError(failure: Failure, version: string | undefined): Reply {
  const { status, message } = failure;
  if (status === 401) return { status, body: { error: "Unauthorized" } };
  // Routes that do not exist are answered by the web framework itself.
  if (message === "Not Found" || message === "Method Not Allowed")
    return { status, body: { detail: message } };
  return { status, body: bodyOf(failure, version) };
}

function bodyOf({ status, message, param, code }: Failure, version: string | undefined): Json {
  const type = code ?? TYPES[status] ?? "InternalServerError";
  const error = { message, type, param: param ?? null, code: status };
  return isBefore(version, "0.10.1") ? { object: "error", ...error } : { error };
}

function check(body: Json, { path }: Call): void {
  const field = path.endsWith("/chat/completions") ? "messages" : "prompt";
  if (body[field] === undefined)
    throw new Refused(
      400,
      `[{'type': 'missing', 'loc': ('body', '${field}'), 'msg': 'Field required', 'input': {}}]`,
      { code: "Bad Request" },
    );
  const most = body["max_completion_tokens"] ?? body["max_tokens"];
  if (typeof most === "number" && most < 1)
    throw new Refused(400, `max_tokens must be at least 1, got ${most}.`);
  if (typeof body["top_logprobs"] === "number" && body["logprobs"] !== true && field === "messages")
    throw new Refused(400, "when using `top_logprobs`, `logprobs` must be set to true.", {
      code: "Bad Request",
    });
  if (typeof body["n"] === "number" && body["n"] > 1 && body["temperature"] === 0)
    throw new Refused(400, `n must be 1 when using greedy sampling, got ${body["n"]}.`);
  const names = objectsOf(body["tools"]).map(({ function: tool }) => objectOf(tool)["name"]);
  const wanted = objectOf(objectOf(body["tool_choice"])["function"])["name"];
  if (wanted !== undefined && !names.includes(wanted))
    throw new Refused(
      400,
      "The tool specified in `tool_choice` does not match any of the specified `tools`",
      {
        code: "Bad Request",
      },
    );
  checkWindow(
    { model: String(body["model"]), characters: JSON.stringify(body[field]).length },
    (tokens, window) =>
      `This model's maximum context length is ${window} tokens. However, your request has ${tokens} input tokens. Please reduce the length of the input messages.`,
  );
}
