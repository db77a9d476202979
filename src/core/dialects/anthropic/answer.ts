import type { ChatEvent, FinishReason, Usage } from "../../chat.ts";
import type { ErrorCode, WeirError } from "../../errors.ts";
import type { AnswerHead } from "../client-protocol.ts";
import { type Choice, collect } from "../collect.ts";
import { stretches, withModel } from "../relay.ts";
import { toToolInput } from "../tool-input.ts";

/** Canonical events written as Anthropic's whole answers and errors. Pure. */

/** The body of a message that was not streamed. */
export function formatMessage(
  head: AnswerHead,
  events: readonly ChatEvent[],
  usage: Usage,
): string {
  const [first, ...more] = stretches(events, "anthropic-messages");
  if (first?.frame && more.length === 0) return withModel(first.frame, head.model);
  const [choice] = collect(events).choices;
  return JSON.stringify({
    id: head.id,
    type: "message",
    role: "assistant",
    model: head.model,
    content: choice ? toBlocks(choice) : [],
    stop_reason: choice ? toStopReason(choice) : "end_turn",
    stop_sequence: choice?.stopText ?? null,
    usage: toWireUsage(usage),
  });
}

function toBlocks({ reasoning, text, refusal, toolCalls }: Choice): Record<string, unknown>[] {
  const said = text + refusal;
  return [
    // A stretch that had no event leaves a hole.
    ...reasoning
      .filter(Boolean)
      .map(({ text, signature, redacted }) =>
        redacted === undefined
          ? { type: "thinking", thinking: text, signature: signature ?? "" }
          : { type: "redacted_thinking", data: redacted },
      ),
    ...(said === "" ? [] : [{ type: "text", text: said }]),
    ...toolCalls.filter(Boolean).map(({ id, name, arguments: text, signature }) => ({
      type: "tool_use",
      id,
      name,
      input: toToolInput(text),
      ...(signature && { signature }),
    })),
  ];
}

/** What Anthropic calls the end of an answer. */
export function toStopReason({
  finish,
  stopText,
  refusal,
  toolCalls,
}: Pick<Choice, "finish" | "stopText" | "refusal"> & { readonly toolCalls: readonly unknown[] }) {
  if (refusal !== "") return "refusal";
  if (stopText !== undefined) return "stop_sequence";
  // Agents run tools on this word alone, and some upstreams say "stop" after a call.
  if (finish === "stop" && toolCalls.length > 0) return "tool_use";
  return STOP_REASONS[finish];
}

const STOP_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  content_filter: "refusal",
};

/** Anthropic counts the cached parts of a prompt beside the rest, not within it. */
export function toWireUsage(usage: Usage): Record<string, unknown> {
  const read = usage.cachedTokens ?? 0;
  const written = usage.cacheWriteTokens ?? 0;
  return {
    input_tokens: Math.max(0, usage.inputTokens - read - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    output_tokens: usage.outputTokens,
    ...(usage.reasoningTokens !== undefined && {
      output_tokens_details: { thinking_tokens: usage.reasoningTokens },
    }),
  };
}

/** The answer of `POST /v1/messages/count_tokens`. */
export function formatTokenCount(inputTokens: number): string {
  return JSON.stringify({ input_tokens: inputTokens });
}

const ERROR_TYPES: Readonly<Record<ErrorCode, string>> = {
  invalid_config: "api_error",
  invalid_request: "invalid_request_error",
  context_length_exceeded: "invalid_request_error",
  unsupported_parameter: "invalid_request_error",
  unauthorized: "authentication_error",
  forbidden: "permission_error",
  blocked_by_guard: "invalid_request_error",
  blocked_by_provider: "invalid_request_error",
  not_found: "not_found_error",
  model_not_found: "not_found_error",
  method_not_allowed: "invalid_request_error",
  request_timed_out: "timeout_error",
  conflict: "invalid_request_error",
  request_too_large: "request_too_large",
  rate_limited: "rate_limit_error",
  budget_exceeded: "rate_limit_error",
  engine_busy: "overloaded_error",
  client_closed: "api_error",
  internal: "api_error",
  provider_failed: "api_error",
  engine_crashed: "api_error",
  model_unavailable: "overloaded_error",
  shutting_down: "overloaded_error",
  provider_timed_out: "timeout_error",
  storage_full: "api_error",
};

/** Anthropic's error envelope. The HTTP status stays ours: theirs has 529 for overload. */
export function formatAnthropicError(error: WeirError, requestId?: string): string {
  return JSON.stringify({
    type: "error",
    error: { type: ERROR_TYPES[error.code], message: error.message },
    ...(requestId !== undefined && { request_id: requestId }),
  });
}
