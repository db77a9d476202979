import { expect, it } from "vitest";
import type { ChatEvent } from "../../core/chat.ts";
import type { CallProgress, HostCall } from "./messages.ts";
import { Scheduler, type BatchPart, type Decoder } from "./scheduler.ts";

const END = 0;

/** Says what each call's script says, a character a token; remembers what it was asked to do. */
class ScriptedDecoder implements Decoder {
  readonly slots: number;
  readonly contextTokens: number;
  copyMs = 1000;
  /** What a token of prompt costs on the test's clock. */
  tokenMs = 0;
  clock = 0;
  abortNext = false;
  canKeep = true;
  readonly batches: BatchPart[][] = [];
  readonly kept: [slot: number, tokens: number][] = [];
  readonly copies: [from: number, to: number][] = [];
  freed = 0;
  readonly #scripts: Record<number, string>;

  constructor(scripts: Record<number, string>, { slots = 2, contextTokens = 100 } = {}) {
    this.#scripts = scripts;
    this.slots = slots;
    this.contextTokens = contextTokens;
  }

  decode(parts: readonly BatchPart[]): "done" | "aborted" {
    if (this.abortNext) {
      this.abortNext = false;
      return "aborted";
    }
    this.batches.push([...parts]);
    for (const { tokens } of parts) this.clock += tokens.length * this.tokenMs;
    return "done";
  }

  keep(slot: number, tokens: number): boolean {
    this.kept.push([slot, tokens]);
    return tokens === 0 || this.canKeep;
  }

  copy(from: number, to: number): void {
    this.copies.push([from, to]);
  }

  isEnd(token: number): boolean {
    return token === END;
  }

  bytesOf(token: number): Uint8Array {
    return new TextEncoder().encode(String.fromCodePoint(token));
  }

