import { describe, expect, it } from "vitest";
import type { ChatEvent, ChatRequest } from "../../chat.ts";
import { anthropicMessages } from "../anthropic/protocol.ts";
import { readEmbeddings, toEmbedBodies, toEmbedPath } from "./embeddings.ts";
import { bedrockUpstream } from "./upstream.ts";

const BASE: ChatRequest = {
  kind: "chat",
  model: "anthropic.claude-sonnet-4-5-20250929-v1:0",
  messages: [{ role: "user", content: "Hi" }],
  sampling: {},
  stop: [],
  n: 1,
  stream: false,
};
const body = (more: Partial<ChatRequest>) => bedrockUpstream.body({ ...BASE, ...more }).body;
const dropped = (more: Partial<ChatRequest>) => bedrockUpstream.body({ ...BASE, ...more }).dropped;
const user = (...content: object[]) => ({ messages: [{ role: "user", content }] });
const image = (url: string) => ({ type: "image", url }) as const;
const file = (url: string, more = {}) => ({ type: "file", url, ...more }) as const;

const MESSAGES: [string, ChatRequest["messages"], object][] = [
  ["a text", BASE.messages, user({ text: "Hi" })],
  [
    "system texts and cache points",
    [
      { role: "system", content: [{ type: "text", text: "One.", cache: { ttl: "1h" } }] },
      { role: "user", content: "a" },
      { role: "developer", content: "Two." },
      { role: "user", content: [{ type: "text", text: "b", cache: {} }] },
    ],
    {
      system: [{ text: "One." }, { cachePoint: { type: "default", ttl: "1h" } }, { text: "Two." }],
      ...user({ text: "a" }, { text: "b" }, { cachePoint: { type: "default" } }),
    },
  ],
  ["a system prompt alone", [{ role: "system", content: "One." }], user({ text: "One." })],
  [
    "media",
    [
      {
        role: "user",
        content: [
          image("data:image/jpeg;base64,AAAA"),
          file("data:application/pdf;base64,BBBB", { name: "a_b (1).pdf" }),
          file("data:text/plain;base64,CCCC"),
          { type: "audio", format: "wav", base64: "DDDD" },
        ],
      },
    ],
    user(
      { image: { format: "jpeg", source: { bytes: "AAAA" } } },
      { document: { format: "pdf", name: "a b (1)", source: { bytes: "BBBB" } } },
      { document: { format: "txt", name: "document", source: { bytes: "CCCC" } } },
      { audio: { format: "wav", source: { bytes: "DDDD" } } },
    ),
  ],
  [
    "thoughts, calls and results",
    [
      {
        role: "assistant",
        content: " ",
        reasoning: [
          { text: "hm", signature: "s" },
          { text: "unsigned" },
          { text: "", redacted: "xx" },
        ],
        toolCalls: [{ id: "f:0", name: "f", arguments: '{"a":1}' }],
      },
      {
        role: "tool",
        toolCallId: "f:0",
        isError: true,
        content: [{ type: "text", text: "no", cache: {} }],
      },
    ],
    {
      messages: [
        {
          role: "assistant",
          content: [
            { reasoningContent: { reasoningText: { text: "hm", signature: "s" } } },
            { reasoningContent: { redactedContent: "xx" } },
            { toolUse: { toolUseId: "f_0", name: "f", input: { a: 1 } } },
          ],
        },
        {
          role: "user",
          content: [
            { toolResult: { toolUseId: "f_0", content: [{ text: "no" }], status: "error" } },
            { cachePoint: { type: "default" } },
          ],
        },
      ],
      toolConfig: {
        tools: [
          { toolSpec: { name: "f", inputSchema: { json: { type: "object", properties: {} } } } },
        ],
      },
    },
  ],
];

