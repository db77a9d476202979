import { expect, it } from "vitest";
import type { ChatEvent, GenerateRequest } from "../../chat.ts";
import { openAiChat, openAiCompletions } from "./protocols.ts";
import { type QuirkName } from "./quirks.ts";
import { anthropicMessages } from "../anthropic/protocol.ts";
import { openAiUpstream } from "./upstream.ts";

/** What a client sends, on its way to a server of the same family and back. */

const HEAD = { id: "chatcmpl-1", created: 1, model: "m" };
const USAGE = { inputTokens: 1, outputTokens: 1 };
const MESSAGES = [{ role: "user", content: "Hi" }];

const chat = (body: object) => openAiChat.request({ model: "m", messages: MESSAGES, ...body });

function chunk(delta: object, more: object = {}): string {
  const choice = { index: 0, delta, finish_reason: null, ...more };
  const head = { id: "a", object: "chat.completion.chunk", created: 1, model: "up" };
  return JSON.stringify({ ...head, choices: [choice] });
}

/** The chunks that a client of the same protocol gets for the server's. */
function streamed(kind: QuirkName, request: GenerateRequest, chunks: readonly string[]): string[] {
  const reader = openAiUpstream(kind).reader(request);
  const writer = openAiChat.stream(HEAD, request);
  const text = chunks.map((one) => writer.events(reader.message(one, ""))).join("");
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => data);
}

it("relays chunks whose content is null, as llama-server opens and SGLang thinks", () => {
  const opening = chunk({ role: "assistant", content: null });
  const said = chunk({ content: "Hi", x_own: 1 });
  expect(streamed("llama-server", chat({ stream: true }), [opening, said])).toEqual([
    opening.replace('"up"', '"m"'),
    said.replace('"up"', '"m"'),
  ]);
});

it("says who speaks where the server does not, and once", () => {
  const chunks = streamed("openai-compatible", chat({ stream: true }), [
    chunk({ content: "Hi" }),
    chunk({ content: " you" }),
  ]);
  expect(chunks.map((one) => one.includes('"role":"assistant"'))).toEqual([true, false, false]);
});

it.each(["groq", "mistral"] as const)("writes %s's chat as a completion", (kind) => {
  const request = openAiCompletions.request({ model: "m", prompt: "Hi" });
  const reader = openAiUpstream(kind).reader(request);
  const message = { role: "assistant", content: "Hello" };
  const head = { id: "a", object: "chat.completion", created: 1, model: "up" };
  const answer = { ...head, choices: [{ index: 0, message, finish_reason: "stop" }] };
  const events: readonly ChatEvent[] = reader.whole(JSON.stringify(answer));
  const whole = JSON.parse(openAiCompletions.whole(HEAD, events, USAGE)) as object;
  expect(whole).toMatchObject({ object: "text_completion", choices: [{ text: "Hello" }] });
});

const written = (kind: QuirkName, request: GenerateRequest) => openAiUpstream(kind).body(request);

function thinking(model: string): GenerateRequest {
  const request = anthropicMessages.request({
    model,
    max_tokens: 9000,
    messages: MESSAGES,
    thinking: { type: "enabled", budget_tokens: 4000 },
  });
  return request;
}

it.each([
  ["openai", "gpt-5", { reasoning_effort: "medium" }, []],
  ["openai", "gpt-4o", {}, ["reasoning_effort"]],
  ["mistral", "magistral-small", { reasoning_effort: "medium" }, []],
  ["together", "m", { reasoning_effort: "medium" }, []],
  ["tgi", "m", {}, ["reasoning_effort"]],
] as const)(
  "asks %s's %s to think as long as was wished, or says no",
  (kind, model, body, dropped) => {
    const sent = written(kind, thinking(model));
    expect(sent.body).toMatchObject(body);
    expect("reasoning_effort" in sent.body).toBe("reasoning_effort" in body);
    expect(sent.dropped).toEqual(dropped);
  },
);

