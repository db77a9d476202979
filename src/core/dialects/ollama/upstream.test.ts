import { describe, expect, it } from "vitest";
import type { ChatEvent, ChatRequest, CompletionRequest, GenerateRequest } from "../../chat.ts";
import { collect } from "../collect.ts";
import { ollamaUpstream } from "./upstream.ts";

const BASE: ChatRequest = {
  kind: "chat",
  model: "m",
  messages: [{ role: "user", content: "Hi" }],
  sampling: {},
  stop: [],
  n: 1,
  stream: false,
};
const COMPLETION: CompletionRequest = {
  kind: "completion",
  model: "m",
  prompt: "Once",
  echo: false,
  sampling: {},
  stop: [],
  n: 1,
  stream: true,
};
const body = (more: Partial<ChatRequest>) => ollamaUpstream.body({ ...BASE, ...more }).body;
const text = (text: string) => ({ type: "text", text }) as const;
const image = (url: string) => ({ type: "image", url }) as const;
const file = (url: string) => ({ type: "file", url }) as const;

const MESSAGES: [string, ChatRequest["messages"], object[]][] = [
  ["a text", BASE.messages, [{ role: "user", content: "Hi" }]],
  [
    "a developer",
    [{ role: "developer", content: "Be brief." }],
    [{ role: "system", content: "Be brief." }],
  ],
  [
    "images and a text file",
    [
      {
        role: "user",
        content: [
          text("a"),
          image("data:image/png;base64,AAAA"),
          text("b"),
          file("data:text/plain;base64,w6k="),
        ],
      },
    ],
    [{ role: "user", content: "abé", images: ["AAAA"] }],
  ],
  [
    "thoughts, calls and results",
    [
      {
        role: "assistant",
        content: null,
        reasoning: [{ text: "h" }, { text: "m", signature: "s" }],
        toolCalls: [{ id: "a", name: "f", arguments: '{"x":1}' }],
      },
      { role: "tool", toolCallId: "a", content: "20°" },
    ],
    [
      {
        role: "assistant",
        content: "",
        thinking: "hm",
        tool_calls: [{ function: { name: "f", arguments: { x: 1 } } }],
      },
      { role: "tool", content: "20°", tool_name: "f" },
    ],
  ],
];

const SCHEMA = { type: "object" };
const TOOLS: Partial<ChatRequest> = { tools: [{ name: "f", description: "d" }] };
const OPTIONS: [string, Partial<ChatRequest>, object][] = [
  ["a stream, said either way", {}, { stream: false }],
  [
    "sampling",
    {
      maxTokens: 7,
      stop: ["x"],
      sampling: {
        temperature: 0,
        topP: 0.5,
        topK: 3,
        minP: 0.1,
        seed: 4,
        repeatPenalty: 1.1,
        presencePenalty: 1,
        frequencyPenalty: 2,
      },
    },
    {
      options: {
        num_predict: 7,
        temperature: 0,
        top_p: 0.5,
        top_k: 3,
        min_p: 0.1,
        seed: 4,
        repeat_penalty: 1.1,
        presence_penalty: 1,
        frequency_penalty: 2,
        stop: ["x"],
      },
    },
  ],
  ["JSON", { responseFormat: { type: "json_object" } }, { format: "json" }],
  [
    "a schema",
    { responseFormat: { type: "json_schema", name: "n", schema: SCHEMA } },
    { format: SCHEMA },
  ],
  ["logprobs", { topLogprobs: 2 }, { logprobs: true, top_logprobs: 2 }],
  ["how long to stay loaded", { extra: { keep_alive: "5m" } }, { keep_alive: "5m" }],
  ["an effort", { reasoning: { effort: "xhigh" } }, { think: "high" }],
  ["a budget", { reasoning: { budgetTokens: 5 } }, { think: true }],
  ["no thinking", { reasoning: { effort: "none" } }, { think: false }],
  [
    "tools",
    TOOLS,
    {
      tools: [
        {
          type: "function",
          function: { name: "f", description: "d", parameters: { type: "object", properties: {} } },
        },
      ],
    },
  ],
];

const REFUSED: [string, Partial<ChatRequest>, string][] = [
  [
    "an image to fetch",
    { messages: [{ role: "user", content: [image("https://a/b")] }] },
    "messages",
  ],
  [
    "a PDF",
    { messages: [{ role: "user", content: [file("data:application/pdf;base64,")] }] },
    "messages",
  ],
  ["a forced call", { ...TOOLS, toolChoice: "required" }, "tool_choice"],
  ["a named call", { ...TOOLS, toolChoice: { name: "f" } }, "tool_choice"],
  ["a logit bias", { sampling: { logitBias: { 1: 1 } } }, "logit_bias"],
  ["a grammar", { grammar: "x" }, "grammar"],
];

