import type { Ask, Script, ToolCall } from "../brain.ts";
import { type Call, type Json, type Reply, sse } from "../call.ts";
import type { Failure } from "../kind.ts";

/** Where one vendor's chat format departs from OpenAI's; `OPENAI` below is the format itself. */
export interface Dialect {
  readonly id: string;
  readonly completionId: string;
  /** The delta of an answer's first chunk, which says nothing yet; undefined when none is sent. */
  readonly opening: Json | undefined;
  /** In every delta with content. */
  readonly everyDelta: Json;
  /** `asked`: a chunk of its own for `include_usage`; `always`: the same unasked; `closing`: in the last choice's chunk. */
  readonly streamUsage: "asked" | "always" | "closing";
  /** What the other chunks say when usage is asked for: nothing, that they have none, or (asked for as well) the count so far. */
  readonly chunkUsage: "none" | "null" | "continuous";
  /** Streamed tool calls: their arguments in fragments, whole in one chunk, or that with the finish reason. */
  readonly calls: "fragments" | "whole" | "closing";
  readonly honoursN: boolean;
  /** Whether an assistant's message at the end is the start of the answer; else a field says so. */
  readonly continuesAssistant?: boolean;
  readonly honoursLogprobs: boolean;
  /** The fields that carry a piece of reasoning in a message or delta. */
  readonly reasoning: (text: string, isLast: boolean) => Json;
  readonly wantsReasoning: (body: Json) => boolean;
  /** Throws a `Refused` for what the vendor refuses. */
  readonly check: (body: Json, call: Call) => void;
  readonly usage: (script: Script, body: Json) => Json;
  readonly finish: (script: Script, ask: Ask, isStream: boolean) => string;
  readonly toolCall: (call: ToolCall, index: number) => Json;
  /** The whole message; gets what would be sent and may reshape it. */
  readonly message: (message: Json, script: Script) => Json;
  /** More fields of the whole answer, of every chunk, and of the closing chunks. */
  readonly wholeExtras: (script: Script) => Json;
  readonly chunkExtras: () => Json;
  readonly closingExtras: (script: Script) => Json;
  /** More fields of a choice; `script` is given in the one that ends it. */
  readonly choiceExtras: (script: Script | undefined, isStream: boolean) => Json;
  /** What a stream sends before its first chunk. */
  readonly prelude: (head: Json) => string[];
  /** More headers of an answer that went well. */
  readonly headers: Readonly<Record<string, string>>;
  readonly streamError: string;
  /** More fields of an answer with embeddings. */
  readonly embeddingExtras: Json;
  /** What ends a stream that went well. */
  readonly mark: string;
  /** The streamed part of a call in a shape of its own, where it is not a list of one. */
  readonly callDelta?: (part: Json) => unknown;
  /** Changes the script as the request's fields ask, before it is written. */
  readonly adapt?: (script: Script, body: Json) => Script;
  /** Log probabilities in a shape of its own, asked for by a number. */
  readonly logprobs?: (pieces: readonly string[]) => Json;
  readonly error: (failure: Failure, call: Call) => Reply;
}

const TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "invalid_request_error",
  403: "invalid_request_error",
  404: "invalid_request_error",
  405: "invalid_request_error",
  422: "invalid_request_error",
  429: "requests",
};
const CODES: Readonly<Record<number, string>> = {
  401: "invalid_api_key",
  404: "model_not_found",
  429: "rate_limit_exceeded",
};

/** OpenAI's own chat format. */
export const OPENAI: Dialect = {
  id: "chatcmpl-mock",
  completionId: "cmpl-mock",
  opening: { role: "assistant", content: "", refusal: null },
  everyDelta: {},
  streamUsage: "asked",
  chunkUsage: "none",
  calls: "fragments",
  honoursN: true,
  honoursLogprobs: true,
  // Reasoning stays hidden: only its tokens are counted.
  reasoning: () => ({}),
  wantsReasoning: ({ model, reasoning_effort: effort }) =>
    (effort !== undefined && effort !== "none") || /^o\d/.test(String(model)),
  check: () => undefined,
  usage: ({ usage }) => ({
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }),
  // A call of a tool that was named ends in "stop".
  finish: ({ finish }, { toolChoice }) =>
    finish === "tool_calls" && typeof toolChoice === "object" ? "stop" : finish,
  toolCall: ({ id, name, arguments: text }) => ({
    id,
    type: "function",
    function: { name, arguments: text },
  }),
  message: (message) => ({ ...message, refusal: null, annotations: [] }),
  wholeExtras: () => ({ service_tier: "default", system_fingerprint: "fp_mock" }),
  chunkExtras: () => ({ service_tier: "default", system_fingerprint: "fp_mock" }),
  closingExtras: () => ({}),
  choiceExtras: () => ({ logprobs: null }),
  prelude: () => [],
  headers: { "x-request-id": "req_mock", "openai-processing-ms": "7" },
  embeddingExtras: {},
  mark: sse("[DONE]"),
  streamError: sse({
    error: {
      message: "The server had an error while processing your request. Sorry about that!",
      type: "server_error",
      param: null,
      code: null,
    },
  }),
  error: (failure) => ({
    status: failure.status,
    headers: {
      "x-request-id": "req_mock",
      ...retryAfter(failure.status),
    },
    body: { error: openAiError(failure) },
  }),
};

/** OpenAI's error object, which most of the family share. */
export function openAiError({ status, message, cause, code, param }: Failure): Json {
  return {
    message,
    type: TYPES[status] ?? "server_error",
    param: param ?? (cause === "context" ? "messages" : null),
    code: code ?? (cause === "context" ? "context_length_exceeded" : (CODES[status] ?? null)),
  };
}

/** The header that tells when to come back, for the statuses that have it. */
export function retryAfter(status: number): Record<string, string> {
  return status === 429 || status === 503 ? { "retry-after": "1" } : {};
}
