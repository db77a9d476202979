import { expect, it } from "vitest";
import type { ChatEvent, ChatRequest } from "../../chat.ts";
import { createSseParser } from "../../sse.ts";
import { parseBody } from "../parse-body.ts";
import { ChatCompletionBody } from "./chat-request.ts";
import { openAiChat } from "./protocols.ts";
import { openAiUpstream } from "./upstream.ts";

/** OpenAI's chats, from the client's body to the upstream's and from its stream to the client's. */

const HEAD = { id: "chatcmpl-ours", created: 7, model: "alias" };
const ask = (more: object = {}) =>
  openAiChat.request({ model: "alias", messages: [{ role: "user", content: "Hi" }], ...more });
const user = (content: unknown) => ({ messages: [{ role: "user", content }] });

const BODIES: [string, object, Partial<ChatRequest>][] = [
  ["plain text", {}, { messages: [{ role: "user", content: "Hi" }] }],
  [
    "parts of every kind",
    user([
      { type: "text", text: "a", cache_control: { type: "ephemeral", ttl: "1h" } },
      { type: "image_url", image_url: { url: "data:image/png;base64,AA==", detail: "low" } },
      { type: "input_audio", input_audio: { data: "AA==", format: "wav" } },
      { type: "file", file: { file_data: "data:application/pdf;base64,AA==", filename: "a.pdf" } },
    ]),
    {
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "a", cache: { ttl: "1h" } },
            { type: "image", url: "data:image/png;base64,AA==", detail: "low" },
            { type: "audio", format: "wav", base64: "AA==" },
            { type: "file", url: "data:application/pdf;base64,AA==", name: "a.pdf" },
          ],
        },
      ],
    },
  ],
  [
    "a part of tomorrow",
    user([{ type: "hologram", depth: 3 }]),
    {
      messages: [
        {
          role: "user",
          content: [
            {
              type: "foreign",
              dialect: "openai-chat",
              what: 'a "hologram" part',
              value: { type: "hologram", depth: 3 },
            },
          ],
        },
      ],
    },
  ],
  [
    "an assistant's thoughts, calls and their results",
    {
      messages: [
        {
          role: "assistant",
          content: null,
          reasoning_details: [{ type: "reasoning.text", text: "so", signature: "s" }],
          tool_calls: [
            {
              id: "c",
              type: "function",
              function: { name: "f", arguments: "{}" },
              extra_content: { google: { thought_signature: "g" } },
            },
          ],
        },
        { role: "tool", tool_call_id: "c", content: "fine" },
      ],
    },
    {
      messages: [
        {
          role: "assistant",
          content: null,
          reasoning: [{ text: "so", signature: "s" }],
          toolCalls: [{ id: "c", name: "f", arguments: "{}", signature: "g" }],
        },
        { role: "tool", content: "fine", toolCallId: "c" },
      ],
    },
  ],
  [
    "tools, a choice, and a hosted tool",
    {
      tools: [
        { type: "function", function: { name: "f", parameters: { type: "object" }, strict: true } },
        { type: "web_search" },
      ],
      tool_choice: { type: "function", function: { name: "f" } },
      parallel_tool_calls: false,
    },
    {
      tools: [{ name: "f", parameters: { type: "object" }, strict: true }],
      foreignTools: [
        {
          type: "foreign",
          dialect: "openai-chat",
          what: 'a "web_search" tool',
          value: { type: "web_search" },
        },
      ],
      toolChoice: { name: "f" },
      parallelToolCalls: false,
    },
  ],
  [
    "a format, thinking and likelihoods",
    {
      response_format: {
        type: "json_schema",
        json_schema: { name: "n", schema: {}, strict: true },
      },
      reasoning_effort: "low",
      logprobs: true,
      top_logprobs: 2,
      max_completion_tokens: 9,
    },
    {
      responseFormat: { type: "json_schema", name: "n", schema: {}, strict: true },
      reasoning: { effort: "low" },
      topLogprobs: 2,
      maxTokens: 9,
    },
  ],
  [
    "how tokens are chosen",
    { temperature: 1, top_k: -1, repetition_penalty: 1.1, seed: 3, stop: "x", n: 2, store: true },
    {
      sampling: { temperature: 1, topK: 0, repeatPenalty: 1.1, seed: 3 },
      stop: ["x"],
      n: 2,
      extra: { store: true },
    },
  ],
];

