import { describe, expect, it } from "vitest";
import type { ChatEvent, ChatRequest, Foreign, GenerateRequest } from "../../chat.ts";
import { createSseParser, formatSse } from "../../sse.ts";
import { anthropicMessages } from "./protocol.ts";
import { anthropicUpstream } from "./upstream.ts";

const BASE: ChatRequest = {
  kind: "chat",
  model: "claude-sonnet-4-5",
  messages: [{ role: "user", content: "Hi" }],
  sampling: {},
  stop: [],
  n: 1,
  stream: false,
};
const body = (more: Partial<ChatRequest>) => anthropicUpstream.body({ ...BASE, ...more }).body;
const dropped = (more: Partial<ChatRequest>) =>
  anthropicUpstream.body({ ...BASE, ...more }).dropped;
const block = (text: string) => ({ type: "text", text });
const image = (url: string, more = {}) => ({ type: "image", url, ...more }) as const;
const file = (url: string, more = {}) => ({ type: "file", url, ...more }) as const;
const SEARCH: Foreign = {
  type: "foreign",
  dialect: "anthropic-messages",
  what: "a tool",
  value: { type: "web_search_20250305" },
};

const MESSAGES: [string, ChatRequest["messages"], object][] = [
  ["a text", BASE.messages, { messages: [{ role: "user", content: [block("Hi")] }] }],
  [
    "system texts, wherever they stand",
    [
      { role: "system", content: "One." },
      { role: "user", content: "Hi" },
      { role: "developer", content: [{ type: "text", text: "Two.", cache: { ttl: "1h" } }] },
      { role: "user", content: "There" },
    ],
    {
      system: [
        block("One."),
        { ...block("Two."), cache_control: { type: "ephemeral", ttl: "1h" } },
      ],
      messages: [{ role: "user", content: [block("Hi"), block("There")] }],
    },
  ],
  [
    "a system prompt alone",
    [{ role: "system", content: "Say hi." }],
    { messages: [{ role: "user", content: [block("Say hi.")] }] },
  ],
  [
    "the beginning of an answer",
    [...BASE.messages, { role: "assistant", content: "So \n" }],
    { messages: [{ role: "user" }, { role: "assistant", content: [block("So")] }] },
  ],
  [
    "images and files",
    [
      {
        role: "user",
        content: [
          image("https://a/b.png", { cache: {} }),
          image("data:image/png;base64,AAAA"),
          file("data:application/pdf;base64,AAAA", { name: "a.pdf" }),
          file("https://a/b.pdf"),
          file("data:text/markdown;base64,w6k="),
        ],
      },
    ],
    {
      messages: [
        {
          role: "user",
          content: [
            {
              type: "image",
              source: { type: "url", url: "https://a/b.png" },
              cache_control: { type: "ephemeral" },
            },
            {
              type: "image",
              source: { type: "base64", media_type: "image/png", data: "AAAA" },
            },
            {
              type: "document",
              title: "a.pdf",
              source: { type: "base64", media_type: "application/pdf", data: "AAAA" },
            },
            { type: "document", source: { type: "url", url: "https://a/b.pdf" } },
            {
              type: "document",
              source: { type: "text", media_type: "text/plain", data: "é" },
            },
          ],
        },
      ],
    },
  ],
  [
    "thoughts, calls and results",
    [
      {
        role: "assistant",
        content: "",
        reasoning: [
          { text: "hm", signature: "s" },
          { text: "unsigned" },
          { text: "", redacted: "xx" },
        ],
        toolCalls: [
          { id: "functions.f:0", name: "f", arguments: '{"a":1}' },
          { id: "b", name: "g", arguments: "", cache: {} },
          { id: "c", name: "h", arguments: '{"a":' },
        ],
      },
      { role: "user", content: "Here:" },
      { role: "tool", toolCallId: "functions.f:0", content: "20°" },
      { role: "tool", toolCallId: "b", content: "", isError: true },
      { role: "tool", toolCallId: "c", content: [image("https://a/b.png")] },
    ],
    {
      messages: [
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "hm", signature: "s" },
            { type: "redacted_thinking", data: "xx" },
            { type: "tool_use", id: "functions_f_0", name: "f", input: { a: 1 } },
            {
              type: "tool_use",
              id: "b",
              name: "g",
              input: {},
              cache_control: { type: "ephemeral" },
            },
            { type: "tool_use", id: "c", name: "h", input: { INVALID_JSON: '{"a":' } },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "functions_f_0", content: "20°" },
            { type: "tool_result", tool_use_id: "b", is_error: true },
            {
              type: "tool_result",
              tool_use_id: "c",
              content: [{ type: "image", source: { type: "url", url: "https://a/b.png" } }],
            },
            block("Here:"),
          ],
        },
      ],
    },
  ],
];

