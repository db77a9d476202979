import { expect, it } from "vitest";
import { streamChat } from "../chat-stream.ts";
import { EXAMPLE_SCHEMA } from "../check-schema.ts";
import { toQuestion, type Message } from "../question.ts";
import { NO_SETTINGS, type Protocol } from "../settings.ts";
import { EXAMPLE_TOOLS } from "../tools.ts";
import { WIRES } from "./wire.ts";

const MESSAGES: readonly Message[] = [
  { role: "user", text: "Look", images: ["data:image/png;base64,AAAA"] },
  { role: "assistant", text: "", calls: [{ id: "c1", name: "get", arguments: '{"a":1}' }] },
  { role: "tool", results: [{ id: "c1", text: "407" }] },
];
const SETTINGS = {
  ...NO_SETTINGS,
  system: "Be brief.",
  maxTokens: "64",
  format: "schema",
  schema: EXAMPLE_SCHEMA,
  usesTools: true,
  tools: EXAMPLE_TOOLS,
} as const;

const bodyOf = (protocol: Protocol) =>
  WIRES[protocol].body(toQuestion({ ...SETTINGS, protocol }, "chat", MESSAGES));

it("sends only what was filled in", () => {
  const plain = toQuestion({ ...NO_SETTINGS, topP: "1" }, "chat", []);
  expect(WIRES.chat.body(plain)).toEqual({
    model: "chat",
    messages: [],
    top_p: 1,
    stream: true,
    stream_options: { include_usage: true },
  });
  expect(WIRES.messages.body(plain)).toMatchObject({ max_tokens: 1024, top_p: 1 });
  expect(WIRES.chat.body({ ...plain, format: "json" })).toMatchObject({
    response_format: { type: "json_object" },
  });
});

it("writes images, calls, their results and a schema as OpenAI's chats have them", () => {
  expect(bodyOf("chat")).toMatchObject({
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: [{ type: "text" }, { type: "image_url" }] },
      { role: "assistant", content: null, tool_calls: [{ id: "c1", function: { name: "get" } }] },
      { role: "tool", tool_call_id: "c1", content: "407" },
    ],
    tools: [{ type: "function", function: { name: "get_river_level" } }],
    response_format: { type: "json_schema", json_schema: { strict: true } },
    max_tokens: 64,
  });
});

it("writes the same as Anthropic's messages", () => {
  expect(bodyOf("messages")).toMatchObject({
    system: "Be brief.",
    messages: [
      {
        role: "user",
        content: [
          { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
          { type: "text", text: "Look" },
        ],
      },
      { role: "assistant", content: [{ type: "tool_use", id: "c1", input: { a: 1 } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content: "407" }] },
    ],
    tools: [{ name: "get_river_level", input_schema: { type: "object" } }],
    output_config: { format: { type: "json_schema" } },
    max_tokens: 64,
  });
});

it("writes the same as OpenAI's responses", () => {
  expect(bodyOf("responses")).toMatchObject({
    instructions: "Be brief.",
    input: [
      { role: "user", content: [{ type: "input_text" }, { type: "input_image" }] },
      { type: "function_call", call_id: "c1", arguments: '{"a":1}' },
      { type: "function_call_output", call_id: "c1", output: "407" },
    ],
    tools: [{ type: "function", name: "get_river_level" }],
    text: { format: { type: "json_schema", name: "answer" } },
    max_output_tokens: 64,
    store: false,
  });
});

const STREAMS: Readonly<Record<Protocol, readonly unknown[]>> = {
  chat: [
    { choices: [{ delta: { reasoning_content: "Hm" } }] },
    { choices: [{ delta: { content: "Hi" } }] },
    { choices: [{ delta: { tool_calls: [{ index: 0, id: "c1", function: { name: "get" } }] } }] },
    { choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: "{}" } }] } }] },
    { choices: [{ delta: {}, finish_reason: "tool_calls" }] },
    { choices: [], usage: { prompt_tokens: 9, completion_tokens: 2 } },
    "[DONE]",
  ],
  messages: [
    { type: "message_start", message: { usage: { input_tokens: 5, cache_read_input_tokens: 4 } } },
    { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Hm" } },
    { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "Hi" } },
    {
      type: "content_block_start",
      index: 2,
      content_block: { type: "tool_use", id: "c1", name: "get" },
    },
    {
      type: "content_block_delta",
      index: 2,
      delta: { type: "input_json_delta", partial_json: "{}" },
    },
    { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 2 } },
    { type: "message_stop" },
  ],
  responses: [
    { type: "response.created", response: {} },
    { type: "response.reasoning_summary_text.delta", delta: "Hm" },
    { type: "response.output_text.delta", delta: "Hi" },
    {
      type: "response.output_item.added",
      output_index: 2,
      item: { type: "function_call", call_id: "c1", name: "get", arguments: "" },
    },
    { type: "response.function_call_arguments.delta", output_index: 2, delta: "{}" },
    {
      type: "response.completed",
      response: { status: "completed", usage: { input_tokens: 9, output_tokens: 2 } },
    },
  ],
};

const never = new AbortController().signal;

function served(chunks: readonly unknown[]): typeof fetch {
  const text = chunks
    .map((chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`)
    .join("");
  return () => Promise.resolve(new Response(text));
}

it.each(["chat", "messages", "responses"] as const)(
  "reads thoughts, text, a call and the usage of %s",
  async (protocol) => {
    const question = toQuestion({ ...NO_SETTINGS, protocol }, "chat", MESSAGES);
    const events = await Array.fromAsync(streamChat(question, never, served(STREAMS[protocol])));
    const usage = Object.assign(
      {},
      ...events.map((event) => (event.type === "usage" ? event.usage : {})),
    );
    expect(usage).toMatchObject({ inputTokens: 9, outputTokens: 2 });
    expect(events.filter(({ type }) => type !== "usage").slice(1)).toMatchObject([
      { type: "reasoning-delta", text: "Hm" },
      { type: "text-delta", text: "Hi" },
      { type: "tool-delta", id: "c1", name: "get", text: "" },
      { type: "tool-delta", text: "{}" },
      { type: "finish" },
    ]);
  },
);

it.each([
  ["messages", { type: "error", error: { type: "overloaded_error", message: "Full." } }],
  ["responses", { type: "response.failed", response: { error: { code: "x", message: "Full." } } }],
  ["responses", { type: "error", code: "x", message: "Full." }],
] as const)("throws an error inside the stream of %s", async (protocol, chunk) => {
  const question = toQuestion({ ...NO_SETTINGS, protocol }, "chat", MESSAGES);
  const events = streamChat(question, never, served([chunk]));
  await expect(Array.fromAsync(events)).rejects.toMatchObject({ message: "Full." });
});
