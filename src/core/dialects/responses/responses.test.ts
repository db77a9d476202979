import OpenAI from "openai";
import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { expect, it } from "vitest";
import type { ChatEvent } from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { sealProof } from "./reasoning.ts";
import { openAiResponses } from "./responses.ts";

const HEAD = { id: "resp_0a1b", created: 1_700_000_000, model: "chat" };
const USAGE = { inputTokens: 7, outputTokens: 5, cachedTokens: 3, reasoningTokens: 2 };
const ASKED = { model: "chat", input: "Weather?", metadata: { a: "b" }, stream: true };

const call = (call: number, args: string, first: object = {}): ChatEvent => ({
  type: "tool-call-delta",
  index: 0,
  call,
  arguments: args,
  ...first,
});
const EVERYTHING: ChatEvent[] = [
  { type: "reasoning-delta", index: 0, text: "Two " },
  { type: "reasoning-delta", index: 0, text: "places.", signature: "sig==" },
  { type: "reasoning-delta", index: 0, part: 1, text: "", redacted: "cipher" },
  { type: "text-delta", index: 0, text: "I look " },
  { type: "text-delta", index: 0, text: "it up." },
  call(0, "", { id: "call_a", name: "weather" }),
  call(1, '{"in":', { id: "call_b", name: "weather", signature: "thought" }),
  call(0, '{"in":"Oslo"}'),
  call(1, '"Rome"}'),
  { type: "finish", index: 0, reason: "tool_calls" },
];

/** The real client over a stream of ours. */
function client(text: string, type = "text/event-stream") {
  return new OpenAI({
    apiKey: "k",
    baseURL: "http://weir.test/v1",
    fetch: async () => new Response(text, { headers: { "content-type": type } }),
  });
}

function streamOf(events: readonly ChatEvent[]): string {
  const writer = openAiResponses.stream(HEAD, openAiResponses.request(ASKED));
  return events.map((event) => writer.events([event])).join("") + writer.end(USAGE);
}

async function typesOf(text: string): Promise<ResponseStreamEvent[]> {
  const stream = await client(text).responses.create({ model: "chat", input: "x", stream: true });
  return Array.fromAsync(stream);
}

it("streams what the openai client puts together to the same response as a whole one", async () => {
  const stream = client(streamOf(EVERYTHING)).responses.stream({ model: "chat", input: "x" });
  const streamed = await stream.finalResponse();
  const request = openAiResponses.request(ASKED);
  const json = openAiResponses.whole(HEAD, EVERYTHING, USAGE, request);
  const whole = await client(json, "application/json").responses.create({
    model: "chat",
    input: "x",
  });
  const { output } = JSON.parse(json) as { output: unknown[] };
  expect(streamed).toMatchObject({ id: whole.id, status: "completed", usage: whole.usage });
  expect(streamed.output).toMatchObject(output as object[]);
  expect(whole.output_text).toBe("I look it up.");
  expect(whole).toMatchObject({
    object: "response",
    metadata: { a: "b" },
    usage: {
      input_tokens: 7,
      output_tokens: 5,
      total_tokens: 12,
      input_tokens_details: { cached_tokens: 3 },
      output_tokens_details: { reasoning_tokens: 2 },
    },
  });
});

it("keeps interleaved calls in items of their own, and numbers every event", async () => {
  const events = await typesOf(streamOf(EVERYTHING));
  expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, at) => at));
  const deltas = events.filter(({ type }) => type === "response.function_call_arguments.delta");
  expect(deltas).toMatchObject([
    { output_index: 4, item_id: "fc_0a1b_4", delta: '{"in":' },
    { output_index: 3, item_id: "fc_0a1b_3", delta: '{"in":"Oslo"}' },
    { output_index: 4, item_id: "fc_0a1b_4", delta: '"Rome"}' },
  ]);
  const done = events.filter(({ type }) => type === "response.output_item.done");
  expect(done).toHaveLength(5);
  expect(done.at(-1)).toMatchObject({
    item: { call_id: "call_b", arguments: '{"in":"Rome"}', status: "completed" },
  });
});

