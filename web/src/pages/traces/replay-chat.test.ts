import { expect, it } from "vitest";
import { toReplay } from "./replay-chat.ts";

it("makes a chat of a run's messages, the last one still to be sent", () => {
  const messages = [
    { role: "system", content: "Be short." },
    { role: "user", content: "One?" },
    { role: "assistant", content: "Two." },
    { role: "user", content: "Three?" },
  ];
  expect(toReplay({ messages })).toEqual({
    system: "Be short.",
    rounds: [{ prompt: "One?", answer: "Two." }],
    prompt: "Three?",
  });
});

it("takes a plain question, and says where there is none", () => {
  expect(toReplay({ question: "Why?" })).toEqual({ system: "", rounds: [], prompt: "Why?" });
  expect(toReplay({ messages: [{ role: "system", content: "x" }] })).toBeNull();
  expect([toReplay({ n: 1 }), toReplay(null)]).toEqual([null, null]);
});