it.each(BODIES)("reads %s", (_name, more, expected) => {
  expect(ask(more)).toMatchObject(expected);
});

// Thoughts are the exception: OpenAI refuses the names that other servers have for them.
const RELAYED = BODIES.filter(([name]) => !name.includes("thoughts"));

it.each(RELAYED)("hands %s to an upstream of its own dialect as it came", (_name, more) => {
  const body = { model: "alias", messages: [{ role: "user", content: "Hi" }], ...more };
  const sent = openAiUpstream("openai").body({ ...openAiChat.request(body), model: "up" });
  expect(sent).toMatchObject({ isRelayed: true, dropped: [] });
  expect(sent.body).toEqual({ ...parseBody(ChatCompletionBody, body), model: "up" });
});

it("sends what the guard made of a text, wherever it stands in the body", () => {
  const request = ask(user([{ type: "text", text: "my secret" }]));
  const source = request.source && {
    ...request.source,
    redacted: new Map([["my secret", "my [redacted]"]]),
  };
  if (!source) throw new Error("a client's request has a source");
  const { body } = openAiUpstream("openai").body({ ...request, source });
  expect(JSON.stringify(body)).toContain("my [redacted]");
  expect(JSON.stringify(body)).not.toContain("my secret");
  // A text that stands nowhere as one string was put together by us: the canonical form is sent.
  const lost = { ...source, redacted: new Map([["my", "[redacted]"]]) };
  expect(openAiUpstream("openai").body({ ...request, source: lost }).isRelayed).toBeUndefined();
});

const chunk = (choice: object, more = {}) => ({
  id: "chatcmpl-up",
  object: "chat.completion.chunk",
  created: 1,
  model: "up",
  choices: [{ index: 0, delta: {}, finish_reason: null, ...choice }],
  ...more,
});
const CHUNKS = [
  chunk({ delta: { role: "assistant", content: "" } }),
  chunk({ delta: { reasoning_content: "so" } }),
  chunk({ delta: { content: "Hé" } }, { future: [1] }),
  chunk({ delta: { content: "llo 🌊" } }),
  chunk({
    delta: {
      tool_calls: [{ index: 0, id: "c", type: "function", function: { name: "f", arguments: "" } }],
    },
  }),
  chunk({ delta: { tool_calls: [{ index: 0, function: { arguments: '{"a":"' } }] } }),
  chunk({ delta: { tool_calls: [{ index: 0, function: { arguments: 'ü\\""}' } }] } }),
  chunk({ finish_reason: "tool_calls" }),
  { ...chunk({}), choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } },
];
const STREAM = `: hello\n\n${CHUNKS.map((one) => `data: ${JSON.stringify(one)}\n\n`).join("")}data: [DONE]\n\n`;

function read(slices: readonly string[], request = ask({ stream: true })): ChatEvent[] {
  const reader = openAiUpstream("openai").reader(request);
  const events: ChatEvent[] = [];
  const parser = createSseParser(({ data }) => events.push(...reader.message(data, "")));
  for (const slice of slices) parser.push(slice);
  expect(reader.end()).toEqual([]);
  return events;
}

it("reads a stream the same wherever it is cut", () => {
  const expected = read([STREAM]);
  for (let at = 1; at < STREAM.length; at++) {
    expect(read([STREAM.slice(0, at), STREAM.slice(at)])).toEqual(expected);
  }
});

const usage = { inputTokens: 3, outputTokens: 4 };
const dataOf = (text: string) =>
  text
    .split("\n\n")
    .filter((one) => one.startsWith("data: {"))
    .map((one) => JSON.parse(one.slice(6)) as Record<string, unknown>);

