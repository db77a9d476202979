import { describe, expect, it } from "vitest";
import type { ChatEvent, ChatRequest, GenerateRequest } from "../../chat.ts";
import { createSseParser, formatSse } from "../../sse.ts";
import { collect } from "../collect.ts";
import { readEmbeddings, toEmbedBody, toEmbedPath } from "./embeddings.ts";
import { geminiUpstream } from "./upstream.ts";

const BASE: ChatRequest = {
  kind: "chat",
  model: "gemini-2.5-flash",
  messages: [{ role: "user", content: "Hi" }],
  sampling: {},
  stop: [],
  n: 1,
  stream: false,
};
const body = (more: Partial<ChatRequest>) => geminiUpstream.body({ ...BASE, ...more }).body;
const user = (...parts: object[]) => ({ contents: [{ role: "user", parts }] });

const MESSAGES: [string, ChatRequest["messages"], object][] = [
  ["a text", BASE.messages, user({ text: "Hi" })],
  [
    "system texts and neighbours",
    [
      { role: "system", content: "One." },
      { role: "user", content: "a" },
      { role: "developer", content: "Two." },
      { role: "user", content: [{ type: "text", text: "b", cache: {} }] },
    ],
    {
      systemInstruction: { parts: [{ text: "One." }, { text: "Two." }] },
      ...user({ text: "a" }, { text: "b" }),
    },
  ],
  ["a system prompt alone", [{ role: "system", content: "One." }], user({ text: "One." })],
  [
    "media",
    [
      {
        role: "user",
        content: [
          { type: "image", url: "data:image/png;base64,AAAA" },
          { type: "image", url: "https://a/b.JPG?x=1" },
          { type: "file", url: "https://a/b", name: "b" },
          { type: "audio", format: "wav", base64: "BBBB" },
        ],
      },
    ],
    user(
      { inlineData: { mimeType: "image/png", data: "AAAA" } },
      { fileData: { fileUri: "https://a/b.JPG?x=1", mimeType: "image/jpeg" } },
      { fileData: { fileUri: "https://a/b" } },
      { inlineData: { mimeType: "audio/wav", data: "BBBB" } },
    ),
  ],
  [
    "calls and results, matched by name",
    [
      {
        role: "assistant",
        content: "So",
        reasoning: [{ text: "hm", signature: "s0" }],
        toolCalls: [
          { id: "call_1", name: "f", arguments: '{"a":1}', signature: "s1" },
          { id: "own", name: "g", arguments: "" },
        ],
      },
      { role: "tool", toolCallId: "call_1", content: '{"b":2}' },
      { role: "tool", toolCallId: "own", content: "[1]", isError: true },
    ],
    {
      contents: [
        {
          role: "model",
          parts: [
            { text: "So", thoughtSignature: "s0" },
            { functionCall: { name: "f", args: { a: 1 } }, thoughtSignature: "s1" },
            { functionCall: { id: "own", name: "g", args: {} } },
          ],
        },
        {
          role: "user",
          parts: [
            { functionResponse: { name: "f", response: { b: 2 } } },
            { functionResponse: { id: "own", name: "g", response: { error: "[1]" } } },
          ],
        },
      ],
    },
  ],
  [
    "a result with an image",
    [
      {
        role: "tool",
        toolCallId: "x",
        content: [
          { type: "text", text: "ok" },
          { type: "image", url: "data:image/png;base64,AAAA" },
        ],
      },
    ],
    user({
      functionResponse: {
        id: "x",
        name: "x",
        response: { result: "ok" },
        parts: [{ inlineData: { mimeType: "image/png", data: "AAAA" } }],
      },
    }),
  ],
];

