import { expect, it } from "vitest";
import type { ChatEvent, ChatRequest } from "../../chat.ts";
import { QUIRKS } from "./quirks.ts";
import { parseUpstreamAnswer } from "./upstream-answer.ts";
import { toUpstreamBody as toBody } from "./upstream-request.ts";

const toUpstreamBody = (request: Parameters<typeof toBody>[0]) =>
  toBody(request, QUIRKS["openai-compatible"]).body;

const chunk = (choices: unknown, more = {}): unknown => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  model: "up",
  choices,
  ...more,
});
const text = (index: number, said: string): ChatEvent => ({
  type: "text-delta",
  index,
  text: said,
});
const finish = (index: number, reason: "stop" | "length" | "tool_calls" | "content_filter") =>
  ({ type: "finish", index, reason }) as const;

const CASES: [string, unknown, ChatEvent[]][] = [
  [
    "a text chunk",
    chunk([{ index: 0, delta: { content: "Hi" }, finish_reason: null }]),
    [text(0, "Hi")],
  ],
  ["the first chunk", chunk([{ index: 0, delta: { role: "assistant", content: "" } }]), []],
  ["the last chunk", chunk([{ index: 0, delta: {}, finish_reason: "stop" }]), [finish(0, "stop")]],
  ["no index", chunk([{ delta: { content: "Hi" } }]), [text(0, "Hi")]],
  ["an index of null", chunk([{ index: null, delta: { content: "Hi" } }]), [text(0, "Hi")]],
  [
    "a whole answer",
    {
      choices: [
        { index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "length" },
      ],
    },
    [text(0, "Hi"), finish(0, "length")],
  ],
  [
    "several answers",
    chunk([
      { index: 1, delta: { content: "b" } },
      { index: 0, delta: { content: "a" }, finish_reason: "stop" },
    ]),
    [text(1, "b"), text(0, "a"), finish(0, "stop")],
  ],
  [
    "a completion",
    { choices: [{ index: 0, text: "Hi", finish_reason: "stop", logprobs: null }] },
    [text(0, "Hi"), finish(0, "stop")],
  ],
  [
    "reasoning",
    chunk([{ index: 0, delta: { reasoning_content: "so", content: null } }]),
    [{ type: "reasoning-delta", index: 0, text: "so" }],
  ],
  [
    "reasoning under its other name",
    chunk([{ index: 0, delta: { reasoning: "so", content: "Hi" } }]),
    [{ type: "reasoning-delta", index: 0, text: "so" }, text(0, "Hi")],
  ],
  [
    "a filtered answer",
    chunk([{ index: 0, delta: {}, finish_reason: "content_filter" }]),
    [finish(0, "content_filter")],
  ],
  [
    "an old function call",
    chunk([{ index: 0, delta: {}, finish_reason: "function_call" }]),
    [finish(0, "tool_calls")],
  ],
  [
    "an unknown reason",
    chunk([{ index: 0, delta: {}, finish_reason: "eos" }]),
    [finish(0, "stop")],
  ],
  ["an error of null", chunk([], { error: null }), []],
  ["nothing", {}, []],
  ["choices of null", { choices: null, usage: null }, []],
  [
    "the start of a tool call",
    chunk([
      {
        index: 0,
        delta: {
          tool_calls: [
            { index: 1, id: "c1", type: "function", function: { name: "f", arguments: "" } },
          ],
        },
      },
    ]),
    [{ type: "tool-call-delta", index: 0, call: 1, id: "c1", name: "f", arguments: "" }],
  ],
  [
    "more of a tool call",
    chunk([{ index: 0, delta: { tool_calls: [{ index: 1, function: { arguments: '{"a' } }] } }]),
    [{ type: "tool-call-delta", index: 0, call: 1, arguments: '{"a' }],
  ],
  [
    "whole tool calls without index",
    {
      choices: [
        {
          index: 0,
          message: {
            content: null,
            tool_calls: [{ id: "a", function: { name: "f", arguments: "{}" } }, { id: "b" }],
          },
          finish_reason: "tool_calls",
        },
      ],
    },
    [
      { type: "tool-call-delta", index: 0, call: 0, id: "a", name: "f", arguments: "{}" },
      { type: "tool-call-delta", index: 0, call: 1, id: "b", arguments: "" },
      finish(0, "tool_calls"),
    ],
  ],
  [
    "no tool calls",
    chunk([{ index: 0, delta: { content: "Hi", tool_calls: [] } }]),
    [text(0, "Hi")],
  ],
  [
    "logprobs",
    chunk([
      {
        index: 0,
        delta: { content: "é" },
        logprobs: {
          content: [
            {
              token: "é",
              logprob: -0.5,
              top_logprobs: [{ token: "e", logprob: -1, bytes: [101] }],
            },
          ],
        },
      },
    ]),
    [
      {
        type: "text-delta",
        index: 0,
        text: "é",
        logprobs: [
          {
            token: "é",
            logprob: -0.5,
            bytes: [195, 169],
            top: [{ token: "e", logprob: -1, bytes: [101] }],
          },
        ],
      },
    ],
  ],
  [
    "logprobs of another shape",
    chunk([{ index: 0, delta: { content: "Hi" }, logprobs: { tokens: ["Hi"] } }]),
    [text(0, "Hi")],
  ],
  [
    "usage",
    chunk([], { usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } }),
    [{ type: "usage", usage: { inputTokens: 3, outputTokens: 4 } }],
  ],
  [
    "usage in detail",
    chunk([], {
      usage: {
        prompt_tokens: 3,
        completion_tokens: 4,
        prompt_tokens_details: { cached_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 1 },
      },
    }),
    [
      {
        type: "usage",
        usage: { inputTokens: 3, outputTokens: 4, cachedTokens: 2, reasoningTokens: 1 },
      },
    ],
  ],
  [
    "usage without figures",
    chunk([], {
      usage: { prompt_tokens: null, prompt_tokens_details: null, completion_tokens_details: {} },
    }),
    [{ type: "usage", usage: { inputTokens: 0, outputTokens: 0 } }],
  ],
];

