import { expect, it } from "vitest";
import { parseConfig } from "../../config/load.ts";
import type { ChatMessage, ChatRequest } from "../../core/chat.ts";
import { boundOf, costOf, costsOf, inputBound } from "./estimate.ts";
import type { Price, RoutedModel, Target } from "./needs.ts";

const { routing } = parseConfig("", "test.yaml").models["chat"] ?? {};
const PRICE: Price = { input: 10, output: 100, cached: 1 };

function modelOf(
  targets: readonly Partial<Target>[] = [{ price: PRICE, model: "up" }],
): RoutedModel {
  return {
    name: "chat",
    targets: targets as Target[],
    routing,
    volatileLines: [],
  } as unknown as RoutedModel; // what a bound reads
}

function requestOf(content: ChatMessage["content"], more: Partial<ChatRequest> = {}): ChatRequest {
  const plain = {
    kind: "chat",
    model: "chat",
    sampling: {},
    stop: [],
    n: 1,
    stream: false,
  } as const;
  return { ...plain, messages: [{ role: "user", content }], maxTokens: 10, ...more };
}

const inputOf = (request: ChatRequest, targets?: readonly Partial<Target>[]) =>
  (boundOf(request, modelOf(targets)).cost(0) - 10 * 100) / 10;

it("bounds a text by its bytes, in any language", () => {
  for (const text of ["Hi", "水".repeat(1000), "🦆".repeat(500), "a".repeat(10_000)]) {
    expect(inputOf(requestOf(text))).toBeGreaterThan(Buffer.byteLength(text));
    expect(inputOf(requestOf(text))).toBeLessThan(Buffer.byteLength(text) + 400);
  }
});

it("counts everything that goes in: schemas, tools and their calls, thoughts, names, what is relayed", () => {
  const long = "x".repeat(5000);
  const plain = inputOf(requestOf("Hi"));
  const cases: Partial<ChatRequest>[] = [
    { tools: [{ name: "f", description: long }] },
    { responseFormat: { type: "json_schema", name: "s", schema: { description: long } } },
    { extra: { documents: [long] } },
    {
      messages: [
        { role: "assistant", content: null, toolCalls: [{ id: "1", name: "f", arguments: long }] },
      ],
    },
    { messages: [{ role: "assistant", content: "a", reasoning: [{ text: long }] }] },
    { messages: [{ role: "user", content: "a", name: long }] },
    { source: { dialect: "openai-chat", body: { messages: [{ thought: long }] } } },
  ];
  for (const more of cases) expect(inputOf(requestOf("Hi", more)) - plain).toBeGreaterThan(4900);
  expect(inputOf(requestOf("Hi", { tools: [{ name: "f" }] })) - plain).toBeGreaterThan(1000);
});

it("is generous with pictures, sound, files and tools that run elsewhere", () => {
  const input = (part: object, targets?: readonly Partial<Target>[]) =>
    inputOf(requestOf([part] as unknown as ChatMessage["content"]), targets); // one part
  expect(input({ type: "image", url: "https://x/y.png" })).toBeGreaterThan(4800);
  expect(
    input({ type: "image", url: "https://x/y.png" }, [{ price: PRICE, model: "gpt-4o-mini" }]),
  ).toBeGreaterThan(48_169);
  expect(input({ type: "audio", format: "mp3", base64: "A".repeat(16_000) })).toBeGreaterThan(1000);
  expect(input({ type: "file", url: "https://x/y.pdf" })).toBeGreaterThan(200_000);
  const hosted = {
    type: "foreign",
    dialect: "openai-responses",
    what: "search",
    value: {},
  } as const;
  expect(inputOf(requestOf("Hi", { foreignTools: [hosted] }))).toBeGreaterThan(100_000);
});