const SCHEMA = { type: "object", properties: { a: { type: "string" } } };
const TOOLS: Partial<ChatRequest> = {
  tools: [{ name: "f", description: "d", parameters: SCHEMA }],
};
const config = (generationConfig: object) => ({ generationConfig });
const calling = (functionCallingConfig: object) => ({ toolConfig: { functionCallingConfig } });
const OPTIONS: [string, Partial<ChatRequest>, object][] = [
  [
    "sampling",
    {
      maxTokens: 7,
      stop: ["x"],
      n: 2,
      sampling: {
        temperature: 1,
        topP: 0.5,
        topK: 3,
        seed: 4,
        presencePenalty: 1,
        frequencyPenalty: 2,
      },
    },
    config({
      maxOutputTokens: 7,
      stopSequences: ["x"],
      candidateCount: 2,
      temperature: 1,
      topP: 0.5,
      topK: 3,
      seed: 4,
      presencePenalty: 1,
      frequencyPenalty: 2,
    }),
  ],
  ["logprobs", { topLogprobs: 2 }, config({ responseLogprobs: true, logprobs: 2 })],
  ["logprobs alone", { topLogprobs: 0 }, config({ responseLogprobs: true })],
  [
    "JSON",
    { responseFormat: { type: "json_object" } },
    config({ responseMimeType: "application/json" }),
  ],
  [
    "a schema",
    { responseFormat: { type: "json_schema", name: "n", schema: SCHEMA } },
    config({ responseMimeType: "application/json", responseJsonSchema: SCHEMA }),
  ],
  [
    "tools",
    TOOLS,
    {
      tools: [
        { functionDeclarations: [{ name: "f", description: "d", parametersJsonSchema: SCHEMA }] },
      ],
    },
  ],
  ["a call", { ...TOOLS, toolChoice: "required" }, calling({ mode: "ANY" })],
  ["no call", { ...TOOLS, toolChoice: "none" }, calling({ mode: "NONE" })],
  ["the model's choice", { ...TOOLS, toolChoice: "auto" }, calling({ mode: "AUTO" })],
  ["strict tools", { tools: [{ name: "f", strict: true }] }, calling({ mode: "VALIDATED" })],
  [
    "one tool",
    { ...TOOLS, toolChoice: { name: "f" } },
    calling({ mode: "ANY", allowedFunctionNames: ["f"] }),
  ],
  [
    "an effort, as a budget",
    { reasoning: { effort: "low" } },
    config({ thinkingConfig: { thinkingBudget: 1024, includeThoughts: true } }),
  ],
  [
    "no thinking",
    { reasoning: { effort: "none" } },
    config({ thinkingConfig: { thinkingBudget: 0, includeThoughts: false } }),
  ],
  [
    "the least thinking of a model that cannot do without",
    { model: "gemini-2.5-pro", reasoning: { budgetTokens: 0 } },
    config({ thinkingConfig: { thinkingBudget: 128, includeThoughts: false } }),
  ],
  [
    "an effort, as a level",
    { model: "gemini-3-pro", reasoning: { effort: "minimal", summary: "none" } },
    config({ thinkingConfig: { thinkingLevel: "low", includeThoughts: false } }),
  ],
  [
    "a budget, of a new model",
    { model: "gemini-flash-latest", reasoning: { budgetTokens: 99 } },
    config({ thinkingConfig: { thinkingBudget: 99, includeThoughts: true } }),
  ],
];

