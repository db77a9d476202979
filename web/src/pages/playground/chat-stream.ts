import { createSseParser } from "../../../../src/core/sse.ts";
import { ApiError, toApiError, unreachable } from "../../api/api-error.ts";
import { CSRF } from "../../api/client.ts";
import { asNumber, asText, at, parseJson } from "../../api/json.ts";
import type { ChatBody } from "./chat-body.ts";

export interface ChatUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
}

/** What an answer tells, in order. `start` comes first, as soon as the server has answered. */
export type ChatEvent =
  | { readonly type: "start"; readonly traceId: string | null }
  | { readonly type: "text-delta"; readonly text: string }
  | { readonly type: "finish"; readonly reason: string }
  | { readonly type: "usage"; readonly usage: ChatUsage };

/**
 * Asks for a streamed chat and reads it to its end. Throws an ApiError when the server refuses,
 * reports an error inside the stream, or breaks off before the end; throws the signal's reason
 * when the reader stops it.
 */
export async function* streamChat(
  body: ChatBody,
  signal: AbortSignal,
  fetcher: typeof fetch = fetch,
): AsyncGenerator<ChatEvent> {
  const response = await fetcher("/v1/chat/completions", {
    method: "POST",
    headers: { ...CSRF, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw unreachable(cause);
  });
  yield { type: "start", traceId: response.headers.get("x-weir-trace-id") };
  if (!response.ok || response.body === null) {
    throw toApiError(response.status, parseJson(await response.text()));
  }
  yield* readEvents(response.body, signal);
}

async function* readEvents(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent> {
  const ready: string[] = [];
  const parser = createSseParser(({ data }) => ready.push(data));
  for await (const slice of readText(body, signal)) {
    parser.push(slice);
    for (const data of ready.splice(0)) {
      if (data === "[DONE]") return;
      yield* toEvents(data);
    }
  }
  throw cutOff();
}

/** The body as text, slice by slice; lets go of it when the reader leaves the loop. */
async function* readText(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw cutOff(cause);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function* toEvents(data: string): Generator<ChatEvent> {
  const chunk = parseJson(data);
  if (at(chunk, "error") !== undefined) throw toApiError(200, chunk);
  const text = asText(at(chunk, "choices", 0, "delta", "content"));
  if (text !== null && text !== "") yield { type: "text-delta", text };
  const reason = asText(at(chunk, "choices", 0, "finish_reason"));
  if (reason !== null) yield { type: "finish", reason };
  const inputTokens = asNumber(at(chunk, "usage", "prompt_tokens"));
  if (inputTokens !== null) {
    const outputTokens = asNumber(at(chunk, "usage", "completion_tokens")) ?? 0;
    const cached = asNumber(at(chunk, "usage", "prompt_tokens_details", "cached_tokens"));
    yield { type: "usage", usage: { inputTokens, outputTokens, cachedTokens: cached ?? 0 } };
  }
}

function cutOff(cause?: unknown): ApiError {
  return new ApiError(
    "The answer broke off before its end.",
    { status: 200, code: "stream_cut" },
    cause === undefined ? undefined : { cause },
  );
}
