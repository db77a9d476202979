import { describe, expect, it } from "vitest";
import { ModelCache } from "../../../config/cache.ts";
import type { ChatEvent, ChatRequest } from "../../../core/chat.ts";
import type { CacheLook, CacheMiss, CallContext } from "../needs.ts";
import { Answers } from "./answer-cache.ts";
import { createMemoryAnswers } from "./memory-answers.ts";
import { wordVector } from "./words.ts";

const ask = (content: string, more: Partial<ChatRequest> = {}): ChatRequest => ({
  kind: "chat",
  model: "chat",
  messages: [
    { role: "system", content: "You are kind." },
    { role: "user", content },
  ],
  sampling: {},
  stop: [],
  n: 1,
  stream: true,
  ...more,
});

const context = (more: Partial<CallContext> = {}): CallContext => ({
  traceId: "0".repeat(32),
  route: "/v1/chat/completions",
  caller: { keyId: "k1", keyName: "app", scopes: ["inference"], tenantId: "acme" },
  startedAt: 0,
  authMs: 0,
  ...more,
});

const caller = (keyId: string, tenantId: string) => ({
  caller: { keyId, keyName: keyId, scopes: ["inference"] as const, tenantId },
});

const delta = (text: string): ChatEvent => ({ type: "text-delta", index: 0, text });
const FINISH: ChatEvent = { type: "finish", index: 0, reason: "stop" };
const USAGE = { inputTokens: 9, outputTokens: 2 };

function setUp(config: object = {}, { maxBytes = 1_000_000, maxAnswer = 100_000 } = {}) {
  const clock = { at: 1_000_000 };
  const rules = { config: ModelCache.parse(config) ?? never(), version: "v1" };
  const counts: string[] = [];
  const store = createMemoryAnswers({ maxBytes: () => maxBytes, now: () => clock.at });
  const cache = new Answers({
    store,
    rulesOf: () => rules,
    embed: (_, text) => Promise.resolve(wordVector(text)),
    maxAnswerBytes: () => maxAnswer,
    now: () => clock.at,
    count: (_, kind) => counts.push(kind),
  });
  const look = async (request: ChatRequest, more: Partial<CallContext> = {}) =>
    cache.look(request, context(more));
  const answer = async (request: ChatRequest, text: string, more: Partial<CallContext> = {}) => {
    const miss = missOf(await look(request, more));
    miss.took([delta(text), FINISH]);
    miss.done(USAGE);
  };
  return { clock, rules, counts, store, look, answer };
}

function never(): never {
  throw new Error("unreachable");
}

function missOf(look: CacheLook | undefined): CacheMiss {
  if (look?.kind !== "miss") throw new Error(`expected a miss, not ${look?.kind}`);
  return look;
}

/** What a hit tells, as it comes. */
function played(look: CacheLook | undefined) {
  if (!look || look.kind === "miss") throw new Error(`expected a hit, not ${look?.kind}`);
  const told: string[] = [];
  const ended = Promise.withResolvers<string>();
  const attempt = look.play({
    events: (events) => {
      told.push(...events.map((event) => ("text" in event ? event.text : event.type)));
    },
    done: () => ended.resolve("done"),
    failed: ({ code }) => ended.resolve(code),
  });
  return { told, attempt, ended: ended.promise };
}

it("gives an identical call its answer again, with its age", async () => {
  const { look, answer, clock, counts } = setUp();
  await answer(ask("Hi"), "Hello");
  clock.at += 30_000;
  const again = await look(ask("Hi"));
  expect(again?.headers).toEqual({ "x-weir-cache": "hit", age: "30" });
  const { told, ended } = played(again);
  expect(await ended).toBe("done");
  expect(told).toEqual(["Hello", "finish"]);
  expect(counts).toEqual(["miss", "hit"]);
});

it("forgets an answer at the end of its time", async () => {
  const { look, answer, clock, store } = setUp({ ttl: "1m" });
  await answer(ask("Hi"), "Hello");
  clock.at += 60_000;
  expect((await look(ask("Hi")))?.kind).toBe("miss");
  expect([store.bytes, store.count]).toEqual([0, 0]);
});

