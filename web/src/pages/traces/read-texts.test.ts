import { expect, it } from "vitest";
import { readTexts } from "./read-texts.ts";

const said = (value: unknown) =>
  readTexts(value).map((one) =>
    one.kind === "message"
      ? `${one.role}: ${one.text}`
      : one.kind === "document"
        ? `[${one.source}] ${one.text}`
        : `${one.name} = ${one.text}`,
  );

it("reads OpenAI's chat, calls of tools and pictures included", () => {
  const inputs = {
    model: "gpt-5-mini",
    temperature: 0.2,
    messages: [
      { role: "system", content: "Be short." },
      { role: "user", content: [{ type: "text", text: "What is it?" }, { type: "image_url" }] },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ function: { name: "look", arguments: '{"a":1}' } }],
      },
    ],
  };
  expect(said(inputs)).toEqual([
    "system: Be short.",
    "user: What is it?\n[image url]",
    'assistant: look({"a":1})',
    "temperature = 0.2",
  ]);
  expect(said({ choices: [{ message: { role: "assistant", content: "A weir." } }] })).toEqual([
    "assistant: A weir.",
  ]);
});

it("reads LangChain's messages in each of their three forms, and generations", () => {
  const serialised = {
    lc: 1,
    type: "constructor",
    id: ["x", "HumanMessage"],
    kwargs: { content: "Hi" },
  };
  expect(said({ messages: [[serialised]] })).toEqual(["user: Hi"]);
  expect(said({ messages: [{ type: "human", content: "Hi" }] })).toEqual(["user: Hi"]);
  expect(said({ messages: [{ type: "ai", data: { content: "Ho" } }] })).toEqual(["assistant: Ho"]);
  const answer = { ...serialised, id: ["x", "AIMessageChunk"], kwargs: { content: "Ho" } };
  expect(said({ generations: [[{ text: "Ho", message: answer }]] })).toEqual(["assistant: Ho"]);
  expect(said({ generations: [[{ text: "plain" }]] })).toEqual(["answer: plain"]);
});

it("reads answers of OpenAI's responses and of Anthropic", () => {
  const output = [
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "Yes." }] },
  ];
  expect(said({ output })).toEqual(["assistant: Yes."]);
  const blocks = [
    { type: "text", text: "No." },
    { type: "tool_use", name: "look", input: { a: 1 } },
  ];
  expect(said({ role: "assistant", content: blocks })).toEqual(['assistant: No.\nlook({"a":1})']);
});

it("reads documents and plain fields", () => {
  const documents = [{ page_content: "About weirs", metadata: { source: "weirs.md" } }];
  expect(said({ documents })).toEqual(["[weirs.md] About weirs"]);
  expect(said({ question: "Why?", top: 3 })).toEqual(["question = Why?", "top = 3"]);
  expect(said({ output: "because" })).toEqual(["output = because"]);
  expect(said({ output: ["a", "b"] })).toEqual(['output = [\n  "a",\n  "b"\n]']);
  expect([said(null), said({}), said("text")]).toEqual([[], [], ["text = text"]]);
});
