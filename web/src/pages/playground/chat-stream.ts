import { createSseParser } from "../../../../src/core/sse.ts";
import { ApiError, toApiError, unreachable } from "../../api/api-error.ts";
import { CSRF } from "../../api/client.ts";
import { parseJson } from "../../api/json.ts";
import type { Question } from "./question.ts";
import { WIRES, type ChatEvent, type Wire } from "./wire/wire.ts";

/**
 * Asks for a streamed answer and reads it to its end. Throws an ApiError when the server refuses,
 * reports an error inside the stream, or breaks off before the end; throws the signal's reason
 * when the reader stops it.
 */
export async function* streamChat(
  question: Question,
  signal: AbortSignal,
  fetcher: typeof fetch = fetch,
): AsyncGenerator<ChatEvent> {
  const wire = WIRES[question.protocol];
  const response = await fetcher(wire.path, {
    method: "POST",
    headers: { ...CSRF, "content-type": "application/json" },
    body: JSON.stringify(wire.body(question)),
    signal,
  }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw unreachable(cause);
  });
  yield { type: "start", traceId: response.headers.get("x-weir-trace-id") };
  if (!response.ok || response.body === null) {
    throw toApiError(response.status, parseJson(await response.text()));
  }
  yield* readEvents(response.body, wire, signal);
}

async function* readEvents(
  body: ReadableStream<Uint8Array>,
  wire: Wire,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent> {
  const ready: string[] = [];
  const parser = createSseParser(({ data }) => ready.push(data));
  for await (const slice of readText(body, signal)) {
    parser.push(slice);
    for (const data of ready.splice(0)) {
      const chunk = parseJson(data);
      yield* wire.read(chunk);
      if (wire.isEnd(data, chunk)) return;
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

function cutOff(cause?: unknown): ApiError {
  return new ApiError(
    "The answer broke off before its end.",
    { status: 200, code: "stream_cut" },
    cause === undefined ? undefined : { cause },
  );
}
