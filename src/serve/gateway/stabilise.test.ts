import { describe, expect, it } from "vitest";
import type { ChatMessage, ChatRequest } from "../../core/chat.ts";
import { relayedBody } from "../../core/dialects/relay.ts";
import { blocksOf, PrefixIndex } from "./routing/prefix-index.ts";
import { stabilised } from "./stabilise.ts";

const line = (nonce: string) =>
  `x-anthropic-billing-header: cc_version=2.1.177.01c; cc_entrypoint=cli; cch=${nonce};`;

const request = (...messages: ChatMessage[]): ChatRequest => ({
  kind: "chat",
  model: "chat",
  messages,
  sampling: {},
  stop: [],
  n: 1,
  stream: true,
});

const system = (content: ChatMessage["content"]): ChatMessage => ({ role: "system", content });
const user: ChatMessage = { role: "user", content: "Hi" };

it("takes the line out of a system prompt, as a text and as a part of its own", () => {
  expect(stabilised(request(system(`${line("36ee5")}\nYou code.`), user))).toMatchObject({
    messages: [{ content: "You code." }, user],
  });
  const parts = [
    { type: "text", text: line("36ee5") },
    { type: "text", text: "You code." },
  ] as const;
  expect(stabilised(request(system(parts), user))).toMatchObject({
    messages: [{ content: [{ type: "text", text: "You code." }] }, user],
  });
});

it("leaves a system prompt out that was nothing else", () => {
  expect(stabilised(request(system(line("1")), user))).toMatchObject({ messages: [user] });
});

it("gives the same request where there is nothing to take out", () => {
  const plain = request(system("You code."), user);
  expect(stabilised(plain)).toBe(plain);
  const quoted = request(system(`Never write "${line("1")}" into code.`), user);
  expect(stabilised(quoted).kind === "chat" && stabilised(quoted)).toMatchObject({
    messages: quoted.messages,
  });
});

it("never touches what people write", () => {
  const asked = request({ role: "user", content: line("1") });
  expect(stabilised(asked)).toBe(asked);
});

it("takes out the lines that a configuration names too", () => {
  const asked = request(system("Request-Nonce: 8f2\nYou code."));
  expect(stabilised(asked, ["Request-Nonce:"])).toMatchObject({
    messages: [{ content: "You code." }],
  });
});

it("changes the body of a relay with it", () => {
  const content = `${line("1")}\nYou code.`;
  const body = { model: "m", messages: [{ role: "system", content }], extra: 1 };
  const asked = { ...request(system(content)), source: { dialect: "openai-chat", body } } as const;
  expect(relayedBody(stabilised(asked), "openai-chat")).toEqual({
    model: "chat",
    messages: [{ role: "system", content: "You code." }],
    extra: 1,
  });
});

describe("a coding agent's session", () => {
  const prompt = "You are a coding agent. Rules follow. ".repeat(200);
  const turn = (number: number) =>
    request(
      system(`${line(number.toString(16))}\n${prompt}`),
      ...Array.from({ length: number }, (_, at): ChatMessage[] => [
        { role: "user", content: `step ${at}: ${"read this file ".repeat(40)}` },
        { role: "assistant", content: "done ".repeat(60) },
      ]).flat(),
      user,
    );

  /** How much of each turn's prompt was sent before, on the average. */
  function reuse(prepare: (asked: ChatRequest) => ReturnType<typeof stabilised>): number {
    const index = new PrefixIndex<string>();
    const turns = Array.from({ length: 20 }, (_, number) => blocksOf(prepare(turn(number))));
    const shares = turns.map((blocks, number) => {
      const share = index.match(blocks, "one");
      index.add(blocks, "one");
      return number === 0 ? undefined : share;
    });
    const known = shares.filter((share) => share !== undefined);
    return known.reduce((sum, share) => sum + share, 0) / known.length;
  }

  it("finds its prefix again only without the line", () => {
    expect(reuse((asked) => asked)).toBeLessThan(0.01);
    expect(reuse((asked) => stabilised(asked))).toBeGreaterThan(0.85);
  });
});