const SCHEMA = { type: "object", properties: {} };
const TOOLS: Partial<ChatRequest> = {
  tools: [{ name: "f", description: "d", parameters: SCHEMA, strict: true, cache: {} }],
};
const choice = (toolChoice: object) => ({ toolConfig: { toolChoice } });
const OPTIONS: [string, Partial<ChatRequest>, object][] = [
  [
    "sampling",
    { maxTokens: 7, stop: ["x"], sampling: { temperature: 2, topP: 0.5, topK: 3 } },
    {
      inferenceConfig: { maxTokens: 7, temperature: 1, topP: 0.5, stopSequences: ["x"] },
      additionalModelRequestFields: { top_k: 3 },
    },
  ],
  [
    "tools",
    TOOLS,
    {
      toolConfig: {
        tools: [
          {
            toolSpec: { name: "f", description: "d", inputSchema: { json: SCHEMA }, strict: true },
          },
          { cachePoint: { type: "default" } },
        ],
      },
    },
  ],
  ["a call", { ...TOOLS, toolChoice: "required" }, choice({ any: {} })],
  ["the model's choice", { ...TOOLS, toolChoice: "auto" }, choice({ auto: {} })],
  ["one tool", { ...TOOLS, toolChoice: { name: "f" } }, choice({ tool: { name: "f" } })],
  [
    "thinking",
    { reasoning: { effort: "low" } },
    {
      inferenceConfig: { maxTokens: 6144 },
      additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 2048 } },
    },
  ],
  [
    "thinking, of a model that adapts",
    { model: "us.anthropic.claude-opus-4-6-v1", reasoning: { effort: "high" } },
    {
      additionalModelRequestFields: { thinking: { type: "adaptive" } },
      outputConfig: { effort: "high" },
    },
  ],
  [
    "thinking, of another vendor's model",
    { model: "openai.gpt-oss-120b-1:0", reasoning: { effort: "xhigh" } },
    { additionalModelRequestFields: { reasoning_effort: "high" } },
  ],
  [
    "a schema",
    { responseFormat: { type: "json_schema", name: "n", schema: SCHEMA } },
    {
      outputConfig: {
        textFormat: {
          type: "json_schema",
          structure: {
            jsonSchema: {
              name: "n",
              schema: '{"type":"object","properties":{},"additionalProperties":false}',
            },
          },
        },
      },
    },
  ],
];

const REFUSED: [string, Partial<ChatRequest>, string][] = [
  ["logprobs", { topLogprobs: 1 }, "logprobs"],
  ["a logit bias", { sampling: { logitBias: { 1: 1 } } }, "logit_bias"],
  ["a grammar", { grammar: "x" }, "grammar"],
  [
    "an image to fetch",
    { messages: [{ role: "user", content: [image("https://a/b")] }] },
    "messages",
  ],
  [
    "a film",
    { messages: [{ role: "user", content: [file("data:video/mp4;base64,")] }] },
    "messages",
  ],
  [
    "another dialect's tool",
    { foreignTools: [{ type: "foreign", dialect: "openai-responses", what: "a tool", value: 1 }] },
    "tools",
  ],
];