const TOOLS: Partial<ChatRequest> = {
  tools: [{ name: "f", description: "d", parameters: { type: "object" }, strict: true, cache: {} }],
};
const TOOL = {
  name: "f",
  description: "d",
  input_schema: { type: "object" },
  strict: true,
  cache_control: { type: "ephemeral" },
};
const OBJECT = { type: "object", properties: { a: { type: "object", properties: {} } } };
const OPTIONS: [string, Partial<ChatRequest>, object][] = [
  ["a limit", { maxTokens: 7 }, { max_tokens: 7 }],
  ["no limit", {}, { max_tokens: 4096 }],
  ["streams", { stream: true }, { stream: true }],
  [
    "sampling, within Anthropic's bounds",
    { sampling: { temperature: 1.5, topP: 0.5, topK: 3 } },
    { temperature: 1, top_p: 0.5, top_k: 3 },
  ],
  ["stop texts", { stop: ["x"] }, { stop_sequences: ["x"] }],
  ["a user", { user: "u" }, { metadata: { user_id: "u" } }],
  ["a tool", TOOLS, { tools: [TOOL] }],
  [
    "a tool without parameters",
    { tools: [{ name: "f" }], toolChoice: "none", parallelToolCalls: false },
    {
      tools: [{ name: "f", input_schema: { type: "object", properties: {} } }],
      tool_choice: { type: "none" },
    },
  ],
  [
    "one forced call",
    { ...TOOLS, toolChoice: "required", parallelToolCalls: false },
    { tool_choice: { type: "any", disable_parallel_tool_use: true } },
  ],
  [
    "one call",
    { ...TOOLS, parallelToolCalls: false },
    { tool_choice: { type: "auto", disable_parallel_tool_use: true } },
  ],
  [
    "a named tool",
    { ...TOOLS, toolChoice: { name: "f" } },
    { tool_choice: { type: "tool", name: "f" } },
  ],
  [
    "Anthropic's own tools",
    { foreignTools: [SEARCH] },
    { tools: [{ type: "web_search_20250305" }] },
  ],
  [
    "an effort, as a budget",
    { reasoning: { effort: "low", summary: "none" }, sampling: { temperature: 0.5, topP: 0.99 } },
    {
      max_tokens: 6144,
      thinking: { type: "enabled", budget_tokens: 2048, display: "omitted" },
      top_p: 0.99,
    },
  ],
  [
    "a budget below the limit",
    { reasoning: { budgetTokens: 9000 }, maxTokens: 5000 },
    { max_tokens: 5000, thinking: { type: "enabled", budget_tokens: 4999 } },
  ],
  [
    "an effort, for a model that adapts",
    { model: "claude-opus-4-6", reasoning: { effort: "minimal" } },
    { thinking: { type: "adaptive" }, output_config: { effort: "low" } },
  ],
  [
    "a budget, for a model that adapts",
    { model: "claude-opus-5", reasoning: { budgetTokens: 8192 } },
    { thinking: { type: "adaptive" }, output_config: { effort: "medium" } },
  ],
  [
    "thoughts to read, as long as the model likes",
    { model: "claude-opus-5", reasoning: { summary: "auto" } },
    { thinking: { type: "adaptive", display: "summarized" } },
  ],
  ["no thinking", { reasoning: { effort: "none" } }, { thinking: { type: "disabled" } }],
  [
    "a schema",
    { responseFormat: { type: "json_schema", name: "n", schema: OBJECT } },
    {
      output_config: {
        format: {
          type: "json_schema",
          schema: {
            type: "object",
            properties: { a: { type: "object", properties: {}, additionalProperties: false } },
            additionalProperties: false,
          },
        },
      },
    },
  ],
];