it("takes the dearest target, the dearest kind of input, every answer and every thought", () => {
  const input = inputOf(requestOf("Hi"));
  const cost = (request: ChatRequest, targets?: readonly Partial<Target>[]) =>
    boundOf(request, modelOf(targets)).cost(0);
  expect(cost(requestOf("Hi"), [{ price: PRICE }, { price: { ...PRICE, output: 500 } }])).toBe(
    input * 10 + 10 * 500,
  );
  expect(cost(requestOf("Hi"), [{ price: { ...PRICE, cacheWrite: 12.5 } }])).toBe(
    Math.ceil(input * 12.5) + 1000,
  );
  expect(cost(requestOf("Hi", { n: 3 }))).toBe(input * 10 + 3000);
  expect(cost(requestOf("Hi", { reasoning: { budgetTokens: 40 } }))).toBe(input * 10 + 5000);
  expect(cost(requestOf("Hi", { extra: { best_of: 4 } }))).toBeGreaterThanOrEqual(
    input * 10 + 4000,
  );
});

it("pays for two answers where a call may be sent twice", () => {
  const once = boundOf(requestOf("Hi"), modelOf()).cost(0);
  const targets = [
    { price: PRICE, continues: true },
    { price: PRICE, continues: true },
  ];
  expect(boundOf(requestOf("Hi"), modelOf(targets)).cost(0)).toBe(2 * once);
  const model = { ...modelOf(targets), routing: { ...routing, hedge: { after: 1, budget: 1 } } };
  expect(boundOf(requestOf("Hi"), model as RoutedModel).cost(0)).toBe(3 * once);
});

it("knows a call without an end, and one without a price", () => {
  const { maxTokens: _, ...open } = requestOf("Hi");
  const bound = boundOf(open, modelOf([{ price: PRICE }, {}]));
  expect([bound.isCapped, bound.isPriced]).toEqual([false, false]);
  expect(bound.cost(50) - bound.cost(0)).toBe(5000);
  expect(bound.tokens(50) - bound.tokens(0)).toBe(50);
  expect(boundOf(requestOf("Hi"), modelOf([{}])).cost(50)).toBe(0);
});

it("is gentler where only a rate is at stake", () => {
  const text = "The quick brown fox jumps over the lazy dog. ".repeat(100);
  const tokens = boundOf(requestOf(text), modelOf()).tokens(0) - 10;
  expect(tokens).toBeGreaterThan(text.length / 4);
  expect(tokens).toBeLessThan(text.length / 2);
});

it("bounds what only reads", () => {
  const targets = [{ price: PRICE }] as Target[];
  expect(inputBound(7.5, targets)).toMatchObject({ isCapped: true, isPriced: true });
  expect(inputBound(7.5, targets).cost(0)).toBe(80);
});

it("prices what is read from and written to an upstream's cache", () => {
  const usage = { inputTokens: 100, outputTokens: 1, cachedTokens: 50, cacheWriteTokens: 30 };
  expect(costOf(usage, PRICE)).toBe(50 * 10 + 50 * 1 + 100);
  expect(costOf(usage, { ...PRICE, cacheWrite: 12.5 })).toBe(20 * 10 + 50 + 375 + 100);
});

it("prices thoughts, pictures and long prompts by their own rates, and each token once", () => {
  const long = { over: 100, input: 20, output: 200, cached: 2 };
  const price = { ...PRICE, reasoning: 300, image: 40, steps: [long] };
  const usage = { inputTokens: 100, outputTokens: 10, cachedTokens: 90, imageTokens: 50 };
  expect(costsOf({ ...usage, reasoningTokens: 4 }, price)).toEqual({
    input: 90 * PRICE.cached + 10 * 40,
    output: 6 * PRICE.output + 4 * 300,
  });
  expect(costOf({ inputTokens: 101, outputTokens: 1 }, price)).toBe(101 * 20 + 200);
});

it("bounds a call by the dearest that its prompt may come to", () => {
  const long = { over: 100, input: 20, output: 200, cached: 2 };
  const { targets } = modelOf([{ price: { ...PRICE, steps: [long] } }]);
  expect(inputBound(100, targets).cost(0)).toBe(100 * PRICE.input);
  expect(inputBound(101, targets).cost(0)).toBe(101 * 20);
  const thoughtful = modelOf([{ price: { ...PRICE, reasoning: 300 } }]);
  const bound = boundOf(requestOf("Hi"), thoughtful);
  expect(bound.cost(0)).toBeGreaterThan(
    boundOf(requestOf("Hi"), modelOf([{ price: PRICE }])).cost(0),
  );
});
