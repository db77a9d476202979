import type { ChatEvent, FinishReason, Usage } from "../../chat.ts";
import { ERRORS, type ErrorCode, type WeirError } from "../../errors.ts";
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

/** Anthropic's word for each of our statuses; any other is an api_error. */
const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  405: "invalid_request_error",
  408: "timeout_error",
  409: "invalid_request_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
};

/** Where the status alone would say something else. */
const EXCEPTIONS: Readonly<Partial<Record<ErrorCode, string>>> = {
  blocked_by_guard: "invalid_request_error",
  engine_busy: "overloaded_error",
  engine_crashed: "api_error",
};

/** Anthropic's error envelope. The HTTP status stays ours: theirs has 529 for overload. */
export function formatAnthropicError(error: WeirError, requestId?: string): string {
  const { code } = error;
  const type = EXCEPTIONS[code] ?? ERROR_TYPES[ERRORS[code].status] ?? "api_error";
  return JSON.stringify({
    type: "error",
    error: { type, message: error.message },
    ...(requestId !== undefined && { request_id: requestId }),
  });
}
