import { describe, expect, it } from "vitest";
import type { ChatRequest } from "../../chat.ts";
import { anthropicMessages } from "./protocol.ts";
import { toCountTokensRequest } from "./request.ts";

const BASE = { model: "m", max_tokens: 10, messages: [{ role: "user", content: "Hi" }] };
const translate = (more: object): ChatRequest => {
  const request = anthropicMessages.request({ ...BASE, ...more });
  if (request.kind !== "chat") throw new Error("not a chat");
  return request;
};
const said = (...content: object[]): object => ({ messages: [{ role: "user", content }] });
const replied = (...content: object[]): object => ({ messages: [{ role: "assistant", content }] });
const foreign = (what: string, value: unknown) => ({
  type: "foreign",
  dialect: "anthropic-messages",
  what,
  value,
});

const MESSAGES: [string, object, unknown[]][] = [
  ["a plain text", {}, [{ role: "user", content: "Hi" }]],
  ["a text block", said({ type: "text", text: "Hi" }), [{ role: "user", content: "Hi" }]],
  [
    "a marked text",
    said({ type: "text", text: "Hi", cache_control: { type: "ephemeral", ttl: "1h" } }),
    [{ role: "user", content: [{ type: "text", text: "Hi", cache: { ttl: "1h" } }] }],
  ],
  [
    "images",
    said(
      { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
      { type: "image", source: { type: "url", url: "https://a/b.png" } },
    ),
    [
      {
        role: "user",
        content: [
          { type: "image", url: "data:image/png;base64,AAAA" },
          { type: "image", url: "https://a/b.png" },
        ],
      },
    ],
  ],
  [
    "documents",
    said(
      {
        type: "document",
        title: "a.pdf",
        source: { type: "base64", media_type: "application/pdf", data: "AAAA" },
        cache_control: { type: "ephemeral" },
      },
      { type: "document", source: { type: "url", url: "https://a/b.pdf" } },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "é" } },
    ),
    [
      {
        role: "user",
        content: [
          { type: "file", url: "data:application/pdf;base64,AAAA", name: "a.pdf", cache: {} },
          { type: "file", url: "https://a/b.pdf" },
          { type: "file", url: "data:text/plain;base64,w6k=" },
        ],
      },
    ],
  ],
  [
    "what only Anthropic knows",
    said(
      { type: "image", source: { type: "file", file_id: "f" } },
      { type: "search_result", source: "s", x: 1 },
    ),
    [
      {
        role: "user",
        content: [
          foreign('a "image" block with a source of type "file"', {
            type: "image",
            source: { type: "file", file_id: "f" },
          }),
          foreign('a "search_result" block', { type: "search_result", source: "s", x: 1 }),
        ],
      },
    ],
  ],
  [
    "tool results before a text",
    said(
      { type: "tool_result", tool_use_id: "t1", content: "20°" },
      {
        type: "tool_result",
        tool_use_id: "t2",
        is_error: true,
        content: [
          { type: "text", text: "no" },
          { type: "image", source: { type: "url", url: "https://a/b.png" } },
        ],
        cache_control: { type: "ephemeral" },
      },
      { type: "tool_result", tool_use_id: "t3" },
      { type: "text", text: "Go on" },
    ),
    [
      { role: "tool", toolCallId: "t1", content: "20°" },
      {
        role: "tool",
        toolCallId: "t2",
        isError: true,
        content: [
          { type: "text", text: "no" },
          { type: "image", url: "https://a/b.png", cache: {} },
        ],
      },
      { role: "tool", toolCallId: "t3", content: "" },
      { role: "user", content: "Go on" },
    ],
  ],
  [
    "an assistant's thoughts, texts and calls",
    replied(
      { type: "thinking", thinking: "hm", signature: "s1" },
      { type: "redacted_thinking", data: "xx" },
      { type: "text", text: "Well" },
      { type: "tool_use", id: "t1", name: "f", input: { a: [1] } },
      { type: "tool_use", id: "t2", name: "g", input: {}, signature: "s2" },
    ),
    [
      {
        role: "assistant",
        reasoning: [
          { text: "hm", signature: "s1" },
          { text: "", redacted: "xx" },
        ],
        content: "Well",
        toolCalls: [
          { id: "t1", name: "f", arguments: '{"a":[1]}' },
          { id: "t2", name: "g", arguments: "{}", signature: "s2" },
        ],
      },
    ],
  ],
  [
    "an assistant that only calls",
    replied({ type: "tool_use", id: "t1", name: "f", input: null }),
    [
      {
        role: "assistant",
        content: null,
        toolCalls: [{ id: "t1", name: "f", arguments: "{}" }],
      },
    ],
  ],
  [
    "a system prompt",
    { system: "Be brief." },
    [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
    ],
  ],
  [
    "system blocks, without the client's line about itself",
    {
      system: [
        { type: "text", text: "x-anthropic-billing-header: cc_version=1" },
        { type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } },
      ],
    },
    [
      { role: "system", content: [{ type: "text", text: "Be brief.", cache: {} }] },
      { role: "user", content: "Hi" },
    ],
  ],
  [
    "a system prompt that begins with the client's line about itself",
    { system: "x-anthropic-billing-header: cc_version=1\nBe brief." },
    [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
    ],
  ],
  [
    "a system message in the middle",
    { messages: [{ role: "system", content: "Now in French." }] },
    [{ role: "system", content: "Now in French." }],
  ],
];