describe("Bedrock as an upstream", () => {
  it.each([
    [false, "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"],
    [true, "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream"],
  ])("is asked at its path (stream: %s)", (stream, path) => {
    expect(bedrockUpstream.path({ ...BASE, stream })).toBe(path);
  });

  it.each(MESSAGES)("is sent %s", (_, messages, expected) => {
    expect(body({ messages })).toEqual(expected);
  });

  it.each(OPTIONS)("is asked for %s", (_, more, expected) => {
    expect(body(more)).toMatchObject(expected);
  });

  it.each(REFUSED)("is not asked for %s", (_, more, param) => {
    expect(() => body(more)).toThrow(
      expect.objectContaining({ code: "unsupported_parameter", param }),
    );
  });

  it("tells what it drops", () => {
    const model = "amazon.nova-pro-v1:0";
    const reasoning = { effort: "high" } as const;
    expect(dropped({ model, reasoning, sampling: { topK: 3, seed: 1 }, user: "u" })).toEqual([
      "seed",
      "user",
      "top_k",
      "reasoning_effort",
    ]);
    const past = {
      role: "assistant",
      content: null,
      toolCalls: [{ id: "a", name: "f", arguments: "" }],
    } as const;
    expect(dropped({ ...TOOLS, toolChoice: "none", messages: [past] })).toEqual(["tool_choice"]);
    expect(dropped({ ...TOOLS, toolChoice: "none" })).toEqual([]);
    expect(body({ ...TOOLS, toolChoice: "none" })).not.toHaveProperty("toolConfig");
  });

  it("is told in words to answer with JSON, where there is no schema", () => {
    const { system } = body({ responseFormat: { type: "json_object" } });
    expect(JSON.stringify(system)).toContain("JSON object");
  });

  it("gets what an Anthropic client sends", () => {
    const request = anthropicMessages.request({
      model: BASE.model,
      max_tokens: 5,
      system: "S",
      messages: [
        { role: "user", content: "Hi" },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "hm", signature: "s" },
            { type: "tool_use", id: "t", name: "f", input: {} },
          ],
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "x" }] },
      ],
    });
    expect(bedrockUpstream.body(request).body).toMatchObject({
      system: [{ text: "S" }],
      messages: [
        { role: "user", content: [{ text: "Hi" }] },
        {
          role: "assistant",
          content: [
            { reasoningContent: { reasoningText: { text: "hm", signature: "s" } } },
            { toolUse: { toolUseId: "t", name: "f", input: {} } },
          ],
        },
        { role: "user", content: [{ toolResult: { toolUseId: "t", content: [{ text: "x" }] } }] },
      ],
    });
  });
});

const delta = (contentBlockIndex: number, delta: object): [string, object] => [
  "contentBlockDelta",
  { contentBlockIndex, delta, p: "abc" },
];
const STREAM: [string, object][] = [
  ["messageStart", { role: "assistant" }],
  delta(0, { reasoningContent: { text: "hm" } }),
  delta(0, { reasoningContent: { signature: "s" } }),
  ["contentBlockStop", { contentBlockIndex: 0 }],
  delta(1, { reasoningContent: { redactedContent: "xx" } }),
  delta(2, { text: "Well" }),
  [
    "contentBlockStart",
    { contentBlockIndex: 3, start: { toolUse: { toolUseId: "a", name: "f" } } },
  ],
  delta(3, { toolUse: { input: '{"a"' } }),
  delta(3, { toolUse: { input: ":1}" } }),
  ["messageStop", { stopReason: "tool_use" }],
  [
    "metadata",
    {
      usage: {
        inputTokens: 10,
        outputTokens: 9,
        totalTokens: 24,
        cacheReadInputTokens: 3,
        cacheWriteInputTokens: 2,
      },
      metrics: { latencyMs: 1 },
    },
  ],
];
const usage = { inputTokens: 15, outputTokens: 9, cachedTokens: 3, cacheWriteTokens: 2 };
const EVENTS = [
  { type: "reasoning-delta", index: 0, part: 0, text: "hm" },
  { type: "reasoning-delta", index: 0, part: 0, text: "", signature: "s" },
  { type: "reasoning-delta", index: 0, part: 1, text: "", redacted: "xx" },
  { type: "text-delta", index: 0, text: "Well" },
  { type: "tool-call-delta", index: 0, call: 0, id: "a", name: "f", arguments: "" },
  { type: "tool-call-delta", index: 0, call: 0, arguments: '{"a"' },
  { type: "tool-call-delta", index: 0, call: 0, arguments: ":1}" },
  { type: "finish", index: 0, reason: "tool_calls" },
  { type: "usage", usage },
];

function read(stream: readonly [string, object][]): unknown {
  const reader = bedrockUpstream.reader(BASE);
  const events: ChatEvent[] = stream.flatMap(([name, payload]) => [
    ...reader.message(JSON.stringify(payload), name),
  ]);
  const end = reader.end();
  return end === false ? "cut off" : [...events, ...end];
}
const whole = (value: object) => bedrockUpstream.reader(BASE).whole(JSON.stringify(value));

