import { expect, it } from "vitest";
import type { ChatRequest } from "../../../core/chat.ts";
import { PrefixIndex, blocksOf } from "./prefix-index.ts";

const request = (...texts: string[]): ChatRequest => ({
  kind: "chat",
  model: "chat",
  messages: texts.map((content, index) => ({ role: index % 2 ? "assistant" : "user", content })),
  sampling: {},
  stop: [],
  n: 1,
  stream: true,
});

it("matches a conversation's next turn with what was sent before", () => {
  const index = new PrefixIndex<string>();
  const turn = "a".repeat(3_000);
  index.add(blocksOf(request(turn)), "one");
  const next = blocksOf(request(turn, "b".repeat(500), "c"));
  expect(index.match(next, "one")).toBeGreaterThan(0.7);
  expect(index.match(next, "two")).toBe(0);
});

it("sees a change at the start in everything that follows", () => {
  const index = new PrefixIndex<string>();
  const rest = "x".repeat(4_000);
  index.add(blocksOf(request(`today is Monday. ${rest}`)), "one");
  expect(index.match(blocksOf(request(`today is Friday. ${rest}`)), "one")).toBe(0);
});

it("forgets what was not used for the longest time", () => {
  const index = new PrefixIndex<string>(4);
  index.add([1, 2], "one");
  index.add([3, 4], "one");
  index.add([1, 2], "two");
  index.add([5], "one");
  expect(index.match([1, 2], "one")).toBe(1);
  expect(index.match([3, 4], "one")).toBe(0);
});
