import type { Script, ToolCall } from "../brain.ts";
import { type Json, type Reply, objectsOf, sse, stringOf } from "../call.ts";
import { type Failure, type KindFactory, Refused, hasBearer } from "../kind.ts";
import { checkWindow } from "../openai/chat-ask.ts";
import { familyRoutes, modelRoutes } from "../openai/chat-routes.ts";
import { type Dialect, OPENAI, retryAfter } from "../openai/dialect.ts";

/** Every other field is refused, many of OpenAI's among them. */
const KNOWN = new Set(
  (
    "model messages temperature top_p max_tokens stream stop random_seed metadata response_format tools " +
    "tool_choice presence_penalty frequency_penalty n prediction parallel_tool_calls prompt_mode " +
    "reasoning_effort safe_prompt guardrails prompt_cache_key min_tokens prompt suffix"
  ).split(" "),
);
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  system: ["role", "content"],
  user: ["role", "content"],
  assistant: ["role", "content", "tool_calls", "prefix"],
  tool: ["role", "content", "tool_call_id", "name"],
};
const CALL_ID = /^[A-Za-z0-9]{9}$/;

const DIALECT: Dialect = {
  ...OPENAI,
  id: "0123456789abcdef0123456789abcdef",
  completionId: "0123456789abcdef0123456789abcdef",
  opening: { role: "assistant", content: "" },
  streamUsage: "closing",
  calls: "closing",
  honoursLogprobs: false,
  reasoning: (text) => ({ content: [thoughtOf(text)] }),
  wantsReasoning: ({ model, prompt_mode: mode, reasoning_effort: effort }) =>
    mode === "reasoning" ||
    (effort !== undefined && effort !== "none") ||
    String(model).includes("magistral"),
  check,
  usage: ({ usage: { input, output, cached } }) => ({
    prompt_tokens: input,
    total_tokens: input + output,
    completion_tokens: output,
    prompt_tokens_details: { cached_tokens: cached },
  }),
  finish: ({ finish }) => finish,
  toolCall,
  message,
  wholeExtras: () => ({}),
  chunkExtras: () => ({}),
  choiceExtras: () => ({}),
  headers: { "mistral-correlation-id": "mock" },
  embeddingExtras: { id: "0123456789abcdef0123456789abcdef" },
  streamError: sse({
    object: "error",
    message: "Internal server error",
    type: "internal_server_error",
    param: null,
    code: "1000",
  }),
  error,
};

/** Mistral's API. */
export const mistral: KindFactory = (options) => ({
  routes: [
    ...familyRoutes(DIALECT, options),
    ...modelRoutes(() => [
      {
        id: "mistral-small-latest",
        object: "model",
        created: 1_700_000_000,
        owned_by: "mistralai",
        capabilities: { completion_chat: true, function_calling: true, vision: true },
        max_context_length: 131_072,
        type: "base",
      },
    ]),
  ],
  refusal: (call, apiKey) =>
    hasBearer(call, apiKey) ? undefined : { status: 401, body: { detail: "Unauthorized" } },
  error,
});

function check(body: Json, { path }: { path: string }): void {
  const field = path.endsWith("/chat/completions") ? "messages" : "prompt";
  if (body[field] === undefined) throw invalid("missing", [field], undefined);
  const stray = Object.keys(body).find((name) => !KNOWN.has(name));
  if (stray !== undefined) throw invalid("extra_forbidden", [stray], body[stray]);
  const messages = objectsOf(body["messages"]);
  for (const [index, one] of messages.entries()) {
    const role = String(one["role"]);
    const extra = Object.keys(one).find((name) => !FIELDS[role]?.includes(name));
    if (extra !== undefined)
      throw invalid("extra_forbidden", ["messages", index, role, extra], one[extra]);
  }
  const last = messages.at(-1);
  if (last?.["role"] === "assistant" && last["prefix"] !== true)
    throw new Refused(
      400,
      "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant",
      { code: "3230" },
    );
  for (const call of messages.flatMap((one) => objectsOf(one["tool_calls"])))
    if (!CALL_ID.test(String(call["id"])))
      throw new Refused(
        400,
        `Tool call id was ${String(call["id"])} but must be a-z, A-Z, 0-9, with a length of 9.`,
        { code: "3280" },
      );
  checkWindow(
    { model: String(body["model"]), characters: JSON.stringify(body[field]).length },
    (tokens, window) =>
      `Prompt contains ${tokens} tokens, too large for model with ${window} maximum context length`,
  );
}

function invalid(type: "missing" | "extra_forbidden", where: unknown[], input: unknown): Refused {
  const msg = type === "missing" ? "Field required" : "Extra inputs are not permitted";
  const detail = [{ type, loc: ["body", ...where], msg, input }];
  return new Refused(422, JSON.stringify(detail), { code: "detail" });
}

/** Nine letters and digits, as it wants them back. */
function toolCall({ name, arguments: text }: ToolCall, index: number): Json {
  const id = `mock0000${index}`.slice(-9);
  return { id, function: { name, arguments: text } };
}

function thoughtOf(text: string): Json {
  return { type: "thinking", thinking: [{ type: "text", text }] };
}

/** With a thought, the content is a list: the thought and then the text. */
function message(whole: Json, script: Script): Json {
  const thought = script.reasoning.join("");
  const calls = script.toolCalls.length > 0 ? whole["tool_calls"] : null;
  const text = script.pieces.join("").trimEnd();
  const content =
    thought === "" ? text : [thoughtOf(thought), ...(text === "" ? [] : [{ type: "text", text }])];
  return { role: "assistant", tool_calls: calls, content };
}

function error({ status, message: text, code }: Failure): Reply {
  const headers = retryAfter(status);
  const whole = (message: unknown, type: string, number: string | null): Reply => ({
    status,
    headers,
    body: { object: "error", message, type, param: null, code: number },
  });
  if (code === "detail")
    return whole({ detail: JSON.parse(text) as unknown }, "invalid_request_error", null);
  if (status === 401) return { status, body: { detail: "Unauthorized" } };
  if (status === 429)
    return whole(
      "Service tier capacity exceeded for this model.",
      "service_tier_capacity_exceeded",
      "3505",
    );
  const type = status >= 500 ? "internal_server_error" : "invalid_request_error";
  return whole(text, type, stringOf(code) ?? (status >= 500 ? "1000" : "3051"));
}