const REFUSED: [string, Partial<ChatRequest>, string][] = [
  ["logprobs", { topLogprobs: 1 }, "logprobs"],
  ["a logit bias", { sampling: { logitBias: { 1: 1 } } }, "logit_bias"],
  ["a grammar", { grammar: "root ::= x" }, "grammar"],
  ["a blank stop text", { stop: ["\n"] }, "stop"],
  [
    "audio",
    { messages: [{ role: "user", content: [{ type: "audio", format: "wav", base64: "" }] }] },
    "messages",
  ],
  [
    "a spreadsheet",
    { messages: [{ role: "user", content: [file("data:application/vnd.ms-excel;base64,AA")] }] },
    "messages",
  ],
  [
    "another dialect's part",
    { messages: [{ role: "user", content: [{ ...SEARCH, dialect: "openai-responses" }] }] },
    "messages",
  ],
];

describe("Anthropic as an upstream", () => {
  it.each(MESSAGES)("is sent %s", (_, messages, expected) => {
    expect(body({ messages })).toMatchObject(expected);
  });

  it.each(OPTIONS)("is asked for %s", (_, more, expected) => {
    expect(body(more)).toMatchObject(expected);
  });

  it.each(REFUSED)("is not asked for %s", (_, more, param) => {
    expect(() => body(more)).toThrow(
      expect.objectContaining({ code: "unsupported_parameter", param }),
    );
  });

  it("takes a completion's prompt as a message, but repeats none", () => {
    const request = { ...BASE, kind: "completion", prompt: "a", echo: false } as GenerateRequest;
    expect(anthropicUpstream.body(request).body).toMatchObject({
      messages: [{ role: "user", content: [block("a")] }],
    });
    expect(() => anthropicUpstream.body({ ...request, echo: true } as GenerateRequest)).toThrow(
      expect.objectContaining({ code: "unsupported_parameter", param: "echo" }),
    );
  });

  it("tells what it drops", () => {
    const sampling = {
      seed: 1,
      minP: 0.1,
      frequencyPenalty: 0,
      presencePenalty: 1,
      temperature: 2,
      topP: 0.5,
      topK: 5,
    };
    expect(dropped({ sampling, extra: { store: true } })).toEqual([
      "seed",
      "min_p",
      "presence_penalty",
      "temperature",
      "store",
    ]);
    expect(dropped({ sampling, reasoning: { effort: "high" } })).toEqual([
      "seed",
      "min_p",
      "presence_penalty",
      "temperature",
      "top_p",
      "top_k",
    ]);
    expect(body({ model: "claude-opus-4-8", sampling })).not.toHaveProperty("temperature");
    expect(dropped({ reasoning: { effort: "high" }, maxTokens: 100 })).toEqual([
      "reasoning_effort",
    ]);
    expect(dropped({ ...TOOLS, toolChoice: "required", reasoning: { effort: "high" } })).toEqual([
      "reasoning_effort",
    ]);
  });

  it("is not asked to think in the middle of a chain of calls whose thought is lost", () => {
    const messages = (
      reasoning: { text: string; signature: string }[],
    ): ChatRequest["messages"] => [
      {
        role: "assistant",
        content: null,
        reasoning,
        toolCalls: [{ id: "a", name: "f", arguments: "{}" }],
      },
      { role: "tool", toolCallId: "a", content: "x" },
    ];
    const reasoning = { effort: "low" } as const;
    expect(body({ reasoning, messages: messages([]) })).not.toHaveProperty("thinking");
    expect(body({ reasoning, messages: messages([{ text: "a", signature: "s" }]) })).toHaveProperty(
      "thinking",
    );
  });

  it("is told in words to answer with JSON, where there is no schema", () => {
    expect(JSON.stringify(body({ responseFormat: { type: "json_object" } })["system"])).toContain(
      "JSON object",
    );
  });

  it("gets the body of its own client, but for the model and foreign thoughts", () => {
    const sent = {
      model: "asked",
      max_tokens: 5,
      service_tier: "auto",
      system: [{ type: "text", text: "x-anthropic-billing-header: 1" }],
      messages: [
        { role: "user", content: [{ type: "text", text: "my secret", x: 1 }] },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "a", signature: "" },
            { type: "thinking", thinking: "b", signature: "s" },
            { type: "tool_use", id: "t", name: "f", input: {}, signature: "s" },
          ],
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "t" }] },
      ],
    };
    const request = anthropicMessages.request(sent) as ChatRequest;
    const source = { ...request.source, redacted: new Map([["my secret", "[gone]"]]) };
    const relayed = anthropicUpstream.body({
      ...request,
      model: "real",
      source: source as NonNullable<ChatRequest["source"]>,
    });
    expect(relayed).toMatchObject({ dropped: [], isRelayed: true });
    expect(relayed.body).toEqual({
      ...sent,
      model: "real",
      messages: [
        { role: "user", content: [{ type: "text", text: "[gone]", x: 1 }] },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "b", signature: "s" },
            { type: "tool_use", id: "t", name: "f", input: {} },
          ],
        },
        sent.messages[2],
      ],
    });
  });

  it.each([
    ["thinking", { thinking: { type: "enabled", budget_tokens: 1024 } }],
    ["a schema", { output_config: { format: { type: "json_schema", schema: OBJECT } } }],
    ["a user", { metadata: { user_id: "u" } }],
    ["a choice", { tools: [TOOL], tool_choice: { type: "tool", name: "f" } }],
    ["tools", { tools: [TOOL, { type: "web_search_20250305", name: "web_search" }] }],
    ["stop texts", { stop_sequences: ["x"], top_k: 3, stream: true }],
    [
      "blocks",
      {
        system: [{ type: "text", text: "S", cache_control: { type: "ephemeral", ttl: "1h" } }],
        messages: [
          {
            role: "user",
            content: [
              { type: "image", source: { type: "url", url: "https://a/b" } },
              { type: "document", source: { type: "file", file_id: "f" } },
              { type: "text", text: "Hi" },
            ],
          },
          {
            role: "assistant",
            content: [
              { type: "thinking", thinking: "hm", signature: "s" },
              { type: "redacted_thinking", data: "xx" },
              { type: "text", text: "So", cache_control: { type: "ephemeral" } },
              { type: "tool_use", id: "t", name: "f", input: { a: 1 } },
            ],
          },
          {
            role: "user",
            content: [
              {
                type: "tool_result",
                tool_use_id: "t",
                is_error: true,
                content: [{ type: "text", text: "no", cache_control: { type: "ephemeral" } }],
              },
            ],
          },
        ],
      },
    ],
  ])("gets %s unchanged through the canonical form", (_, more) => {
    const sent = {
      model: "claude-sonnet-4-5",
      max_tokens: 5000,
      messages: [{ role: "user", content: [block("Hi")] }],
      ...more,
    };
    const { source: _source, ...request } = anthropicMessages.request(sent) as ChatRequest;
    const { body } = anthropicUpstream.body(request);
    const closed = JSON.stringify(body).replaceAll(',"additionalProperties":false', "");
    const { thinking, ...rest } = JSON.parse(closed) as Record<string, object | undefined>;
    expect({ ...rest, ...(thinking && { thinking: { ...thinking, display: undefined } }) }).toEqual(
      sent,
    );
  });
});