const WEB_SEARCH = { type: "web_search_20250305", name: "web_search", max_uses: 2 };
const SCHEMA = { type: "object", properties: {} };
const OPTIONS: [string, object, Partial<ChatRequest>][] = [
  ["max_tokens", {}, { maxTokens: 10, n: 1, stream: false, stop: [], sampling: {} }],
  [
    "sampling",
    { temperature: 1, top_p: 0.5, top_k: 4, stop_sequences: ["x"], stream: true },
    { sampling: { temperature: 1, topP: 0.5, topK: 4 }, stop: ["x"], stream: true },
  ],
  ["a user", { metadata: { user_id: "u" } }, { user: "u" }],
  [
    "tools",
    {
      tools: [
        { name: "f", description: "d", input_schema: SCHEMA, strict: true },
        { type: "custom", name: "g", input_schema: SCHEMA, cache_control: { type: "ephemeral" } },
        WEB_SEARCH,
      ],
    },
    {
      tools: [
        { name: "f", description: "d", parameters: SCHEMA, strict: true },
        { name: "g", parameters: SCHEMA, cache: {} },
      ],
      foreignTools: [foreign('a "web_search_20250305" tool', WEB_SEARCH) as never],
    },
  ],
  ["tool_choice auto", { tool_choice: { type: "auto" } }, { toolChoice: "auto" }],
  ["tool_choice any", { tool_choice: { type: "any" } }, { toolChoice: "required" }],
  ["tool_choice none", { tool_choice: { type: "none" } }, { toolChoice: "none" }],
  [
    "one tool, once",
    { tool_choice: { type: "tool", name: "f", disable_parallel_tool_use: true } },
    { toolChoice: { name: "f" }, parallelToolCalls: false },
  ],
  [
    "thinking with a budget",
    { thinking: { type: "enabled", budget_tokens: 2048 } },
    { reasoning: { budgetTokens: 2048, summary: "auto" } },
  ],
  [
    "thinking as the model likes",
    { thinking: { type: "adaptive", display: "omitted" }, output_config: { effort: "max" } },
    { reasoning: { effort: "xhigh", summary: "none" } },
  ],
  ["no thinking", { thinking: { type: "disabled" } }, { reasoning: { effort: "none" } }],
  ["an effort", { output_config: { effort: "low" } }, { reasoning: { effort: "low" } }],
  [
    "a schema",
    { output_config: { format: { type: "json_schema", schema: SCHEMA } } },
    {
      responseFormat: { type: "json_schema", name: "answer", schema: SCHEMA, strict: true },
    },
  ],
  [
    "a schema at its older place",
    { output_format: { type: "json_schema", schema: SCHEMA } },
    {
      responseFormat: { type: "json_schema", name: "answer", schema: SCHEMA, strict: true },
    },
  ],
  ["unknown fields", { service_tier: "auto" }, { extra: { service_tier: "auto" } }],
];

const ERRORS: [string, unknown, string | undefined][] = [
  ["no body", null, undefined],
  ["no model", { max_tokens: 1, messages: BASE.messages }, "model"],
  ["no max_tokens", { model: "m", messages: BASE.messages }, "max_tokens"],
  ["no messages", { ...BASE, messages: [] }, "messages"],
  ["an unknown role", { ...BASE, messages: [{ role: "tool", content: "" }] }, "messages[0].role"],
  ["no content", { ...BASE, messages: [{ role: "user" }] }, "messages[0].content"],
  ["no type", { ...BASE, ...said({ text: "Hi" }) }, "messages[0].content[0].type"],
  [
    "a text without text",
    { ...BASE, messages: [...BASE.messages, { role: "user", content: [{ type: "text" }] }] },
    "messages[1].content[0].text",
  ],
  [
    "an unknown source",
    { ...BASE, ...said({ type: "image", source: { type: "ftp" } }) },
    "messages[0].content[0].source.type",
  ],
  [
    "a fault within a tool result",
    {
      ...BASE,
      ...said({ type: "tool_result", tool_use_id: "t", content: [{ type: "image" }] }),
    },
    "messages[0].content[0].content[0].source",
  ],
  ["a tool without schema", { ...BASE, tools: [{ name: "f" }] }, "tools[0].input_schema"],
  ["a choice of no tool", { ...BASE, tool_choice: { type: "tool" } }, "tool_choice.name"],
  ["an image as system prompt", { ...BASE, system: [{ type: "image" }] }, "system[0].type"],
];

describe("Anthropic's requests", () => {
  it.each(MESSAGES)("read %s", (_, more, messages) => {
    expect(translate(more).messages).toEqual(messages);
  });

  it.each(OPTIONS)("read %s", (_, more, expected) => {
    expect(translate(more)).toMatchObject(expected);
  });

  it.each(ERRORS)("name the field at fault: %s", (_, body, param) => {
    expect(() => anthropicMessages.request(body)).toThrow(
      expect.objectContaining({ code: "invalid_request", param }),
    );
  });

  it("keep the body as it came", () => {
    const body = { ...BASE, ...said({ type: "text", text: "Hi", x: 1 }) };
    expect(anthropicMessages.request(body).source).toEqual({
      dialect: "anthropic-messages",
      body,
    });
  });

  it("need no max_tokens to be counted", () => {
    const body = { model: "m", system: "S", messages: BASE.messages };
    expect(toCountTokensRequest(body).messages).toHaveLength(2);
  });
});
