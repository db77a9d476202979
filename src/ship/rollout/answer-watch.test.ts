import { describe, expect, it } from "vitest";
import type { ChatEvent, ChatRequest } from "../../core/chat.ts";
import { AnswerWatch } from "./answer-watch.ts";
import { isRefusal } from "./refusal.ts";

const request = (rest: Partial<ChatRequest> = {}): ChatRequest => ({
  kind: "chat",
  model: "chat",
  messages: [{ role: "user", content: "?" }],
  sampling: {},
  stop: [],
  n: 1,
  stream: true,
  ...rest,
});

const text = (...parts: string[]): ChatEvent[] =>
  parts.map((part) => ({ type: "text-delta", index: 0, text: part }));
const call = (name: string, ...parts: string[]): ChatEvent[] =>
  parts.map((part, at) => ({
    type: "tool-call-delta",
    index: 0,
    call: 0,
    ...(at === 0 && { id: "c1", name }),
    arguments: part,
  }));

function watched(asked: ChatRequest, events: readonly ChatEvent[]): AnswerWatch {
  const watch = new AnswerWatch(asked);
  for (const event of events) watch.saw([event]);
  return watch;
}

const PERSON = {
  type: "json_schema",
  name: "person",
  schema: { type: "object", properties: { age: { type: "integer" } }, required: ["age"] },
} as const;

describe("an answer that must have a form", () => {
  it.each([
    ["is JSON of the schema", ['{"a', 'ge": 3}'], true],
    ["breaks the schema", ['{"age": "three"}'], false],
    ["is no JSON", ["Sure! Here it is: {"], false],
  ])("%s", (_what, parts, isValid) => {
    expect(watched(request({ responseFormat: PERSON }), text(...parts)).isValid).toBe(isValid);
  });

  it("says nothing where nothing was asked for, or where it was cut", () => {
    expect(watched(request(), text("{")).isValid).toBeNull();
    const cut = [...text('{"age'), { type: "finish", index: 0, reason: "length" } as const];
    expect(watched(request({ responseFormat: PERSON }), cut).isValid).toBeNull();
  });

  it("holds calls of tools to their parameters, and to the tools there are", () => {
    const tools = [{ name: "birth", parameters: PERSON.schema }];
    const asked = request({ tools });
    expect(watched(asked, call("birth", '{"age"', ":7}")).isValid).toBe(true);
    expect(watched(asked, call("birth", "{}")).isValid).toBe(false);
    expect(watched(asked, call("death", '{"age":7}')).isValid).toBe(false);
    expect(watched(asked, text("no call at all")).isValid).toBeNull();
  });
});

describe("a refusal", () => {
  it.each([
    "I'm sorry, but I can't help with that.",
    "I cannot assist with this request.",
    "As an AI language model, I am not able to do this.",
    "Es tut mir leid, aber das kann ich nicht beantworten.",
    "Lo siento, pero no puedo ayudar con eso.",
    "抱歉，我无法回答这个问题。",
  ])("is seen: %s", (said) => {
    expect(isRefusal(said)).toBe(true);
  });

  it.each([
    "I'm sorry to hear that! Here is what you can do.",
    "You can't divide by zero, so the limit is taken instead.",
    "The unable-to-connect error means that the port is closed.",
    "Sorry for the wait. The answer is 42.",
  ])("is not seen where there is none: %s", (said) => {
    expect(isRefusal(said)).toBe(false);
  });

  it("is also what an upstream calls one, and stands at the start", () => {
    const said = [{ type: "refusal-delta", index: 0, text: "No." } as const];
    expect(watched(request(), said).refused).toBe(true);
    expect(watched(request(), text("word ".repeat(100), "I can't help with that")).refused).toBe(
      false,
    );
  });
});