it("writes the events of a text in OpenAI's order", async () => {
  const events = await typesOf(
    streamOf([
      {
        type: "text-delta",
        index: 0,
        text: "Hi",
        logprobs: [{ token: "Hi", logprob: -1, bytes: [72, 105], top: [] }],
      },
      { type: "finish", index: 0, reason: "length" },
    ]),
  );
  expect(events.map(({ type }) => type)).toEqual([
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.incomplete",
  ]);
  expect(events[2]).toMatchObject({ item: { status: "in_progress", content: [] } });
  expect(events[4]).toMatchObject({ logprobs: [{ token: "Hi", top_logprobs: [] }] });
  expect(events.at(-1)).toMatchObject({
    response: { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } },
  });
});

it("tells a failure with what had come so far, and ends there", async () => {
  const writer = openAiResponses.stream(HEAD, openAiResponses.request(ASKED));
  const text = writer.events([{ type: "text-delta", index: 0, text: "Half" }]);
  const failure = new WeirError("provider_failed", "The upstream broke off.");
  const events = await typesOf(text + writer.fail(failure));
  expect(events.at(-1)).toMatchObject({
    type: "response.failed",
    response: {
      status: "failed",
      error: { code: "server_error", message: "The upstream broke off." },
      output: [{ status: "incomplete", content: [{ text: "Half" }] }],
    },
  });
  expect(events.filter(({ type }) => type === "error")).toEqual([]);
});

it("streams refusals, and passes on citations and hosted tools' items of its own dialect", () => {
  const frame = (value: Record<string, unknown>): ChatEvent => ({
    type: "frame",
    frame: { dialect: "openai-responses", name: "", json: "", value, size: 1 },
  });
  const items = itemsOf([
    frame({
      type: "response.output_item.done",
      item: { id: "ws_1", type: "web_search_call", status: "completed" },
    }),
    { type: "text-delta", index: 0, text: "See it." },
    frame({ type: "response.output_text.annotation.added", annotation: { type: "url_citation" } }),
    { type: "refusal-delta", index: 0, text: "No more." },
  ]);
  expect(items).toMatchObject([
    { id: "ws_1", type: "web_search_call" },
    {
      content: [
        { type: "output_text", text: "See it.", annotations: [{ type: "url_citation" }] },
        { type: "refusal", refusal: "No more." },
      ],
    },
  ]);
});

it("reads its own output items back as the same answer, proofs and all", () => {
  const output = itemsOf(EVERYTHING);
  const input = [
    { role: "user", content: "Weather?" },
    ...output,
    { type: "function_call_output", call_id: "call_a", output: "cold" },
    {
      type: "function_call_output",
      call_id: "call_b",
      output: [
        { type: "input_text", text: "warm" },
        { type: "input_image", image_url: "data:image/png;base64,AA==", detail: "low" },
      ],
    },
  ];
  expect(openAiResponses.request({ model: "chat", input }).messages).toEqual([
    { role: "user", content: "Weather?" },
    {
      role: "assistant",
      content: "I look it up.",
      reasoning: [
        { id: "rs_0a1b_0", text: "Two places.", signature: "sig==" },
        { id: "rs_0a1b_1", text: "", redacted: "cipher" },
      ],
      toolCalls: [
        { id: "call_a", name: "weather", arguments: '{"in":"Oslo"}' },
        { id: "call_b", name: "weather", arguments: '{"in":"Rome"}', signature: "thought" },
      ],
    },
    { role: "tool", content: "cold", toolCallId: "call_a" },
    {
      role: "tool",
      content: [
        { type: "text", text: "warm" },
        { type: "image", url: "data:image/png;base64,AA==", detail: "low" },
      ],
      toolCallId: "call_b",
    },
  ]);
});