describe("Gemini as an upstream", () => {
  it.each([
    ["gemini-2.5-flash", false, "/models/gemini-2.5-flash:generateContent"],
    ["tunedModels/a b", true, "/tunedModels/a%20b:streamGenerateContent?alt=sse"],
  ])("is asked at the path of %s", (model, stream, path) => {
    expect(geminiUpstream.path({ ...BASE, model, stream })).toBe(path);
  });

  it.each(MESSAGES)("is sent %s", (_, messages, expected) => {
    expect(body({ messages })).toEqual(expected);
  });

  it.each(OPTIONS)("is asked for %s", (_, more, expected) => {
    expect(body(more)).toMatchObject(expected);
  });

  it("gets a stand-in for a proof that another model's call lacks", () => {
    const messages: ChatRequest["messages"] = [
      {
        role: "assistant",
        content: null,
        toolCalls: [
          { id: "a", name: "f", arguments: "{}" },
          { id: "b", name: "f", arguments: "{}" },
        ],
      },
    ];
    const text = JSON.stringify(body({ model: "gemini-3-flash", messages }));
    expect(text.match(/skip_thought_signature_validator/g)).toHaveLength(1);
    expect(JSON.stringify(body({ messages }))).not.toContain("skip_thought");
  });

  it.each([
    ["a logit bias", { sampling: { logitBias: { 1: 1 } } }, "logit_bias"],
    ["a grammar", { grammar: "x" }, "grammar"],
    [
      "another dialect's tool",
      {
        foreignTools: [
          { type: "foreign", dialect: "anthropic-messages", what: "a tool", value: {} } as const,
        ],
      },
      "tools",
    ],
  ] as [string, Partial<ChatRequest>, string][])("is not asked for %s", (_, more, param) => {
    expect(() => body(more)).toThrow(
      expect.objectContaining({ code: "unsupported_parameter", param }),
    );
  });

  it("tells what it drops", () => {
    const request: GenerateRequest = {
      ...BASE,
      ...TOOLS,
      sampling: { minP: 0.1, repeatPenalty: 1.1 },
      parallelToolCalls: false,
      user: "u",
      extra: { store: true },
    };
    expect(geminiUpstream.body(request).dropped).toEqual([
      "min_p",
      "repeat_penalty",
      "parallel_tool_calls",
      "user",
      "store",
    ]);
  });
});

const parts = (...parts: object[]) => ({ content: { role: "model", parts } });
const STREAM: object[] = [
  { candidates: [{ ...parts({ text: "hm é", thought: true }), index: 0 }] },
  {
    candidates: [parts({ text: "We" })],
    usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 1 },
  },
  {
    candidates: [
      {
        ...parts({ text: "ll" }),
        logprobsResult: {
          chosenCandidates: [{ token: "ll", logProbability: -0.5, tokenId: 1 }],
          topCandidates: [{ candidates: [{ token: "é", logProbability: -1 }] }],
        },
      },
    ],
  },
  {
    candidates: [
      parts(
        { functionCall: { id: "a", name: "f", args: { x: [1] } }, thoughtSignature: "s" },
        { functionCall: { id: "b", name: "g" } },
      ),
    ],
  },
  {
    candidates: [{ ...parts({ text: "", thoughtSignature: "t" }), finishReason: "STOP", index: 0 }],
    usageMetadata: {
      promptTokenCount: 4,
      candidatesTokenCount: 5,
      thoughtsTokenCount: 3,
      cachedContentTokenCount: 2,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 1 },
        { modality: "IMAGE", tokenCount: 3 },
      ],
    },
  },
];
const EVENTS = [
  { type: "reasoning-delta", index: 0, text: "hm é" },
  { type: "text-delta", index: 0, text: "We" },
  {
    type: "text-delta",
    index: 0,
    text: "ll",
    logprobs: [
      {
        token: "ll",
        logprob: -0.5,
        bytes: [108, 108],
        top: [{ token: "é", logprob: -1, bytes: [195, 169] }],
      },
    ],
  },
  {
    type: "tool-call-delta",
    index: 0,
    call: 0,
    id: "a",
    name: "f",
    arguments: '{"x":[1]}',
    signature: "s",
  },
  { type: "tool-call-delta", index: 0, call: 1, id: "b", name: "g", arguments: "{}" },
  { type: "reasoning-delta", index: 0, text: "", signature: "t" },
  { type: "finish", index: 0, reason: "tool_calls" },
  {
    type: "usage",
    usage: { inputTokens: 4, outputTokens: 8, cachedTokens: 2, reasoningTokens: 3, imageTokens: 3 },
  },
];
const wire = (values: readonly object[]): string =>
  values.map((value) => formatSse(JSON.stringify(value)).replace("\n\n", "\r\n\r\n")).join("");