describe("Ollama as an upstream", () => {
  it("is asked by its own routes", () => {
    expect(ollamaUpstream.path(BASE)).toBe("/api/chat");
    expect(ollamaUpstream.path(COMPLETION)).toBe("/api/generate");
  });

  it.each(MESSAGES)("is sent %s", (_, messages, expected) => {
    expect(body({ messages })["messages"]).toEqual(expected);
  });

  it.each(OPTIONS)("is asked for %s", (_, more, expected) => {
    expect(body(more)).toMatchObject(expected);
  });

  it.each(REFUSED)("is not asked for %s", (_, more, param) => {
    expect(() => body(more)).toThrow(
      expect.objectContaining({ code: "unsupported_parameter", param }),
    );
  });

  it("gets no tools when none may be called", () => {
    expect(body({ ...TOOLS, toolChoice: "none" })).not.toHaveProperty("tools");
  });

  it("completes a text without a template", () => {
    expect(ollamaUpstream.body(COMPLETION).body).toMatchObject({
      model: "m",
      prompt: "Once",
      raw: true,
      stream: true,
    });
  });

  it("tells what it drops", () => {
    const request = {
      ...BASE,
      ...TOOLS,
      parallelToolCalls: false,
      user: "u",
      extra: { store: 1, keep_alive: 1 },
    };
    expect(ollamaUpstream.body(request).dropped).toEqual(["parallel_tool_calls", "user", "store"]);
  });
});

const STREAM: object[] = [
  { model: "m", message: { role: "assistant", content: "", thinking: "hm é" }, done: false },
  {
    message: { role: "assistant", content: "We" },
    logprobs: [{ token: "We", logprob: -0.5, top_logprobs: [{ token: "é", logprob: -1 }] }],
    done: false,
  },
  { message: { role: "assistant", content: "ll" }, done: false },
  {
    message: {
      role: "assistant",
      content: "",
      tool_calls: [
        { id: "a", function: { index: 0, name: "f", arguments: { x: [1] } } },
        { id: "b", function: { name: "g", arguments: '{"y"' } },
      ],
    },
    done: false,
  },
  {
    message: { role: "assistant", content: "" },
    done: true,
    done_reason: "stop",
    prompt_eval_count: 4,
    eval_count: 5,
  },
];
const EVENTS = [
  { type: "reasoning-delta", index: 0, text: "hm é" },
  {
    type: "text-delta",
    index: 0,
    text: "We",
    logprobs: [
      {
        token: "We",
        logprob: -0.5,
        bytes: [87, 101],
        top: [{ token: "é", logprob: -1, bytes: [195, 169] }],
      },
    ],
  },
  { type: "text-delta", index: 0, text: "ll" },
  { type: "tool-call-delta", index: 0, call: 0, id: "a", name: "f", arguments: '{"x":[1]}' },
  { type: "tool-call-delta", index: 0, call: 1, id: "b", name: "g", arguments: '{"y"' },
  { type: "finish", index: 0, reason: "tool_calls" },
  { type: "usage", usage: { inputTokens: 4, outputTokens: 5 } },
];
const wire = (values: readonly object[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join("");

function read(slices: readonly string[], request: GenerateRequest = BASE): unknown {
  const reader = ollamaUpstream.reader(request);
  const events: ChatEvent[] = [];
  let rest = "";
  for (const slice of slices) {
    const lines = (rest + slice).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) events.push(...reader.message(line, ""));
  }
  const end = reader.end();
  return end === false ? "cut off" : [...events, ...end];
}

describe("Ollama's answers", () => {
  it("are read from a stream, wherever it is cut", () => {
    const text = wire(STREAM);
    for (let at = 0; at <= text.length; at += 1) {
      expect(read([text.slice(0, at), text.slice(at)])).toEqual(EVENTS);
    }
  });

  it("are incomplete without their last line", () => {
    expect(read([wire(STREAM.slice(0, -1))])).toBe("cut off");
  });

  it("are read whole, with ids for calls that have none", () => {
    const json = JSON.stringify({
      message: {
        content: "Hi",
        tool_calls: [{ function: { name: "f" } }, { function: { name: "f" } }],
      },
      done: true,
      done_reason: "length",
    });
    const [choice] = collect(ollamaUpstream.reader(BASE).whole(json)).choices;
    expect(choice).toMatchObject({ text: "Hi", finish: "length" });
    expect(new Set(choice?.toolCalls.map(({ id }) => id)).size).toBe(2);
    expect(choice?.toolCalls[0]?.arguments).toBe("{}");
  });

  it("of a completion repeat the prompt on request", () => {
    const lines = wire([
      { response: "upon", done: false },
      { response: "", done: true },
    ]);
    const { choices } = collect(read([lines], { ...COMPLETION, echo: true }) as ChatEvent[]);
    expect(choices[0]?.text).toBe("Onceupon");
    expect(collect(read([lines], COMPLETION) as ChatEvent[]).choices[0]?.text).toBe("upon");
  });

  it.each(['{"error":"out of memory"}', "{", '{"message":5}'])("fail on %s", (line) => {
    expect(() => ollamaUpstream.reader(BASE).message(line, "")).toThrow(
      expect.objectContaining({ code: "provider_failed" }),
    );
  });
});
