import { expect, it } from "vitest";
import { ApiError } from "../../api/api-error.ts";
import { tokensPerSecond } from "./answer.ts";
import { createConversation, NO_DRAFT } from "./conversation.ts";
import { loadKept, saveKept } from "./keep.ts";
import type { Message, Question } from "./question.ts";
import { NO_SETTINGS } from "./settings.ts";
import type { ChatEvent } from "./wire/wire.ts";

const SETTINGS = { ...NO_SETTINGS, models: ["chat"] };
const REFUSED = new ApiError("No.", { status: 403, code: "blocked_by_guard" });

const say = (text: string) => ({ text, images: [] });
const textOf = (message: Message | undefined) => (message && "text" in message ? message.text : "");

/** Answers with "one two"; `blocked` in the prompt refuses, `wait` never ends by itself, `level` calls. */
function scripted() {
  const asked: Question[] = [];
  let time = 0;
  async function* stream(question: Question, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    asked.push(question);
    const prompt = textOf(question.messages.at(-1));
    yield { type: "start", traceId: "t1" };
    if (prompt.includes("blocked") || question.model === "broken") throw REFUSED;
    time += 100;
    if (prompt.includes("level")) {
      yield { type: "tool-delta", index: 0, id: "c1", name: "get_level", text: '{"gauge"' };
      yield { type: "tool-delta", index: 0, text: ':"Zürich"}' };
      yield { type: "finish", reason: "tool_calls" };
      return;
    }
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
  const conversation = createConversation({ stream, now: () => time });
  const answers = () =>
    conversation.rounds().map(({ replies }) => replies.map(({ steps }) => steps.at(-1)?.answer));
  return { asked, conversation, answers };
}

it("collects an answer with its timings", async () => {
  const { conversation, answers } = scripted();
  await conversation.send(say("Hello"), SETTINGS);
  const answer = answers()[0]?.[0];
  expect(answer).toMatchObject({
    state: "done",
    text: "one two",
    traceId: "t1",
    finishReason: "stop",
    ttftMs: 100,
    totalMs: 600,
  });
  expect(answer && tokensPerSecond(answer)).toBe(2);
});

it("sends what was said before, but not what was refused", async () => {
  const { conversation, asked, answers } = scripted();
  await conversation.send(say("Hello"), SETTINGS);
  await conversation.send(say("blocked"), SETTINGS);
  await conversation.send(say("Again"), SETTINGS);
  expect(answers()[1]?.[0]).toMatchObject({ state: "failed", error: REFUSED });
  expect(asked[2]?.messages.map(textOf)).toEqual(["Hello", "one two", "Again"]);
});

it("stops on demand and keeps what came", async () => {
  const { conversation, answers } = scripted();
  const sending = conversation.send(say("wait"), SETTINGS);
  await conversation.send(say("ignored while one is under way"), SETTINGS);
  while (answers()[0]?.[0]?.text === "") await Promise.resolve();
  conversation.stop();
  await sending;
  expect(answers()).toMatchObject([[{ state: "stopped", text: "one ", error: null }]]);
});

it("asks the last message again, or takes it back", async () => {
  const { conversation, asked } = scripted();
  await conversation.send(say("First"), SETTINGS);
  await conversation.send(say("Second"), SETTINGS);
  await conversation.retry({ ...SETTINGS, seed: "9" });
  expect(asked[2]).toEqual({ ...asked[1], numbers: { seed: 9 } });
  expect(conversation.takeBack()).toEqual(say("Second"));
  expect(conversation.rounds()).toHaveLength(1);
  conversation.clear();
  expect([conversation.rounds(), conversation.takeBack()]).toEqual([[], NO_DRAFT]);
});

it("asks several models at once; one that fails or is stopped leaves the others alone", async () => {
  const { conversation, asked, answers } = scripted();
  const settings = { ...SETTINGS, models: ["a", "broken", "b"] };
  const sending = conversation.send(say("wait"), settings);
  while (answers()[0]?.[2]?.text !== "one ") await Promise.resolve();
  conversation.stop("a");
  while (answers()[0]?.[0]?.state === "streaming") await Promise.resolve();
  expect(answers()[0]?.map((answer) => answer?.state)).toEqual(["stopped", "failed", "streaming"]);
  conversation.stop();
  await sending;
  await conversation.send(say("Go on"), settings);
  expect(asked.slice(3).map(({ model, messages }) => [model, messages.length])).toEqual([
    ["a", 3],
    ["broken", 1],
    ["b", 3],
  ]);
});

it("goes on with what a call gave, and forgets a call that nobody answered", async () => {
  const { conversation, asked } = scripted();
  await conversation.send(say("level?"), SETTINGS);
  await conversation.giveResults("chat", [{ id: "c1", text: "407" }], SETTINGS);
  expect(asked[1]?.messages.slice(1)).toEqual([
    {
      role: "assistant",
      text: "",
      calls: [{ id: "c1", name: "get_level", arguments: '{"gauge":"Zürich"}' }],
    },
    { role: "tool", results: [{ id: "c1", text: "407" }] },
  ]);
  expect(conversation.rounds()[0]?.replies[0]?.steps).toHaveLength(2);
  await conversation.send(say("level again?"), SETTINGS);
  await conversation.send(say("Never mind"), SETTINGS);
  expect(asked[3]?.messages.map(({ role }) => role)).toEqual([
    "user",
    "assistant",
    "tool",
    "assistant",
    "user",
  ]);
});

it("keeps a conversation over a reload, without images where they are too much", async () => {
  const { conversation } = scripted();
  const draft = { text: "Hello", images: ["data:image/png;base64,AAAA"] };
  await conversation.send(draft, SETTINGS);
  await conversation.send(say("blocked"), SETTINGS);
  let stored: string | null = null;
  const store = {
    getItem: () => stored,
    setItem: (_place: string, text: string) => void (stored = text),
  };
  const kept = { settings: SETTINGS, draft: say("Not yet"), rounds: conversation.rounds() };
  saveKept(store, kept);
  const loaded = loadKept(store);
  expect(loaded).toEqual(kept);
  expect(loaded.rounds[1]?.replies[0]?.steps[0]?.answer.error).toBeInstanceOf(ApiError);

  const setItem = (_place: string, text: string) => {
    if (text.includes("base64")) throw new Error("the store is full");
    stored = text;
  };
  saveKept({ ...store, setItem }, kept);
  expect(loadKept(store).rounds[0]).toMatchObject({ prompt: "Hello", images: [] });
  expect(loadKept({ ...store, getItem: () => null })).toEqual({
    settings: NO_SETTINGS,
    draft: NO_DRAFT,
    rounds: [],
  });
});