it("reads every option", () => {
  const body = {
    model: "chat",
    instructions: "Be brief.",
    input: [
      { role: "developer", content: "Hm." },
      {
        role: "user",
        content: [
          { type: "input_file", filename: "a.pdf", file_data: "AAAA" },
          { type: "input_audio", input_audio: { data: "BBBB", format: "wav" } },
          { type: "input_image", file_id: "file-1" },
        ],
      },
      { type: "item_reference", id: "msg_1" },
    ],
    tools: [
      { type: "function", name: "f", parameters: { type: "object" }, strict: true },
      { type: "web_search" },
    ],
    tool_choice: { type: "function", name: "f" },
    parallel_tool_calls: false,
    text: { format: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true } },
    reasoning: { effort: "low", summary: "auto" },
    max_output_tokens: 9,
    temperature: 0.5,
    top_p: 0.9,
    top_logprobs: 2,
    include: ["message.output_text.logprobs"],
    safety_identifier: "u1",
    service_tier: "flex",
    previous_response_id: "resp_1",
  };
  expect(openAiResponses.request(body)).toEqual({
    kind: "chat",
    model: "chat",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "developer", content: "Hm." },
      {
        role: "user",
        content: [
          { type: "file", url: "data:application/pdf;base64,AAAA", name: "a.pdf" },
          { type: "audio", format: "wav", base64: "BBBB" },
          {
            type: "foreign",
            dialect: "openai-responses",
            what: "an image by its file_id",
            value: { type: "input_image", file_id: "file-1" },
          },
        ],
      },
      {
        role: "user",
        content: [
          {
            type: "foreign",
            dialect: "openai-responses",
            what: 'a "item_reference" item',
            value: { type: "item_reference", id: "msg_1" },
          },
        ],
      },
    ],
    tools: [{ name: "f", parameters: { type: "object" }, strict: true }],
    foreignTools: [
      {
        type: "foreign",
        dialect: "openai-responses",
        what: 'a "web_search" tool',
        value: { type: "web_search" },
      },
    ],
    toolChoice: { name: "f" },
    parallelToolCalls: false,
    responseFormat: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true },
    reasoning: { effort: "low", summary: "auto" },
    maxTokens: 9,
    sampling: { temperature: 0.5, topP: 0.9 },
    topLogprobs: 2,
    stop: [],
    n: 1,
    stream: false,
    user: "u1",
    extra: { service_tier: "flex" },
    source: { dialect: "openai-responses", body: expect.any(Object) },
  });
});

it("narrows the tools to the allowed ones, and refuses no choice in silence", () => {
  const tools = ["f", "g"].map((name) => ({ type: "function", name }));
  const ask = (choice: object) => openAiResponses.request({ ...ASKED, tools, tool_choice: choice });
  expect(
    ask({ type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "g" }] }),
  ).toMatchObject({ tools: [{ name: "g" }], toolChoice: "required" });
  expect(ask({ type: "mcp", server_label: "x" }).foreignTools).toMatchObject([
    { what: 'the tool choice "mcp"' },
  ]);
  expect(openAiResponses.request({ ...ASKED, tool_choice: "none" }).toolChoice).toBe("none");
});

it("leaves to an upstream of its dialect nothing that only Weir can resolve", () => {
  const input = [
    { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "theirs" },
    {
      type: "reasoning",
      id: "rs_2",
      summary: [],
      encrypted_content: sealProof({ signature: "s" }),
    },
    { type: "function_call", id: "fc_1", call_id: "c", name: "f", arguments: "{}", signature: "s" },
    { role: "user", content: "x" },
  ];
  const { source } = openAiResponses.request({
    ...ASKED,
    input,
    previous_response_id: "resp_1",
    background: true,
    reasoning: { effort: "low" },
  });
  expect(source?.body).toEqual({
    ...ASKED,
    input: [
      { type: "reasoning", summary: [], encrypted_content: "theirs" },
      { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
      { role: "user", content: "x" },
    ],
    store: false,
    include: ["reasoning.encrypted_content"],
    reasoning: { effort: "low" },
  });
});

it.each([
  [{ model: "chat" }, "input"],
  [{ model: "chat", input: [] }, "input"],
  [{ input: "x" }, "model"],
  [{ model: "chat", input: [{ role: "king", content: "x" }] }, "input[0].role"],
  [{ model: "chat", input: ["x"] }, "input[0]"],
  [
    { model: "chat", input: [{ role: "user", content: [{ type: "input_text" }] }] },
    "input[0].content[0].text",
  ],
  [{ model: "chat", input: [{ type: "function_call", name: "f" }] }, "input[0].call_id"],
  [{ model: "chat", input: "x", text: { format: { type: "xml" } } }, "text.format.type"],
  [{ model: "chat", input: "x", temperature: 9 }, "temperature"],
  [{ model: "chat", input: "x", tools: [{ type: "function" }] }, "tools[0].name"],
  [{ model: "chat", input: "x", tool_choice: "maybe" }, "tool_choice.mode"],
  [{ model: "chat", input: "x", prompt: { id: "p" } }, "prompt"],
])("names the field at fault: %j", (body, param) => {
  expect(() => openAiResponses.request(body)).toThrow(expect.objectContaining({ param }));
});

function itemsOf(events: readonly ChatEvent[]): readonly unknown[] {
  const json = openAiResponses.whole(HEAD, events, { inputTokens: 0, outputTokens: 0 });
  return (JSON.parse(json) as { output: unknown[] }).output;
}