describe("Bedrock's answers", () => {
  it("are read from a stream", () => {
    expect(read(STREAM)).toEqual(EVENTS);
  });

  it("are incomplete without their stop, complete without their numbers", () => {
    expect(read(STREAM.slice(0, -2))).toBe("cut off");
    expect(read(STREAM.slice(0, -1))).toEqual(EVENTS.slice(0, -1));
  });

  it("are read whole", () => {
    const value = {
      output: {
        message: {
          role: "assistant",
          content: [
            { reasoningContent: { reasoningText: { text: "hm", signature: "s" } } },
            { reasoningContent: { redactedContent: "xx" } },
            { text: "Well" },
            { toolUse: { toolUseId: "a", name: "f", input: { a: 1 } } },
          ],
        },
      },
      stopReason: "tool_use",
      usage: {
        inputTokens: 10,
        outputTokens: 9,
        cacheReadInputTokens: 3,
        cacheWriteInputTokens: 2,
      },
    };
    expect(whole(value)).toEqual([
      { type: "reasoning-delta", index: 0, part: 0, text: "hm", signature: "s" },
      { type: "reasoning-delta", index: 0, part: 1, text: "", redacted: "xx" },
      { type: "text-delta", index: 0, text: "Well" },
      { type: "tool-call-delta", index: 0, call: 0, id: "a", name: "f", arguments: '{"a":1}' },
      { type: "finish", index: 0, reason: "tool_calls" },
      { type: "usage", usage },
    ]);
  });

  it.each([
    ["end_turn", "stop"],
    ["stop_sequence", "stop"],
    ["max_tokens", "length"],
    ["model_context_window_exceeded", "length"],
    ["content_filtered", "content_filter"],
    ["guardrail_intervened", "content_filter"],
    ["next_year", "stop"],
  ])("end with %s", (stopReason, reason) => {
    expect(whole({ output: { message: {} }, stopReason })).toEqual([
      { type: "finish", index: 0, reason },
    ]);
  });

  it.each([
    ["exception:throttlingException", "rate_limited"],
    ["exception:modelStreamErrorException", "provider_failed"],
    ["exception:internalServerException", "provider_failed"],
    ["exception:modelTimeoutException", "provider_timed_out"],
    ["exception:validationException", "invalid_request"],
  ])("fail on %s", (name, code) => {
    expect(() => bedrockUpstream.reader(BASE).message('{"message":"said"}', name)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining("said") as string }),
    );
  });

  it("fail on a call that the model wrote wrongly, and on an unknown shape", () => {
    const failure = expect.objectContaining({ code: "provider_failed" });
    expect(() => read([["messageStop", { stopReason: "malformed_tool_use" }]])).toThrow(failure);
    expect(() => whole({ output: 5 })).toThrow(failure);
  });
});

describe("Bedrock's embeddings", () => {
  const titan = {
    kind: "embedding",
    model: "amazon.titan-embed-text-v2:0",
    input: ["a", "b"],
  } as const;
  const cohere = { ...titan, model: "cohere.embed-v4:0", dimensions: 256 };

  it("are asked for in each vendor's words", () => {
    expect(toEmbedPath(titan)).toBe("/model/amazon.titan-embed-text-v2%3A0/invoke");
    expect(toEmbedBodies(titan)).toEqual([{ inputText: "a" }, { inputText: "b" }]);
    expect(toEmbedBodies(cohere)).toMatchObject([{ texts: ["a", "b"], output_dimension: 256 }]);
    expect(() => toEmbedBodies({ ...titan, input: [[1]] })).toThrow("not tokens");
  });

  it.each([
    [{ embedding: [1, 2], inputTextTokenCount: 3 }, [[1, 2]], 3],
    [{ embeddings: [[1], [2]] }, [[1], [2]], 0],
    [{ embeddings: { float: [[1], [2]] } }, [[1], [2]], 0],
  ])("are read from %j", (value, vectors, inputTokens) => {
    expect(readEmbeddings(value)).toEqual({ vectors, usage: { inputTokens, outputTokens: 0 } });
  });
});
