import { expect, it } from "vitest";
import { ChatCompletionBody } from "./chat-request.ts";
import { isPlainChat } from "./plain-chat.ts";

const USER = { role: "user", content: "Hi" };
const BODY = { model: "m", messages: [USER] };
const VALUES = [
  undefined,
  null,
  true,
  0,
  -1,
  1,
  0.5,
  1.5,
  3,
  2 ** 53,
  Number.NaN,
  "",
  "a",
  [],
  {},
  [USER],
];
const OPTIONS = "stream max_tokens max_completion_tokens temperature top_p user n stop seed tools";

it("takes what most clients send", () => {
  const all = { stream: true, max_tokens: 64, temperature: 0.2, top_p: 1, user: "u" };
  const messages = [
    { role: "system", content: "" },
    USER,
    { role: "assistant", content: "Hello" },
    USER,
  ];
  for (const body of [BODY, { ...BODY, ...all }, { ...BODY, messages }]) {
    expect(isPlainChat(body)).toBe(true);
  }
});

it("takes nothing that the schema would refuse or change", () => {
  const bodies: unknown[] = [...VALUES];
  for (const value of VALUES) {
    bodies.push({ ...BODY, model: value }, { ...BODY, messages: value }, { ...BODY, other: value });
    for (const option of OPTIONS.split(" ")) bodies.push({ ...BODY, [option]: value });
    for (const field of ["role", "content", "name", "tool_calls", "other"]) {
      bodies.push({ ...BODY, messages: [{ ...USER, [field]: value }] });
      bodies.push({
        ...BODY,
        messages: [{ role: "assistant", content: "a", [field]: value }, USER],
      });
    }
    bodies.push({ ...BODY, messages: [value, USER] });
  }
  const plain = bodies.filter(isPlainChat);
  expect(plain.length).toBeGreaterThan(15);
  for (const body of plain) expect(ChatCompletionBody.parse(body)).toStrictEqual(body);
});