function read(slices: readonly string[]): unknown {
  const reader = geminiUpstream.reader(BASE);
  const events: ChatEvent[] = [];
  const parser = createSseParser(({ data }) => events.push(...reader.message(data, "")));
  for (const slice of slices) parser.push(slice);
  const end = reader.end();
  return end === false ? "cut off" : [...events, ...end];
}
const whole = (value: object) => geminiUpstream.reader(BASE).whole(JSON.stringify(value));
const failure = (code: string, retryable: boolean) => expect.objectContaining({ code, retryable });

describe("Gemini's answers", () => {
  it("are read from a stream, wherever it is cut", () => {
    const text = wire(STREAM);
    for (let at = 0; at <= text.length; at += 1) {
      expect(read([text.slice(0, at), text.slice(at)])).toEqual(EVENTS);
    }
  });

  it("are incomplete without a finish reason", () => {
    expect(read([wire(STREAM.slice(0, -1))])).toBe("cut off");
    expect(read([""])).toBe("cut off");
    expect(() => whole({ candidates: [] })).toThrow(failure("provider_failed", true));
  });

  it.each([
    ["STOP", "stop"],
    ["MAX_TOKENS", "length"],
    ["SAFETY", "content_filter"],
    ["RECITATION", "content_filter"],
    ["SPII", "content_filter"],
    ["NEXT_YEAR", "stop"],
  ])("end with %s", (finishReason, reason) => {
    expect(whole({ candidates: [{ finishReason }] })).toEqual([
      { type: "finish", index: 0, reason },
    ]);
  });

  it("are read by candidate", () => {
    const { choices } = collect(
      whole({
        candidates: [
          { index: 1, ...parts({ text: "b" }), finishReason: "MAX_TOKENS" },
          { index: 0, ...parts({ text: "a" }), finishReason: "STOP" },
        ],
      }),
    );
    expect(choices).toMatchObject([
      { text: "a", finish: "stop" },
      { text: "b", finish: "length" },
    ]);
  });

  it("get ids for calls that have none, each its own", () => {
    const answer = {
      candidates: [
        {
          ...parts({ functionCall: { name: "f" } }, { functionCall: { name: "f" } }),
          finishReason: "STOP",
        },
      ],
    };
    const ids = [whole(answer), whole(answer)].flatMap((events) =>
      collect(events).choices.flatMap(({ toolCalls }) => toolCalls.map(({ id }) => id)),
    );
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^call_\w+$/);
  });

  it.each([
    [
      "a blocked prompt",
      { promptFeedback: { blockReason: "SAFETY" } },
      "blocked_by_provider",
      false,
    ],
    [
      "a broken call",
      { candidates: [{ finishReason: "MALFORMED_FUNCTION_CALL" }] },
      "provider_failed",
      true,
    ],
    ["a full quota", { error: { code: 429, message: "x" } }, "rate_limited", true],
    ["a wrong request", { error: { code: 400, message: "x" } }, "invalid_request", false],
    ["any other error", { error: { code: 503, status: "UNAVAILABLE" } }, "provider_failed", true],
    ["an unknown shape", { candidates: 5 }, "provider_failed", true],
  ])("fail on %s", (_, value, code, retryable) => {
    expect(() => whole(value)).toThrow(failure(code, retryable));
  });
});

describe("Gemini's embeddings", () => {
  const request = { kind: "embedding", model: "e", input: ["a", "b"], dimensions: 2 } as const;

  it("are asked for in one batch", () => {
    expect(toEmbedPath(request)).toBe("/models/e:batchEmbedContents");
    expect(toEmbedBody(request)).toEqual({
      requests: ["a", "b"].map((text) => ({
        model: "models/e",
        content: { parts: [{ text }] },
        outputDimensionality: 2,
      })),
    });
    expect(() => toEmbedBody({ ...request, input: [[1]] })).toThrow("not tokens");
  });

  it("are read in order", () => {
    expect(readEmbeddings({ embeddings: [{ values: [1, 2] }, { values: [3, 4] }] })).toEqual({
      vectors: [
        [1, 2],
        [3, 4],
      ],
      usage: { inputTokens: 0, outputTokens: 0 },
    });
  });
});