const usage = { inputTokens: 15, outputTokens: 9, cachedTokens: 3, cacheWriteTokens: 2 };
const STREAM: Record<string, unknown>[] = [
  {
    type: "message_start",
    message: {
      id: "msg_up",
      type: "message",
      role: "assistant",
      model: "claude",
      content: [],
      usage: {
        input_tokens: 10,
        cache_read_input_tokens: 3,
        cache_creation_input_tokens: 2,
        output_tokens: 1,
      },
    },
  },
  { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } },
  { type: "ping" },
  { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm é" } },
  { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "s" } },
  { type: "content_block_stop", index: 0 },
  {
    type: "content_block_start",
    index: 1,
    content_block: { type: "redacted_thinking", data: "x" },
  },
  { type: "content_block_stop", index: 1 },
  { type: "content_block_start", index: 2, content_block: block("") },
  { type: "content_block_delta", index: 2, delta: { type: "text_delta", text: "Well\n" } },
  { type: "content_block_stop", index: 2 },
  { type: "content_block_start", index: 3, content_block: { type: "server_tool_use", id: "s" } },
  {
    type: "content_block_delta",
    index: 3,
    delta: { type: "input_json_delta", partial_json: "{}" },
  },
  { type: "content_block_stop", index: 3 },
  {
    type: "content_block_start",
    index: 4,
    content_block: { type: "tool_use", id: "a", name: "f", input: {} },
  },
  { type: "content_block_delta", index: 4, delta: { type: "input_json_delta", partial_json: "" } },
  {
    type: "content_block_delta",
    index: 4,
    delta: { type: "input_json_delta", partial_json: '{"a"' },
  },
  {
    type: "content_block_delta",
    index: 4,
    delta: { type: "input_json_delta", partial_json: ":1}" },
  },
  { type: "content_block_stop", index: 4 },
  {
    type: "content_block_start",
    index: 5,
    content_block: { type: "tool_use", id: "b", name: "g", input: { b: 2 } },
  },
  { type: "content_block_stop", index: 5 },
  {
    type: "message_delta",
    delta: { stop_reason: "tool_use", stop_sequence: null },
    usage: { output_tokens: 9, input_tokens: null },
  },
  { type: "message_stop" },
];
const call = (call: number, args: string, more = {}) => ({
  type: "tool-call-delta",
  index: 0,
  call,
  arguments: args,
  ...more,
});
const EVENTS = [
  { type: "reasoning-delta", index: 0, part: 0, text: "hm é" },
  { type: "reasoning-delta", index: 0, part: 0, text: "", signature: "s" },
  { type: "reasoning-delta", index: 0, part: 1, text: "", redacted: "x" },
  { type: "text-delta", index: 0, text: "Well\n" },
  call(0, "", { id: "a", name: "f" }),
  call(0, '{"a"'),
  call(0, ":1}"),
  call(1, "", { id: "b", name: "g" }),
  call(1, '{"b":2}'),
  { type: "finish", index: 0, reason: "tool_calls" },
  { type: "usage", usage },
];
const wire = (values: readonly Record<string, unknown>[]): string =>
  values.map((value) => formatSse(JSON.stringify(value), String(value["type"]))).join("");