it.each([
  ["another question", ask("Ho"), {}],
  ["another system prompt", ask("Hi", { messages: [{ role: "user", content: "Hi" }] }), {}],
  ["other tools", ask("Hi", { tools: [{ name: "search" }] }), {}],
  ["another temperature", ask("Hi", { sampling: { temperature: 1 } }), {}],
  ["another length", ask("Hi", { maxTokens: 5 }), {}],
  ["another format", ask("Hi", { responseFormat: { type: "json_object" } }), {}],
  ["another model", ask("Hi", { model: "other" }), {}],
  ["an unknown field", withField({ reasoning_mode: "x" }), {}],
  ["another tenant", ask("Hi"), caller("k1", "other")],
  ["another protocol", ask("Hi"), { route: "/v1/messages" }],
] as const)("takes %s for another call", async (_, request, more) => {
  const { look, answer } = setUp();
  await answer(ask("Hi"), "Hello");
  expect((await look(request, more))?.kind).toBe("miss");
});

function withField(field: Record<string, unknown>): ChatRequest {
  return ask("Hi", { source: { dialect: "openai-chat", body: { model: "chat", ...field } } });
}

it("gives the answer also to another key of the tenant, unless keys or users are apart", async () => {
  const shared = setUp();
  await shared.answer(ask("Hi"), "Hello");
  expect((await shared.look(ask("Hi"), caller("k2", "acme")))?.kind).toBe("hit");
  const apart = setUp({ scope: "key" });
  await apart.answer(ask("Hi"), "Hello");
  expect((await apart.look(ask("Hi"), caller("k2", "acme")))?.kind).toBe("miss");
  const users = setUp({ scope: "user" });
  await users.answer(ask("Hi", { user: "ann" }), "Hello");
  expect((await users.look(ask("Hi", { user: "bob" })))?.kind).toBe("miss");
});

it("asks anew when the targets or the guard have changed", async () => {
  const { look, answer, rules } = setUp();
  await answer(ask("Hi"), "Hello");
  rules.version = "v2";
  expect((await look(ask("Hi")))?.kind).toBe("miss");
});

it("does as the call wishes: off, or refresh", async () => {
  const { look, answer } = setUp();
  await answer(ask("Hi"), "Hello");
  expect(await look(ask("Hi"), { wishes: { cache: "off" } })).toBeUndefined();
  await answer(ask("Hi"), "Fresh", { wishes: { cache: "refresh" } });
  const { told, ended } = played(await look(ask("Hi")));
  await ended;
  expect(told).toEqual(["Fresh", "finish"]);
});

it("leaves calls alone whose answer would differ each time, where it is told to", async () => {
  const { look } = setUp({ sampled: false });
  expect(await look(ask("Hi"))).toBeUndefined();
  expect((await look(ask("Hi", { sampling: { temperature: 0 } })))?.kind).toBe("miss");
});

it("keeps nothing of an answer that broke off, was filtered, or is too long", async () => {
  const { look, store } = setUp({}, { maxAnswer: 200 });
  missOf(await look(ask("a"))).failed();
  const filtered = missOf(await look(ask("b")));
  filtered.took([delta("x"), { type: "finish", index: 0, reason: "content_filter" }]);
  filtered.done(USAGE);
  const long = missOf(await look(ask("c")));
  long.took([delta("x".repeat(300)), FINISH]);
  long.done(USAGE);
  expect(store.count).toBe(0);
});

it("stays within its memory: the least recently used go first", async () => {
  const { look, answer, store } = setUp({}, { maxBytes: 3_000 });
  for (const text of ["one", "two", "three", "four", "five", "six", "seven"]) {
    await answer(ask(text), text);
    await look(ask("one"));
  }
  expect(store.bytes).toBeLessThanOrEqual(3_000);
  expect((await look(ask("one")))?.kind).toBe("hit");
  expect((await look(ask("two")))?.kind).toBe("miss");
});

it("gives a streamed answer to a client that wants it whole without the stream's bytes", async () => {
  const { look } = setUp();
  const frame = {
    dialect: "openai-chat",
    name: "",
    json: '{"a":1}',
    value: { a: 1 },
    size: 1,
  } as const;
  const miss = missOf(await look(ask("Hi")));
  miss.took([{ ...delta("Hello"), frame }, FINISH]);
  miss.done(USAGE);
  const frames = async (stream: boolean) => {
    const again = await look(ask("Hi", { stream }));
    if (!again || again.kind === "miss") throw new Error("no hit");
    const got = Promise.withResolvers<readonly ChatEvent[]>();
    const nothing = () => undefined;
    again.play({ events: got.resolve, done: nothing, failed: nothing });
    return (await got.promise).map((event) => event.frame?.value);
  };
  expect(await frames(true)).toEqual([{ a: 1 }, undefined]);
  expect(await frames(false)).toEqual([undefined, undefined]);
});