it.each([
  ["openai", { content: "So." }],
  ["vllm", { content: "So.", reasoning_content: "Hm." }],
  ["groq", { content: "So.", reasoning: "Hm." }],
  [
    "openrouter",
    {
      content: "So.",
      reasoning: "Hm.",
      reasoning_details: [{ type: "reasoning.text", text: "Hm.", signature: "s", index: 0 }],
    },
  ],
  [
    "mistral",
    {
      content: [
        { type: "thinking", thinking: [{ type: "text", text: "Hm." }] },
        { type: "text", text: "So." },
      ],
    },
  ],
] as const)("gives %s an earlier thought as it wants it", (kind, message) => {
  const request = anthropicMessages.request({
    model: "m",
    max_tokens: 9,
    messages: [
      ...MESSAGES,
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm.", signature: "s" },
          { type: "text", text: "So." },
        ],
      },
      ...MESSAGES,
    ],
  });
  const { messages } = JSON.parse(JSON.stringify(written(kind, request).body)) as {
    messages: object[];
  };
  expect(messages[1]).toEqual({ role: "assistant", ...message });
});

it.each([
  [
    { type: "json_schema", json_schema: { name: "a", schema: { type: "array" } } },
    { type: "array" },
  ],
  [{ type: "json_object" }, { type: "object" }],
  [{ type: "text" }, undefined],
])("asks TGI for %j in its own words, relayed or not", (response_format, value) => {
  const format = value && { type: "json_object", value };
  expect(written("tgi", chat({ response_format })).body["response_format"]).toEqual(format);
});

it("asks Together for log probabilities by a number and reads its lists", () => {
  const request = chat({ logprobs: true, top_logprobs: 2 });
  const { body } = written("together", request);
  expect(body).toMatchObject({ logprobs: 2, top_logprobs: undefined });
  const logprobs = { tokens: ["Hi", " you"], token_logprobs: [-0.5, -1] };
  const head = { id: "a", object: "chat.completion", created: 1, model: "up" };
  const message = { role: "assistant", content: "Hi you" };
  const answer = { ...head, choices: [{ index: 0, message, logprobs, finish_reason: "stop" }] };
  const events = openAiUpstream("together").reader(request).whole(JSON.stringify(answer));
  const whole = JSON.parse(openAiChat.whole(HEAD, events, USAGE)) as object;
  expect(whole).toMatchObject({
    choices: [
      {
        logprobs: {
          content: [
            { token: "Hi", logprob: -0.5 },
            { token: " you", logprob: -1 },
          ],
        },
      },
    ],
  });
});

it("names the type of a call where Mistral does not", () => {
  const call = { id: "abc123def", index: 0, function: { name: "f", arguments: "{}" } };
  const request = chat({ stream: true });
  const chunks = streamed("openai-compatible", request, [
    chunk({ role: "assistant", content: "", tool_calls: [call] }),
  ]);
  expect(chunks.at(-1)).toContain('"id":"abc123def","type":"function"');
});

it("keeps fields of a completion from a chat, and says so", () => {
  const request = openAiCompletions.request({ model: "m", prompt: "Hi", x_future: 1 });
  const sent = written("groq", request);
  expect(sent.body).not.toHaveProperty("x_future");
});

it("gives Mistral ids of nine letters and digits, the same for a call and its result", () => {
  const call = (id: string) => ({ id, function: { name: "f", arguments: "{}" } });
  const result = (id: string) => ({ role: "tool", tool_call_id: id, content: "1" });
  const calls = { role: "assistant", tool_calls: [call("toolu_0_f"), call("abc123def")] };
  const request = chat({
    messages: [...MESSAGES, calls, result("toolu_0_f"), result("abc123def")],
  });
  const { messages } = written("mistral", request).body as {
    messages: { tool_calls?: { id: string }[]; tool_call_id?: string }[];
  };
  const ids = messages[1]?.tool_calls?.map(({ id }) => id);
  expect(ids).toEqual([expect.stringMatching(/^[a-zA-Z0-9]{9}$/), "abc123def"]);
  expect(messages.slice(2).map(({ tool_call_id }) => tool_call_id)).toEqual(ids);
});

it.each([
  ["openai", { content: "So." }],
  ["groq", { content: "So.", reasoning: "Hm." }],
  ["vllm", { content: "So.", reasoning_content: "Hm.", reasoning_details: [] }],
] as const)("relays to %s an earlier thought that Weir wrote as it takes it", (kind, message) => {
  const thoughtful = { role: "assistant", content: "So." };
  const thought = { reasoning_content: "Hm.", reasoning_details: [] };
  const request = chat({ messages: [...MESSAGES, { ...thoughtful, ...thought }, ...MESSAGES] });
  const { messages } = written(kind, request).body as { messages: object[] };
  expect(messages).toEqual([...MESSAGES, { role: "assistant", ...message }, ...MESSAGES]);
});
