import { expect, it } from "vitest";
import type { ChatEvent } from "../../chat.ts";
import { createSseParser } from "../../sse.ts";
import { openAiResponses } from "./responses.ts";
import { responsesUpstream, speaksResponses } from "./upstream.ts";

const HEAD = { id: "resp_1", created: 1, model: "m" };
const request = openAiResponses.request({
  model: "m",
  input: "Hi",
  tools: [{ type: "web_search" }],
  reasoning: { effort: "low" },
});

const item = (type: string, more = {}) => ({ id: `${type}_1`, type, ...more });
const search = item("web_search_call", { status: "completed", action: { query: "x" } });
const annotation = { type: "url_citation", url: "https://example.com" };
const usage = {
  input_tokens: 9,
  output_tokens: 5,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens_details: { reasoning_tokens: 2 },
};
const call = item("function_call", { call_id: "call_a", name: "f", arguments: '{"x":"é"}' });
const thought = item("reasoning", {
  summary: [{ type: "summary_text", text: "so" }],
  encrypted_content: "sealed",
});
const message = item("message", {
  content: [{ type: "output_text", text: "Hi é", annotations: [annotation], logprobs: [] }],
});

const STREAM = [
  { type: "response.created", response: { status: "in_progress" } },
  { type: "response.output_item.added", output_index: 0, item: { ...thought, summary: [] } },
  { type: "response.reasoning_summary_part.added", output_index: 0, summary_index: 0 },
  { type: "response.reasoning_summary_text.delta", output_index: 0, delta: "so" },
  { type: "response.output_item.done", output_index: 0, item: thought },
  { type: "response.output_item.added", output_index: 1, item: search },
  { type: "response.output_item.done", output_index: 1, item: search },
  { type: "response.output_item.added", output_index: 2, item: { ...message, content: [] } },
  { type: "response.output_text.delta", output_index: 2, delta: "Hi " },
  { type: "response.output_text.delta", output_index: 2, delta: "é" },
  { type: "response.output_text.annotation.added", output_index: 2, annotation },
  { type: "response.output_item.done", output_index: 2, item: message },
  { type: "response.output_item.added", output_index: 3, item: { ...call, arguments: "" } },
  { type: "response.function_call_arguments.delta", output_index: 3, delta: '{"x":' },
  { type: "response.function_call_arguments.delta", output_index: 3, delta: '"é"}' },
  { type: "response.output_item.done", output_index: 3, item: call },
  { type: "response.completed", response: { status: "completed", usage } },
];
const TEXT = STREAM.map((one) => `event: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`).join("");

function readStream(slices: readonly string[]): ChatEvent[] {
  const reader = responsesUpstream.reader(request);
  const events: ChatEvent[] = [];
  const parser = createSseParser(({ data, event }) => events.push(...reader.message(data, event)));
  for (const slice of slices) parser.push(slice);
  const last = reader.end();
  expect(last).not.toBe(false);
  return [...events, ...(last || [])];
}

/** The answer as our client of the same dialect gets it. */
function written(events: readonly ChatEvent[]) {
  const { output, usage } = JSON.parse(
    openAiResponses.whole(HEAD, events, { inputTokens: 9, outputTokens: 5, cachedTokens: 4 }),
  ) as { output: Record<string, unknown>[]; usage: { input_tokens: number } };
  return { output, usage };
}

it("reads a stream, and brings its hosted tools, citations and sealed thoughts to the client", () => {
  const { output } = written(readStream([TEXT]));
  expect(output.map(({ type }) => type)).toEqual([
    "reasoning",
    "web_search_call",
    "message",
    "function_call",
  ]);
  expect(output[0]).toMatchObject({ summary: [{ text: "so" }], encrypted_content: "sealed" });
  expect(output[1]).toMatchObject(search);
  expect(output[2]).toMatchObject({ content: [{ text: "Hi é", annotations: [annotation] }] });
  expect(output[3]).toMatchObject({ call_id: "call_a", name: "f", arguments: '{"x":"é"}' });
});

it("reads the same however the stream is cut", () => {
  const expected = readStream([TEXT]);
  for (let at = 1; at < TEXT.length; at += 7) {
    expect(readStream([TEXT.slice(0, at), TEXT.slice(at)])).toEqual(expected);
  }
});

it("reads a whole answer as it reads the stream of it", () => {
  const whole = { status: "completed", output: [thought, search, message, call], usage };
  const events = responsesUpstream.reader(request).whole(JSON.stringify(whole));
  expect(written(events)).toEqual(written(readStream([TEXT])));
  expect(events.at(-1)).toEqual({ type: "finish", index: 0, reason: "tool_calls" });
  expect(events.at(-2)).toMatchObject({ usage: { cachedTokens: 4, reasoningTokens: 2 } });
});

it.each([
  ["max_output_tokens", "length"],
  ["content_filter", "content_filter"],
])("knows an answer that was cut by %s", (reason, expected) => {
  const whole = { status: "incomplete", output: [message], incomplete_details: { reason } };
  const events = responsesUpstream.reader(request).whole(JSON.stringify(whole));
  expect(events.at(-1)).toMatchObject({ reason: expected });
});

it("fails as the upstream says, and for a stream without an end", () => {
  const reader = responsesUpstream.reader(request);
  expect(reader.end()).toBe(false);
  const failed = { status: "failed", error: { code: "rate_limit_exceeded", message: "slow down" } };
  expect(() => reader.whole(JSON.stringify(failed))).toThrow(
    expect.objectContaining({ code: "rate_limited" }),
  );
  expect(() => reader.message(JSON.stringify({ type: "error", message: "broken" }), "")).toThrow(
    "broken",
  );
});

it("takes only what its own clients sent, without our memory's names", () => {
  expect(speaksResponses(request)).toBe(true);
  const { source: _, ...other } = request;
  expect(speaksResponses(other)).toBe(false);
  const { body } = responsesUpstream.body({ ...request, model: "gpt-up" });
  expect(body).toMatchObject({ model: "gpt-up", store: false, tools: [{ type: "web_search" }] });
  expect(body["include"]).toContain("reasoning.encrypted_content");
});
