import { expect, it } from "vitest";
import { readMessages, readOptions } from "./read-request.ts";

it("reads a chat by role, with parts and tool calls", () => {
  const request = {
    messages: [
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "What is this? " },
          { type: "image", url: "x" },
        ],
      },
      { role: "assistant", content: null, toolCalls: [{ id: "1", name: "look", arguments: "{}" }] },
    ],
  };
  expect(readMessages(request)).toEqual([
    { role: "system", text: "Be brief." },
    { role: "user", text: "What is this? [image]" },
    { role: "assistant", text: "look({})" },
  ]);
});

it("reads completions and embeddings", () => {
  expect(readMessages({ prompt: "Once" })).toEqual([{ role: "prompt", text: "Once" }]);
  expect(readMessages({ input: ["a", [1, 2]] })).toEqual([
    { role: "input", text: "a" },
    { role: "input", text: "[1,2]" },
  ]);
});

it("finds nothing where nothing was kept", () => {
  expect([readMessages(null), readMessages("x"), readOptions(null)]).toEqual([[], [], []]);
});

it("lists the options that were set", () => {
  const request = { kind: "chat", model: "m", n: 1, stop: [], stream: true, sampling: { seed: 7 } };
  expect(readOptions(request)).toEqual([
    ["n", "1"],
    ["seed", "7"],
  ]);
});