it.each(CASES)("reads %s", (_, value, events) => {
  expect(parseUpstreamAnswer(JSON.stringify(value))).toEqual(events);
});

it.each(CASES)("reads %s the same by hand and by the schema", (_, value, events) => {
  // An empty list of tool calls sends the answer to the schema and means nothing there.
  const answer = value as { choices?: Record<string, object>[] | null };
  const choices = [...(answer.choices ?? []), { index: 99, delta: { tool_calls: [] } }];
  expect(parseUpstreamAnswer(JSON.stringify({ ...answer, choices }))).toEqual(events);
});

it.each([
  "[]",
  "null",
  '"text"',
  '{"choices":{}}',
  '{"choices":[null]}',
  '{"choices":[[]]}',
  '{"choices":[{"index":"0"}]}',
  '{"choices":[{"index":1e999}]}',
  '{"choices":[{"text":1}]}',
  '{"choices":[{"finish_reason":false}]}',
  '{"choices":[{"delta":"Hi"}]}',
  '{"choices":[{"message":[]}]}',
  '{"choices":[{"delta":{"content":[{"type":"text","text":1}]}}]}',
  '{"choices":[{"delta":{"reasoning":1}}]}',
  '{"choices":[{"delta":{"reasoning_content":1}}]}',
  '{"choices":[{"delta":{"tool_calls":{}}}]}',
  '{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":[]}}]}}]}',
  '{"usage":[]}',
  '{"usage":{"prompt_tokens":"3"}}',
  '{"usage":{"completion_tokens":1e999}}',
  '{"usage":{"prompt_tokens_details":[]}}',
  '{"usage":{"completion_tokens_details":{"reasoning_tokens":"1"}}}',
])("refuses the shape of %s", (json) => {
  expect(() => parseUpstreamAnswer(json)).toThrow("The upstream's answer has an unknown shape.");
});