it("relays each chunk with its unknown fields, under the client's name for the model", () => {
  const request = ask({ stream: true, stream_options: { include_usage: true } });
  const writer = openAiChat.stream(HEAD, request);
  const text = read([STREAM], request)
    .map((event) => writer.events([event]))
    .join("");
  const sent = dataOf(text + writer.end(usage));
  expect(sent).toEqual(CHUNKS.map((one) => ({ ...one, model: "alias" })));
});

it("keeps the upstream's usage from a client that did not ask, and says [DONE] once", () => {
  const request = ask({ stream: true });
  const writer = openAiChat.stream(HEAD, request);
  const text = writer.events(read([STREAM], request)) + writer.end(usage);
  expect(text).not.toContain("prompt_tokens");
  expect(text.match(/\[DONE\]/g)).toHaveLength(1);
});

it("writes anew only what the guard changed, in the manner of the chunks around it", () => {
  const request = ask({ stream: true });
  const events = read([STREAM], request).map((event): ChatEvent => {
    if (event.type !== "text-delta" || event.text !== "Hé") return event;
    return { type: "text-delta", index: 0, text: "[redacted]" };
  });
  const writer = openAiChat.stream(HEAD, request);
  const sent = dataOf(writer.events(events) + writer.end(usage));
  expect(sent[2]).toMatchObject({
    id: "chatcmpl-up",
    model: "alias",
    choices: [{ index: 0, delta: { content: "[redacted]" } }],
  });
  expect(sent[3]).toEqual({ ...CHUNKS[3], model: "alias" });
});

it("relays a whole answer in its bytes, and writes a changed one anew", () => {
  const whole = {
    id: "chatcmpl-up",
    object: "chat.completion",
    created: 1,
    model: "up",
    future: { a: 1 },
    choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 3, completion_tokens: 4 },
  };
  const events = openAiUpstream("openai").reader(ask()).whole(JSON.stringify(whole));
  expect(openAiChat.whole(HEAD, events, usage)).toBe(JSON.stringify({ ...whole, model: "alias" }));
  const changed = [
    { type: "text-delta", index: 0, text: "[redacted]" } as const,
    ...events.slice(1),
  ];
  expect(JSON.parse(openAiChat.whole(HEAD, changed, usage))).toMatchObject({
    id: "chatcmpl-ours",
    choices: [{ message: { content: "[redacted]" } }],
  });
});

it("writes another dialect's events as OpenAI's clients read them", () => {
  const events: ChatEvent[] = [
    { type: "reasoning-delta", index: 0, text: "so", part: 0 },
    { type: "reasoning-delta", index: 0, text: "", part: 0, signature: "s" },
    { type: "text-delta", index: 0, text: "Hi" },
    { type: "tool-call-delta", index: 0, call: 0, id: "c", name: "f", arguments: "{}" },
    { type: "finish", index: 0, reason: "tool_calls" },
  ];
  const whole = JSON.parse(openAiChat.whole(HEAD, events, usage)) as {
    choices: { message: Record<string, unknown>; finish_reason: string }[];
  };
  expect(whole.choices[0]).toMatchObject({
    finish_reason: "tool_calls",
    message: {
      content: "Hi",
      reasoning_content: "so",
      reasoning_details: [{ type: "reasoning.text", text: "so", signature: "s" }],
      tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
    },
  });
  const writer = openAiChat.stream(HEAD, ask({ stream: true }));
  const deltas = dataOf(writer.events(events)).map(
    ({ choices }) => (choices as { delta: unknown; finish_reason: unknown }[])[0],
  );
  expect(deltas.map((one) => one?.delta)).toMatchObject([
    { role: "assistant" },
    { reasoning_content: "so" },
    { reasoning_details: [{ signature: "s" }] },
    { content: "Hi" },
    { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "{}" } }] },
    {},
  ]);
  expect(deltas.at(-1)?.finish_reason).toBe("tool_calls");
});
