import { expect, it } from "vitest";
import { openAiUpstream } from "./upstream.ts";
import { openAiChat } from "./protocols.ts";
import { parseUpstreamAnswer } from "./upstream-answer.ts";

const chunk = (content: string, more = {}): string =>
  JSON.stringify({
    id: "c",
    object: "chat.completion.chunk",
    created: 1,
    model: "up",
    choices: [{ index: 0, delta: { content }, finish_reason: null, ...more }],
  });

const request = openAiChat.request({ model: "m", messages: [{ role: "user", content: "Hi" }] });

/** As ever, without a memory of the chunk before. */
const parsed = (json: string) =>
  parseUpstreamAnswer(json, "openai-chat").map((event) => ({ ...event, frame: undefined }));

it.each<[string, string]>([
  ["another text", chunk("you")],
  ["characters beyond ASCII", chunk("süß 🌊")],
  ["no text", chunk("")],
  ["an escaped quote", chunk('say "hi"')],
  ["a line end", chunk("a\nb")],
  ["a backslash", chunk("a\\")],
  ["a text that looks like JSON's end", chunk('"},"finish_reason":"stop"')],
  ["another index", chunk("you", { index: 1 })],
  ["a finish reason", chunk("you", { finish_reason: "stop" })],
  ["a tool call", chunk("x").replace('"content":"x"', '"tool_calls":[{"index":0,"id":"a"}]')],
  ["two contents", chunk("x").replace('"content":"x"', '"content":"x","content":"y"')],
  ["a content that is null", chunk("x").replace('"x"', "null")],
])("reads %s after a plain chunk as it would alone", (_name, json) => {
  const reader = openAiUpstream("openai").reader(request);
  reader.message(chunk("Hello"), "");
  const read = reader.message(json, "").map((event) => ({ ...event, frame: undefined }));
  expect(read).toEqual(parsed(json));
});

it("keeps each chunk's own bytes for the relay", () => {
  const reader = openAiUpstream("openai").reader(request);
  reader.message(chunk("Hello"), "");
  const [event] = reader.message(chunk(" you"), "");
  expect(event?.frame).toMatchObject({ json: chunk(" you"), size: 1 });
});

it("fails for half a chunk, as ever", () => {
  const reader = openAiUpstream("openai").reader(request);
  reader.message(chunk("Hello"), "");
  expect(() => reader.message(chunk("x").slice(0, -1), "")).toThrow("not JSON");
});