  createSampler(call: HostCall, index: number) {
    const script = Array.from(this.#scripts[call.id] ?? "", (letter) => letter.codePointAt(0) ?? 0);
    let at = index;
    return {
      sample: () => script[at++] ?? END,
      free: () => void this.freed++,
    };
  }

  logprob(_output: number, token: number) {
    return { token: String.fromCodePoint(token), logprob: -1, bytes: [token], top: [] };
  }
}

function call(id: number, more: Partial<HostCall> = {}): HostCall {
  return {
    id,
    prompt: [],
    n: 1,
    maxTokens: undefined,
    stop: [],
    sampling: {},
    topLogprobs: undefined,
    grammar: undefined,
    ...more,
  };
}

function prompt(text: string): number[] {
  return Array.from(text, (letter) => letter.codePointAt(0) ?? 0);
}

function start(decoder: ScriptedDecoder, stepMs = 100): Scheduler {
  return new Scheduler(decoder, { stepMs, now: () => decoder.clock });
}

function finish(scheduler: Scheduler): CallProgress[] {
  const progress: CallProgress[] = [];
  for (let step = 0; scheduler.busy && step < 1000; step++) {
    scheduler.step();
    progress.push(...scheduler.takeProgress());
  }
  return progress;
}

function textOf(progress: readonly CallProgress[], id: number, index = 0): string {
  return eventsOf(progress, id)
    .map((event) => (event.type === "text-delta" && event.index === index ? event.text : ""))
    .join("");
}

function eventsOf(progress: readonly CallProgress[], id: number): ChatEvent[] {
  return progress.filter((one) => one.id === id).flatMap(({ events = [] }) => [...events]);
}

it("answers a call and says what it cost", () => {
  const decoder = new ScriptedDecoder({ 1: "hey" });
  const scheduler = start(decoder);
  scheduler.submit(call(1), prompt("abcd"));
  const progress = finish(scheduler);

  expect(textOf(progress, 1)).toBe("hey");
  expect(eventsOf(progress, 1).at(-1)).toEqual({ type: "finish", index: 0, reason: "stop" });
  expect(progress[0]?.started).toBe(true);
  expect(progress.at(-1)?.done).toMatchObject({ inputTokens: 4, outputTokens: 4, cachedTokens: 0 });
  expect(decoder.freed).toBe(1);
});

it("says what the cache holds of running answers, and of earlier ones", () => {
  const scheduler = start(new ScriptedDecoder({ 1: "hey", 2: "you" }));
  expect(scheduler.cacheUse).toEqual({ running: 0, kept: 0 });
  scheduler.submit(call(1), prompt("abcd"));
  scheduler.step();
  expect(scheduler.cacheUse).toEqual({ running: 4, kept: 0 });
  finish(scheduler);
  // The last token, which ends the answer, is never computed.
  expect(scheduler.cacheUse).toEqual({ running: 0, kept: 7 });
  scheduler.submit(call(2), prompt("abx"));
  scheduler.step();
  expect(scheduler.cacheUse).toEqual({ running: 3, kept: 0 });
  scheduler.cancel(2);
  expect(scheduler.cacheUse).toEqual({ running: 0, kept: 3 });
});

it("lets calls join and leave at every step", () => {
  const decoder = new ScriptedDecoder({ 1: "aaaaaa", 2: "bb" });
  const scheduler = start(decoder);
  scheduler.submit(call(1), prompt("x"));
  scheduler.step();
  scheduler.step();
  scheduler.submit(call(2), prompt("yz"));
  const progress = finish(scheduler);

  expect(textOf(progress, 2)).toBe("bb");
  const slots = decoder.batches.map((parts) => parts.map(({ slot }) => slot).join());
  expect(slots).toEqual(["0", "0", "0,1", "0,1", "0,1", "0", "0"]);
});

it("keeps a call waiting until a slot is free", () => {
  const decoder = new ScriptedDecoder({ 1: "a", 2: "b" }, { slots: 1 });
  const scheduler = start(decoder);
  scheduler.submit(call(1), prompt("x"));
  scheduler.submit(call(2), prompt("y"));
  scheduler.step();
  expect(scheduler.takeProgress().map(({ id }) => id)).toEqual([1]);
  expect(textOf(finish(scheduler), 2)).toBe("b");
});

it("does not compute again what a slot still holds", () => {
  const decoder = new ScriptedDecoder({ 1: "a", 2: "b" });
  const scheduler = start(decoder);
  scheduler.submit(call(1), prompt("one two"));
  finish(scheduler);
  scheduler.submit(call(2), prompt("one three"));
  const progress = finish(scheduler);

  expect(decoder.kept.at(-1)).toEqual([0, 5]);
  expect(progress.at(-1)?.done).toMatchObject({ inputTokens: 9, cachedTokens: 5 });
  expect(decoder.batches.at(-2)).toMatchObject([{ position: 5, tokens: prompt("hree") }]);
});

it("starts over where the model cannot forget a part", () => {
  const decoder = new ScriptedDecoder({ 1: "a", 2: "b" });
  const scheduler = start(decoder);
  scheduler.submit(call(1), prompt("one two"));
  finish(scheduler);
  decoder.canKeep = false;
  scheduler.submit(call(2), prompt("one three"));
  expect(finish(scheduler).at(-1)?.done).toMatchObject({ cachedTokens: 0 });
});

it("computes the shared prompt of several answers once", () => {
  const decoder = new ScriptedDecoder({ 1: "abc" }, { slots: 3 });
  decoder.copyMs = 0;
  const scheduler = start(decoder);
  scheduler.submit(call(1, { n: 3 }), prompt("a long prompt"));
  const progress = finish(scheduler);

  expect([0, 1, 2].map((index) => textOf(progress, 1, index))).toEqual(["abc", "bc", "c"]);
  expect(decoder.copies).toEqual([
    [0, 1],
    [0, 2],
  ]);
  expect(decoder.batches[1]?.map(({ tokens }) => tokens.length)).toEqual([1, 1, 1]);
  expect(progress.filter(({ done }) => done)).toHaveLength(1);
  expect(progress.at(-1)?.done).toMatchObject({ inputTokens: 13, outputTokens: 9 });
});

it("sizes a prompt's pieces beside a running answer by the time that they take", () => {
  const decoder = new ScriptedDecoder({ 1: "a".repeat(90), 2: "b" }, { contextTokens: 2000 });
  decoder.tokenMs = 1;
  const scheduler = start(decoder, 51);
  scheduler.submit(call(1), prompt("x".repeat(100)));
  scheduler.step();
  scheduler.step();
  decoder.clock += 1000;
  scheduler.submit(call(2), prompt("y".repeat(130)));
  finish(scheduler);

  const pieces = decoder.batches.slice(2, 5).map((parts) => parts[1]?.tokens.length);
  expect(pieces).toEqual([50, 50, 30]);
});

it("computes prompts that come together in full pieces, also when the first already answers", () => {
  const scripts = { 1: "a".repeat(9), 2: "b" };
  const decoder = new ScriptedDecoder(scripts, { contextTokens: 2000 });
  decoder.tokenMs = 1;
  const scheduler = start(decoder, 51);
  scheduler.submit(call(1), prompt("x".repeat(400)));
  scheduler.submit(call(2), prompt("y".repeat(400)));
  finish(scheduler);

  const sizes = decoder.batches
    .slice(0, 2)
    .map((parts) => parts.map(({ tokens }) => tokens.length));
  expect(sizes).toEqual([[400], [1, 400]]);
});

it("computes short prompts that come together in one step", () => {
  const decoder = new ScriptedDecoder({ 1: "a", 2: "b" }, { contextTokens: 2000 });
  decoder.tokenMs = 1;
  const scheduler = start(decoder, 51);
  scheduler.submit(call(1), prompt("x".repeat(50)));
  scheduler.submit(call(2), prompt("y".repeat(500)));
  scheduler.step();
  expect(decoder.batches[0]?.map(({ tokens }) => tokens.length)).toEqual([50, 154]);
});

it("stops at a stop string across tokens and shows nothing of it", () => {
  const decoder = new ScriptedDecoder({ 1: "one##two" });
  const scheduler = start(decoder);
  scheduler.submit(call(1, { stop: ["##"] }), prompt("x"));
  const progress = finish(scheduler);
  expect(textOf(progress, 1)).toBe("one");
  expect(eventsOf(progress, 1).at(-1)).toMatchObject({ reason: "stop" });
});

it("ends with `length` at the token limit and shows what was held back", () => {
  const decoder = new ScriptedDecoder({ 1: "one#two" });
  const scheduler = start(decoder);
  scheduler.submit(call(1, { stop: ["##"], maxTokens: 4 }), prompt("x"));
  const progress = finish(scheduler);
  expect(textOf(progress, 1)).toBe("one#");
  expect(eventsOf(progress, 1).at(-1)).toMatchObject({ reason: "length" });
});

it("ends with `length` where the context ends", () => {
  const decoder = new ScriptedDecoder({ 1: "abcdefgh" }, { contextTokens: 8 });
  const scheduler = start(decoder);
  scheduler.submit(call(1), prompt("12345"));
  const progress = finish(scheduler);
  expect(textOf(progress, 1)).toBe("abc");
  expect(eventsOf(progress, 1).at(-1)).toMatchObject({ reason: "length" });
});

it("answers at once when nothing may be said", () => {
  const decoder = new ScriptedDecoder({});
  const scheduler = start(decoder);
  scheduler.submit(call(1, { maxTokens: 0 }), prompt("abc"));
  expect(scheduler.busy).toBe(false);
  expect(scheduler.takeProgress()).toMatchObject([
    {
      id: 1,
      started: true,
      events: [{ type: "finish", reason: "length" }],
      done: { inputTokens: 3 },
    },
  ]);
});

it("forgets a cancelled call and keeps what it computed", () => {
  const decoder = new ScriptedDecoder({ 1: "aaaa", 2: "b" }, { slots: 1 });
  const scheduler = start(decoder);
  scheduler.submit(call(1), prompt("same start, first"));
  scheduler.step();
  scheduler.cancel(1);
  expect(scheduler.busy).toBe(false);
  expect(scheduler.takeProgress()).toEqual([]);
  expect(decoder.freed).toBe(1);
  scheduler.submit(call(2), prompt("same start, second"));
  expect(finish(scheduler).at(-1)?.done).toMatchObject({ cachedTokens: 12 });
});

it("forgets a cancelled call that waits", () => {
  const decoder = new ScriptedDecoder({ 1: "a", 2: "b" }, { slots: 1 });
  const scheduler = start(decoder);
  scheduler.submit(call(1), prompt("x"));
  scheduler.submit(call(2), prompt("y"));
  scheduler.cancel(2);
  expect(finish(scheduler).every(({ id }) => id === 1)).toBe(true);
});

it("repeats an aborted step for those who stay", () => {
  const decoder = new ScriptedDecoder({ 1: "ab", 2: "cd" });
  const scheduler = start(decoder);
  scheduler.submit(call(1), prompt("xx"));
  scheduler.submit(call(2), prompt("yy"));
  decoder.abortNext = true;
  scheduler.step();
  scheduler.cancel(1);
  const progress = finish(scheduler);
  expect(decoder.kept).toContainEqual([1, 0]);
  expect(textOf(progress, 2)).toBe("cd");
});

it("gives each token's probability with the text that it is part of", () => {
  const decoder = new ScriptedDecoder({ 1: "a#b##" });
  const scheduler = start(decoder);
  scheduler.submit(call(1, { stop: ["##"], topLogprobs: 0 }), prompt("x"));
  const tokens = eventsOf(finish(scheduler), 1).map((event) =>
    event.type === "text-delta" ? event.logprobs?.map(({ token }) => token) : event.type,
  );
  expect(tokens).toEqual([["a"], ["#", "b"], "finish"]);
});