describe("a call that is under way", () => {
  it("is joined by the same one, which gets all of it from the start", async () => {
    const { look, counts } = setUp();
    const first = missOf(await look(ask("Hi")));
    first.took([delta("Hel")]);
    const second = played(await look(ask("Hi")));
    const third = played(await look(ask("Hi", { stream: false })));
    await Promise.resolve();
    expect([first.isAwaited, second.told]).toEqual([true, ["Hel"]]);
    first.took([delta("lo"), FINISH]);
    first.done(USAGE);
    expect([await second.ended, await third.ended]).toEqual(["done", "done"]);
    expect(second.told).toEqual(["Hel", "lo", "finish"]);
    expect(second.attempt.usage?.()).toEqual(USAGE);
    expect(counts).toEqual(["miss", "joined", "joined"]);
  });

  it("tells those who wait when it fails, and the next one makes it anew", async () => {
    const { look } = setUp();
    const first = missOf(await look(ask("Hi")));
    const second = played(await look(ask("Hi")));
    first.failed();
    expect(await second.ended).toBe("provider_failed");
    expect((await look(ask("Hi")))?.kind).toBe("miss");
  });

  it("lets each reader have its own pace, and leave", async () => {
    const { look } = setUp();
    const first = missOf(await look(ask("Hi")));
    const [slow, gone] = [played(await look(ask("Hi"))), played(await look(ask("Hi")))];
    slow.attempt.pause();
    gone.attempt.cancel();
    first.took([delta("Hello"), FINISH]);
    first.done(USAGE);
    expect([slow.told, gone.told]).toEqual([[], []]);
    slow.attempt.resume();
    expect(slow.told).toEqual(["Hello", "finish"]);
    expect(await slow.ended).toBe("done");
  });
});

describe("questions that are nearly the same", () => {
  const semantic = { semantic: { threshold: 0.8 } };

  it("get the same answer, and are told so", async () => {
    const { look, answer } = setUp(semantic);
    await answer(ask("What is the capital of France?"), "Paris");
    const alike = await look(ask("what is the capital of france"));
    expect(alike?.kind).toBe("similar");
    expect(alike?.headers).toMatchObject({
      "x-weir-cache-likeness": expect.stringMatching(/^[01]\./),
    });
  });

  it.each([
    ["other numbers", "Convert 10 miles to km", "Convert 11 miles to km"],
    ["a negation", "Should I take aspirin now?", "Should I not take aspirin now?"],
    ["the way back", "Shipping from Bern to Zurich", "Shipping from Zurich to Bern"],
    ["another direction", "Is shipping to Austria free?", "Is shipping from Austria free?", 0.9],
    ["another name", "Who is the mayor of Paris today", "Who is the mayor of Berlin today"],
  ])("are apart with %s", async (_, one, other, threshold = 0.5) => {
    const { look, answer } = setUp({ semantic: { threshold } });
    await answer(ask(one), "x");
    expect((await look(ask(other)))?.kind).toBe("miss");
  });

  it.each([
    ["tenants", {}, caller("k1", "other")],
    ["system prompts", { messages: [{ role: "user" as const, content: "capital of france" }] }, {}],
    ["tools", { tools: [{ name: "search" }] }, {}],
  ] as const)("never cross %s", async (_, request, more) => {
    const { look, answer } = setUp({ semantic: { threshold: 0.5 } });
    await answer(ask("capital of france"), "Paris");
    expect((await look(ask("capital of france", request), more))?.kind).toBe("miss");
  });

  it("are not looked for after an answer: the last word is not all of a conversation", async () => {
    const { look, answer } = setUp(semantic);
    const talk = (first: string): Partial<ChatRequest> => ({
      messages: [
        { role: "user", content: first },
        { role: "assistant", content: "Which one?" },
        { role: "user", content: "The second, please" },
      ],
    });
    await answer(ask("", talk("Delete a file")), "Deleted.");
    expect((await look(ask("", talk("Buy a book"))))?.kind).toBe("miss");
  });
});