it.each([
  ["{not json", "The upstream sent something that is not JSON."],
  ['{"error":{"message":"out of memory"}}', "The upstream failed: out of memory"],
  ['{"error":"out of memory","choices":[]}', "The upstream failed: out of memory"],
  ['{"error":{"code":7}}', 'The upstream failed: {"code":7}'],
])("says why %s failed", (json, message) => {
  expect(() => parseUpstreamAnswer(json)).toThrow(
    expect.objectContaining({ code: "provider_failed", message }),
  );
});

const ASK: ChatRequest = {
  kind: "chat",
  model: "up",
  messages: [{ role: "user", content: "Hi" }],
  sampling: {},
  stop: [],
  n: 1,
  stream: false,
};
const wire = (request: Parameters<typeof toUpstreamBody>[0]): unknown =>
  JSON.parse(JSON.stringify(toUpstreamBody(request)));

it("writes no more than was asked", () => {
  expect(wire(ASK)).toEqual({ model: "up", messages: [{ role: "user", content: "Hi" }] });
});

it("asks for the usage of a stream", () => {
  expect(wire({ ...ASK, stream: true })).toMatchObject({
    stream: true,
    stream_options: { include_usage: true },
  });
});

it("writes every field under OpenAI's name, and never lets extra fields win", () => {
  expect(
    wire({
      ...ASK,
      sampling: {
        temperature: 0,
        topP: 1,
        topK: 5,
        minP: 0.1,
        repeatPenalty: 2,
        frequencyPenalty: 3,
        presencePenalty: 4,
        seed: 7,
        logitBias: { 5: -1 },
      },
      maxTokens: 9,
      stop: ["x"],
      n: 2,
      topLogprobs: 0,
      user: "u",
      tools: [{ name: "f", parameters: { type: "object" } }],
      toolChoice: { name: "f" },
      responseFormat: { type: "json_schema", name: "s", schema: {} },
      extra: { model: "other", best_of: 3 },
    }),
  ).toEqual({
    best_of: 3,
    model: "up",
    messages: [{ role: "user", content: "Hi" }],
    tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }],
    tool_choice: { type: "function", function: { name: "f" } },
    response_format: { type: "json_schema", json_schema: { name: "s", schema: {} } },
    logprobs: true,
    top_logprobs: 0,
    temperature: 0,
    top_p: 1,
    top_k: 5,
    min_p: 0.1,
    repetition_penalty: 2,
    frequency_penalty: 3,
    presence_penalty: 4,
    seed: 7,
    logit_bias: { 5: -1 },
    max_tokens: 9,
    stop: ["x"],
    n: 2,
    user: "u",
  });
});

it("writes images, tool calls and their results", () => {
  const messages: ChatRequest["messages"] = [
    {
      role: "user",
      name: "Ann",
      content: [
        { type: "text", text: "see" },
        { type: "image", url: "data:x", detail: "low" },
      ],
    },
    { role: "assistant", content: null, toolCalls: [{ id: "c", name: "f", arguments: "{}" }] },
    { role: "tool", content: "4", toolCallId: "c" },
  ];
  expect(wire({ ...ASK, messages, toolChoice: "auto" })).toEqual({
    model: "up",
    tool_choice: "auto",
    messages: [
      {
        role: "user",
        name: "Ann",
        content: [
          { type: "text", text: "see" },
          { type: "image_url", image_url: { url: "data:x", detail: "low" } },
        ],
      },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", content: "4", tool_call_id: "c" },
    ],
  });
});

it("writes a completion", () => {
  const { kind: _, messages: __, ...rest } = ASK;
  const request = {
    ...rest,
    kind: "completion",
    prompt: "Once",
    echo: true,
    topLogprobs: 2,
  } as const;
  expect(wire(request)).toEqual({ model: "up", prompt: "Once", echo: true, logprobs: 2 });
});
