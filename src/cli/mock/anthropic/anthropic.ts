import { type Script, fragmentsOf, textOf, think } from "../brain.ts";
import { type Call, type Frame, type Json, type Reply, objectOf, ok, sse } from "../call.ts";
import {
  type Failure,
  type KindFactory,
  type MockOptions,
  Refused,
  type Route,
  generation,
  getter,
} from "../kind.ts";
import { checkWindow } from "../openai/chat-ask.ts";
import { retryAfter } from "../openai/dialect.ts";
import { SIGNATURE, askOfMessages } from "./messages-ask.ts";

const TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  422: "invalid_request_error",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};
const REQUEST_ID = "req_011mock";
const HEADERS = {
  "request-id": REQUEST_ID,
  "anthropic-ratelimit-requests-limit": "1000",
  "anthropic-ratelimit-requests-remaining": "999",
};
const MODELS = ["claude-opus-4-1", "claude-sonnet-4-5", "claude-haiku-4-5"].map((id) => ({
  type: "model",
  id,
  display_name: id,
  created_at: "2025-01-01T00:00:00Z",
}));

/** Anthropic's Messages API. */
export const anthropic: KindFactory = (options) => ({
  routes: [
    ...messagesRoutes(options, checkVersion),
    getter(/\/models$/, () =>
      ok({
        data: MODELS,
        has_more: false,
        first_id: MODELS.at(0)?.id,
        last_id: MODELS.at(-1)?.id,
      }),
    ),
    getter(/\/models\/[^/]+$/, ({ path }) => ok({ ...MODELS[0], id: path.split("/").at(-1) })),
  ],
  refusal({ headers }, apiKey) {
    if (headers["x-api-key"] === undefined && headers.authorization === undefined)
      return anthropicError({ status: 401, message: "x-api-key header is required" });
    const isRight = headers["x-api-key"] === apiKey || headers.authorization === `Bearer ${apiKey}`;
    return isRight ? undefined : anthropicError({ status: 401, message: "invalid x-api-key" });
  },
  error: anthropicError,
});

/** Whether the call came to the Messages routes, whose errors are Anthropic's on every server. */
export function isMessages({ path }: Pick<Call, "path">): boolean {
  return /\/messages(\/count_tokens)?$/.test(path);
}

/** The Messages routes; other servers that speak the format have them too. */
export function messagesRoutes(
  options: MockOptions,
  check: (call: Call) => void = () => undefined,
): Route[] {
  return [
    generation(/\/messages$/, (call) => {
      check(call);
      return answer(call.body, options);
    }),
    generation(/\/messages\/count_tokens$/, (call) => {
      check(call);
      const { characters } = askOfMessages(call.body, { isCount: true });
      return ok({ input_tokens: Math.ceil(characters / 4) }, HEADERS);
    }),
  ];
}

/** Anthropic's error envelope. */
export function anthropicError({ status, message }: Failure): Reply {
  return {
    status,
    headers: { ...HEADERS, ...retryAfter(status), "x-should-retry": String(status >= 429) },
    body: {
      type: "error",
      error: { type: TYPES[status] ?? "api_error", message },
      request_id: REQUEST_ID,
    },
  };
}

function checkVersion({ headers }: Call): void {
  if (headers["anthropic-version"] === undefined)
    throw new Refused(400, "anthropic-version: header is required");
}

function answer(body: Json, options: MockOptions): Reply {
  const ask = askOfMessages(body);
  checkWindow(ask, (tokens, window) => `prompt is too long: ${tokens} tokens > ${window} maximum`);
  const script = think(ask, options);
  if (body["stream"] !== true) {
    const message = { ...messageOf(body, script), content: blocksOf(body, script) };
    return ok(message, HEADERS);
  }
  return {
    headers: { "cache-control": "no-cache", ...HEADERS },
    format: {
      contentType: "text/event-stream; charset=utf-8",
      error: sse(
        {
          type: "error",
          error: { type: "overloaded_error", message: "Overloaded" },
          request_id: REQUEST_ID,
        },
        "error",
      ),
      malformed: "event: message_start\ndata: {not json\n\n",
    },
    frames: framesOf(body, script),
  };
}

function messageOf(body: Json, script: Script): Json {
  return {
    id: "msg_01mock",
    type: "message",
    role: "assistant",
    model: body["model"],
    content: [],
    stop_reason: stopReason(script),
    stop_sequence: script.stopped ?? null,
    usage: usageOf(script),
  };
}

function stopReason({ finish, stopped }: Script): string {
  if (finish === "tool_calls") return "tool_use";
  if (finish === "length") return "max_tokens";
  return stopped === undefined ? "end_turn" : "stop_sequence";
}

/** Cached tokens are counted beside the input, not in it. */
function usageOf({ usage: { input, output, cached } }: Script): Json {
  return {
    input_tokens: input - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    service_tier: "standard",
  };
}

function blocksOf(body: Json, script: Script): Json[] {
  const isHidden = objectOf(body["thinking"])["display"] === "omitted";
  const thinking = {
    type: "thinking",
    thinking: isHidden ? "" : script.reasoning.join(""),
    signature: SIGNATURE,
  };
  const redacted = { type: "redacted_thinking", data: SIGNATURE };
  const isRedacted = String(body["model"]).includes("redacted");
  return [
    ...(script.reasoning.length > 0 ? [isRedacted ? redacted : thinking] : []),
    ...(script.pieces.length > 0 ? [{ type: "text", text: textOf(script) }] : []),
    ...script.toolCalls.map(({ id, name, arguments: text }) => ({
      type: "tool_use",
      id: id.replace("call", "toolu"),
      name,
      input: JSON.parse(text) as unknown,
    })),
  ];
}

function* framesOf(body: Json, script: Script): Generator<Frame> {
  const event = (type: string, data: Json, hasContent = false): Frame => ({
    bytes: sse({ type, ...data }, type),
    hasContent,
  });
  const usage = usageOf(script);
  const message = messageOf(body, script);
  const unsaid = { stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } };
  yield event("message_start", { message: { ...message, ...unsaid } });
  for (const [index, block] of blocksOf(body, script).entries()) {
    yield event("content_block_start", { index, content_block: emptied(block) });
    if (index === 0) yield event("ping", {});
    for (const delta of deltasOf(block, script))
      yield event("content_block_delta", { index, delta }, true);
    yield event("content_block_stop", { index });
  }
  const { stop_reason, stop_sequence } = message;
  yield event("message_delta", { delta: { stop_reason, stop_sequence }, usage });
  yield event("message_stop", {});
}

/** A block as its start shows it; a redacted one is complete from the start. */
function emptied(block: Json): Json {
  if (block["type"] === "text") return { ...block, text: "" };
  if (block["type"] === "thinking") return { ...block, thinking: "", signature: "" };
  return block["type"] === "tool_use" ? { ...block, input: {} } : block;
}

function* deltasOf(block: Json, script: Script): Generator<Json> {
  if (block["type"] === "text")
    for (const text of script.pieces) yield { type: "text_delta", text };
  if (block["type"] === "thinking") {
    if (block["thinking"] !== "")
      for (const thinking of script.reasoning) yield { type: "thinking_delta", thinking };
    yield { type: "signature_delta", signature: SIGNATURE };
  }
  if (block["type"] === "tool_use") {
    yield { type: "input_json_delta", partial_json: "" };
    for (const part of fragmentsOf(JSON.stringify(block["input"])))
      yield { type: "input_json_delta", partial_json: part };
  }
}
