import { expect, it } from "vitest";
import type { ChatEvent } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import { EngineAttempt } from "./engine-attempt.ts";

function start() {
  const heard: string[] = [];
  const attempt = new EngineAttempt(
    {
      events: (events) =>
        void heard.push(...events.map((one) => (one.type === "text-delta" ? one.text : one.type))),
      done: () => void heard.push("DONE"),
      failed: ({ code }) => void heard.push(code),
    },
    () => void heard.push("CANCEL"),
  );
  return { attempt, heard };
}

const say = (text: string): ChatEvent[] => [{ type: "text-delta", index: 0, text }];

it("passes events on as they come, and the end once", () => {
  const { attempt, heard } = start();
  attempt.events(say("a"));
  attempt.done();
  attempt.done();
  attempt.events(say("b"));
  attempt.cancel();
  expect(heard).toEqual(["a", "DONE"]);
});

it("keeps events and the end for a reader who is slow", async () => {
  const { attempt, heard } = start();
  attempt.pause();
  attempt.events(say("a"));
  attempt.events(say("b"));
  attempt.done();
  expect(heard).toEqual([]);
  attempt.resume();
  expect(heard).toEqual([]);
  await Promise.resolve();
  expect(heard).toEqual(["a", "b", "DONE"]);
});

it("keeps the order when more comes before a resume is acted on", async () => {
  const { attempt, heard } = start();
  attempt.pause();
  attempt.events(say("a"));
  attempt.resume();
  attempt.events(say("b"));
  await Promise.resolve();
  attempt.events(say("c"));
  expect(heard).toEqual(["a", "b", "c"]);
});

it("is silent after a cancel, and cancels once", () => {
  const { attempt, heard } = start();
  attempt.pause();
  attempt.events(say("a"));
  attempt.cancel();
  attempt.cancel();
  attempt.resume();
  attempt.failed(new WeirError("engine_crashed", "gone"));
  expect(heard).toEqual(["CANCEL"]);
});

it("tells a failure like an end", () => {
  const { attempt, heard } = start();
  attempt.failed(new WeirError("engine_crashed", "gone"));
  attempt.done();
  expect(heard).toEqual(["engine_crashed"]);
});
