import { expect, it } from "vitest";
import { streamChat } from "./chat-stream.ts";
import { toQuestion } from "./question.ts";
import { NO_SETTINGS } from "./settings.ts";

const QUESTION = toQuestion(NO_SETTINGS, "chat", [{ role: "user", text: "Hi", images: [] }]);
const never = new AbortController().signal;

/** A server that answers with these slices of bytes, cut anywhere. */
function server(slices: readonly Uint8Array[], init: ResponseInit = {}): typeof fetch {
  return () => Promise.resolve(new Response(toStream(slices), init));
}

function toStream(slices: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const slice of slices) controller.enqueue(slice);
      controller.close();
    },
  });
}

function bytes(text: string, sliceLength = text.length): Uint8Array[] {
  const all = new TextEncoder().encode(text);
  const count = Math.ceil(all.length / sliceLength);
  return Array.from({ length: count }, (_, i) => all.slice(i * sliceLength, (i + 1) * sliceLength));
}

const ANSWER = [
  `: progress`,
  `data: {"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}`,
  `data: {"choices":[{"delta":{"content":"Grüße "},"finish_reason":null}]}`,
  `data: {"choices":[{"delta":{"content":"🌊"},"finish_reason":null}]}`,
  `data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}`,
  `data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}`,
  `data: [DONE]`,
  "",
].join("\n\n");

const EVENTS = [
  { type: "start", traceId: "ab12" },
  { type: "text-delta", text: "Grüße " },
  { type: "text-delta", text: "🌊" },
  { type: "finish", reason: "stop" },
  { type: "usage", usage: { inputTokens: 9, outputTokens: 2, cachedTokens: 4 } },
];

it.each([1, 2, 3, 7, 10_000])("reads a stream that comes in slices of %d bytes", async (length) => {
  const fetcher = server(bytes(ANSWER, length), { headers: { "x-weir-trace-id": "ab12" } });
  expect(await Array.fromAsync(streamChat(QUESTION, never, fetcher))).toEqual(EVENTS);
});

it("gives the trace before it throws what the server refused", async () => {
  const refusal = `{"error":{"message":"No.","type":"x","code":"blocked_by_guard","param":null,"request_id":"r1"}}`;
  const fetcher = server(bytes(refusal), { status: 403, headers: { "x-weir-trace-id": "t" } });
  const events = streamChat(QUESTION, never, fetcher);
  expect(await events.next()).toEqual({ done: false, value: { type: "start", traceId: "t" } });
  await expect(events.next()).rejects.toMatchObject({
    message: "No.",
    status: 403,
    code: "blocked_by_guard",
    requestId: "r1",
  });
});

it("throws an error that comes inside the stream", async () => {
  const fetcher = server(bytes(`data: {"error":{"message":"Gone.","code":"engine_crashed"}}\n\n`));
  await expect(Array.fromAsync(streamChat(QUESTION, never, fetcher))).rejects.toMatchObject({
    message: "Gone.",
    code: "engine_crashed",
  });
});

it("calls a stream without its end cut off", async () => {
  const fetcher = server(bytes(ANSWER.slice(0, 160)));
  await expect(Array.fromAsync(streamChat(QUESTION, never, fetcher))).rejects.toMatchObject({
    code: "stream_cut",
  });
});

it("says that the server is not there, unless the reader stopped it", async () => {
  const down: typeof fetch = () => Promise.reject(new TypeError("fetch failed"));
  await expect(streamChat(QUESTION, never, down).next()).rejects.toMatchObject({
    code: "unreachable",
  });
  const stopped = AbortSignal.abort();
  await expect(streamChat(QUESTION, stopped, down).next()).rejects.toMatchObject({
    name: "AbortError",
  });
});