function read(slices: readonly string[], request: GenerateRequest = BASE): unknown {
  const reader = anthropicUpstream.reader(request);
  const events: ChatEvent[] = [];
  const parser = createSseParser(({ data, event }) => events.push(...reader.message(data, event)));
  for (const slice of slices) parser.push(slice);
  const end = reader.end();
  return end === false ? "cut off" : [...events, ...end];
}

const END_CASES: [string, object, object][] = [
  ["end_turn", { stop_reason: "end_turn" }, { reason: "stop" }],
  ["max_tokens", { stop_reason: "max_tokens" }, { reason: "length" }],
  ["a full context", { stop_reason: "model_context_window_exceeded" }, { reason: "length" }],
  ["a refusal", { stop_reason: "refusal" }, { reason: "content_filter" }],
  ["a pause", { stop_reason: "pause_turn" }, { reason: "stop" }],
  [
    "a stop text",
    { stop_reason: "stop_sequence", stop_sequence: "X" },
    { reason: "stop", stopText: "X" },
  ],
  ["a reason of next year", { stop_reason: "new" }, { reason: "stop" }],
];

describe("Anthropic's answers", () => {
  it("are read from a stream, wherever it is cut", () => {
    const text = wire(STREAM);
    for (let at = 0; at <= text.length; at += 1) {
      expect(read([text.slice(0, at), text.slice(at)])).toEqual(EVENTS);
    }
  });

  it("are incomplete without their last event", () => {
    expect(read([wire(STREAM.slice(0, -1))])).toBe("cut off");
  });

  it.each(END_CASES)("end with %s", (_, delta, expected) => {
    const events = read([wire([{ type: "message_delta", delta }, { type: "message_stop" }])]);
    expect(events).toMatchObject([{ type: "finish", ...expected }, { type: "usage" }]);
    const [finish] = anthropicUpstream
      .reader(BASE)
      .whole(JSON.stringify({ content: [], ...delta }));
    expect(finish).toMatchObject(expected);
  });

  it("are read whole", () => {
    const json = JSON.stringify({
      id: "msg_up",
      type: "message",
      content: [
        { type: "thinking", thinking: "hm", signature: "s" },
        block("Well"),
        { type: "tool_use", id: "a", name: "f", input: { a: 1 } },
      ],
      stop_reason: "tool_use",
      usage: {
        input_tokens: 10,
        cache_read_input_tokens: 3,
        cache_creation_input_tokens: 2,
        output_tokens: 9,
      },
    });
    expect(anthropicUpstream.reader(BASE).whole(json)).toEqual([
      { type: "reasoning-delta", index: 0, part: 0, text: "hm", signature: "s" },
      { type: "text-delta", index: 0, text: "Well" },
      call(0, "", { id: "a", name: "f" }),
      call(0, '{"a":1}'),
      { type: "finish", index: 0, reason: "tool_calls" },
      { type: "usage", usage },
    ]);
  });

  it.each([
    ["overloaded_error", "provider_failed", true],
    ["api_error", "provider_failed", true],
    ["rate_limit_error", "rate_limited", true],
    ["timeout_error", "provider_timed_out", true],
    ["invalid_request_error", "invalid_request", false],
  ])("may hold an error: %s", (type, code, retryable) => {
    const data = JSON.stringify({ type: "error", error: { type, message: "said" } });
    const failure = expect.objectContaining({
      code,
      retryable,
      message: expect.stringContaining("said") as string,
    });
    expect(() => anthropicUpstream.reader(BASE).message(data, "error")).toThrow(failure);
    expect(() => anthropicUpstream.reader(BASE).whole(data)).toThrow(failure);
  });

  it.each(["", "[]", "{", "null", '{"type":5}'])("are refused when they are %j", (data) => {
    expect(() => anthropicUpstream.reader(BASE).message(data, "")).toThrow(
      expect.objectContaining({ code: "provider_failed" }),
    );
  });

  it("go back to Anthropic's clients as they came", () => {
    const request = anthropicMessages.request({
      model: "asked",
      max_tokens: 1,
      messages: [{ role: "user", content: "" }],
    });
    const events = read([wire(STREAM)], request) as ChatEvent[];
    const writer = anthropicMessages.stream({ id: "msg_1", created: 0, model: "asked" }, request);
    const out = writer.events(events) + writer.end(usage);
    const expected = wire(STREAM.filter(({ type }) => type !== "ping"));
    expect(out).toBe(expected.replace('"model":"claude"', '"model":"asked"'));
  });

  it("are written anew with the same blocks", () => {
    const writer = anthropicMessages.stream({ id: "msg_1", created: 0, model: "asked" }, BASE);
    const out = writer.events(read([wire(STREAM)]) as ChatEvent[]) + writer.end(usage);
    expect(read([out])).toEqual(
      EVENTS.filter((event) => event.type !== "usage").concat({ type: "usage", usage }),
    );
  });
});
