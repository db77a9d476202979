import { expect, it } from "vitest";
import { ApiError } from "../../api/api-error.ts";
import { NO_SETTINGS, type ChatBody } from "./chat-body.ts";
import type { ChatEvent } from "./chat-stream.ts";
import { createConversation, tokensPerSecond } from "./conversation.ts";

const SETTINGS = { ...NO_SETTINGS, model: "chat" };
const REFUSED = new ApiError("No.", { status: 403, code: "blocked_by_guard" });

/** Answers with "one two"; `blocked` in the prompt refuses, `wait` never ends by itself. */
function scripted() {
  const asked: ChatBody[] = [];
  let time = 0;
  async function* stream(body: ChatBody, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    asked.push(body);
    const prompt = body.messages.at(-1)?.content ?? "";
    yield { type: "start", traceId: "t1" };
    if (prompt.includes("blocked")) throw REFUSED;
    time += 100;
    yield { type: "text-delta", text: "one " };
    if (prompt.includes("wait")) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      signal.throwIfAborted();
    }
    time += 500;
    yield { type: "text-delta", text: "two" };
    yield { type: "finish", reason: "stop" };
    yield { type: "usage", usage: { inputTokens: 5, outputTokens: 2, cachedTokens: 0 } };
  }
  return { asked, conversation: createConversation({ stream, now: () => time }) };
}

it("collects an answer with its timings", async () => {
  const { conversation } = scripted();
  await conversation.send("Hello", SETTINGS);
  const [turn] = conversation.turns();
  expect(turn?.answer).toMatchObject({
    state: "done",
    text: "one two",
    traceId: "t1",
    finishReason: "stop",
    ttftMs: 100,
    totalMs: 600,
  });
  expect(turn && tokensPerSecond(turn.answer)).toBe(2);
});

it("sends what was said before, but not what was refused", async () => {
  const { conversation, asked } = scripted();
  await conversation.send("Hello", SETTINGS);
  await conversation.send("blocked", SETTINGS);
  await conversation.send("Again", SETTINGS);
  expect(conversation.turns()[1]?.answer).toMatchObject({ state: "failed", error: REFUSED });
  expect(asked[2]?.messages.map(({ content }) => content)).toEqual(["Hello", "one two", "Again"]);
});

it("stops on demand and keeps what came", async () => {
  const { conversation } = scripted();
  const sending = conversation.send("wait", SETTINGS);
  await conversation.send("ignored while one is under way", SETTINGS);
  while (conversation.turns()[0]?.answer.text === "") await Promise.resolve();
  conversation.stop();
  await sending;
  expect(conversation.turns().map(({ answer }) => answer)).toMatchObject([
    { state: "stopped", text: "one ", error: null },
  ]);
});

it("asks the last message again, or takes it back", async () => {
  const { conversation, asked } = scripted();
  await conversation.send("First", SETTINGS);
  await conversation.send("Second", SETTINGS);
  await conversation.retry({ ...SETTINGS, seed: "9" });
  expect(asked[2]).toEqual({ ...asked[1], seed: 9 });
  expect(conversation.takeBack()).toBe("Second");
  expect(conversation.turns()).toHaveLength(1);
  conversation.clear();
  expect([conversation.turns(), conversation.takeBack()]).toEqual([[], ""]);
});
