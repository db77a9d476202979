import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Prices } from "../../config/prices.ts";
import { usageOf } from "../trace/usage-of.ts";
import { LIST_VERSION } from "./price-list.ts";
import { createPricing } from "./price-run.ts";
import { listedNames } from "./provider-names.ts";
import { costAt } from "./rates.ts";

const AT = Date.parse("2026-05-01T12:00:00Z");
const NOTHING = {
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  imageTokens: 0,
  audioTokens: 0,
};

/** What tokens of a model cost, by the list and what weir.yaml says. */
function priced(
  provider: string | null,
  model: string,
  tokens: object,
  { at = AT, prices = [] as unknown } = {},
) {
  const price = createPricing(Prices.parse(prices));
  return price({ provider, model, at, usage: { ...NOTHING, ...tokens } });
}

it("names the list that is installed", () => {
  const text = readFileSync("node_modules/@pydantic/genai-prices/package.json", "utf8");
  const { version } = JSON.parse(text) as { version: string }; // npm's own file
  expect(LIST_VERSION).toBe(`genai-prices@${version}`);
});

it("prices cached tokens apart, in whole nano-dollars", () => {
  // 500 at $2.50 and 500 cached at $1.25 a million, 100 at $10.
  expect(
    priced("openai", "gpt-4o", { inputTokens: 1000, outputTokens: 100, cachedTokens: 500 }),
  ).toEqual({
    costNanos: 2_875_000,
    inputCostNanos: 1_875_000,
    outputCostNanos: 1_000_000,
    priceVersion: `${LIST_VERSION}/openai/gpt-4o`,
  });
});

it("takes the price of the run's day", () => {
  const tokens = { inputTokens: 1_000_000 };
  const before = priced("openai", "o3", tokens, { at: Date.parse("2025-05-01") });
  const after = priced("openai", "o3", tokens);
  expect([before.costNanos, after.costNanos]).toEqual([10e9, 2e9]);
  expect(before.priceVersion).toBe(`${LIST_VERSION}/openai/o3`);
  expect(after.priceVersion).toBe(`${LIST_VERSION}/openai/o3@2025-06-10`);
});

it("takes the price of a long prompt for all of it", () => {
  const short = priced("google_genai", "gemini-2.5-pro", { inputTokens: 200_000 });
  const long = priced("google_genai", "gemini-2.5-pro", {
    inputTokens: 300_000,
    outputTokens: 100,
  });
  expect(short.costNanos).toBe(250_000_000);
  expect(long).toMatchObject({ inputCostNanos: 750_000_000, outputCostNanos: 1_500_000 });
});

it("understands Anthropic's own counts, which stand beside the input", () => {
  const told = usageOf({
    kind: "post",
    id: "a",
    source: "langsmith",
    tenantId: "default",
    receivedAt: AT,
    outputs: {
      usage: {
        input_tokens: 500,
        output_tokens: 100,
        cache_read_input_tokens: 300,
        cache_creation_input_tokens: 200,
        cache_creation: { ephemeral_5m_input_tokens: 150, ephemeral_1h_input_tokens: 50 },
      },
    },
  });
  // 500 at $3, 300 at $0.30, 150 at $3.75, 50 at $6 a million; 100 at $15.
  expect(priced("anthropic", "claude-sonnet-4-5", { ...told?.usage, ...told?.details })).toEqual({
    costNanos: 1_500_000 + 90_000 + 562_500 + 300_000 + 1_500_000,
    inputCostNanos: 2_452_500,
    outputCostNanos: 1_500_000,
    priceVersion: `${LIST_VERSION}/anthropic/claude-sonnet-4-5`,
  });
});

it("prices sound, pictures and thoughts apart", () => {
  // gemini-2.5-flash: text $0.30, sound $1 a million.
  expect(
    priced("gemini", "gemini-2.5-flash", { inputTokens: 1000, audioTokens: 400 }),
  ).toMatchObject({ costNanos: 600 * 300 + 400 * 1000 });
  expect(priced("openai", "gpt-image-1", { inputTokens: 1000, imageTokens: 50 })).toMatchObject({
    costNanos: 950 * 5000 + 50 * 10_000,
  });
  expect(
    priced("perplexity", "sonar-deep-research", { outputTokens: 100, reasoningTokens: 60 }),
  ).toMatchObject({ costNanos: 40 * 8000 + 60 * 3000 });
});

it("knows vendors by the names that programs give them, or by the model's", () => {
  const tokens = { inputTokens: 1000 };
  const names: [string | null, string, string][] = [
    ["azure_openai", "gpt-4o", "azure/gpt-4o"],
    ["az.ai.openai", "gpt-4o", "azure/gpt-4o"],
    ["google_vertexai", "gemini-2.5-pro", "google/gemini-2.5-pro"],
    ["aws.bedrock", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", "aws/regional."],
    ["mistralai", "mistral-large-latest", "mistral/mistral-large"],
    [null, "gpt-4o-mini", "openai/gpt-4o-mini"],
    [null, "text-embedding-3-small", "openai/text-embedding-3-small"],
    [null, "us.anthropic.claude-3-5-sonnet-20241022-v2:0", "aws/"],
    [null, "claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"],
    [null, "openai/gpt-4o", "openai/gpt-4o"],
    [null, "models/gemini-2.5-pro", "google/gemini-2.5-pro"],
    ["litellm", "gpt-4o", "openai/gpt-4o"],
  ];
  for (const [provider, model, found] of names) {
    const { priceVersion } = priced(provider, model, tokens);
    expect({ provider, model, priceVersion }).toMatchObject({
      priceVersion: expect.stringContaining(`/${found}`) as unknown,
    });
  }
});

it("has no price for what it does not know, and none by the token on one's own machine", () => {
  const unknown = { costNanos: null, priceVersion: null };
  expect(priced(null, "acme-7b", { inputTokens: 10 })).toMatchObject(unknown);
  expect(priced("openai-compatible", "gpt-4o", { inputTokens: 10 })).toMatchObject(unknown);
  expect(listedNames("acme", "gpt-4o")).toEqual([]);
  expect(priced("ollama", "mistral-large", { inputTokens: 10 })).toMatchObject({
    costNanos: 0,
    priceVersion: "own-machine",
  });
});

it("lets weir.yaml say prices: the most exact name counts, then the latest day", () => {
  const prices = [
    { model: "qwen*", input: "1 USD", output: "2 USD", cachedInput: "0.1 USD" },
    { model: "qwen-max", input: "4 USD", from: "2026-01-01" },
    { model: "qwen-max", input: "5 USD", from: "2026-04-01" },
    { model: "qwen-max", input: "6 USD", from: "2026-06-01" },
    { model: "gpt-4o", provider: "azure*", input: "3 USD" },
  ];
  const of = (provider: string | null, model: string, at = AT) =>
    priced(provider, model, { inputTokens: 1000, cachedTokens: 500 }, { at, prices });
  expect(of(null, "qwen-plus").costNanos).toBe(500 * 1000 + 500 * 100);
  expect(of("ollama", "QWEN-plus").costNanos).toBe(500 * 1000 + 500 * 100);
  expect(of(null, "qwen-max").costNanos).toBe(5_000_000);
  expect(of(null, "qwen-max", Date.parse("2026-02-01")).costNanos).toBe(4_000_000);
  expect(of(null, "qwen-max", Date.parse("2025-02-01")).costNanos).toBe(550_000);
  expect(of("azure_openai", "gpt-4o").costNanos).toBe(3_000_000);
  expect(of("openai", "gpt-4o").priceVersion).toContain(LIST_VERSION);
  expect(of(null, "qwen-max").priceVersion).toMatch(/^weir\.yaml@[0-9a-f]{12}$/);
});

it("refuses prices that nobody can mean", () => {
  expect(() => Prices.parse([{ model: "a", input: "1 EUR" }])).toThrow(/20 USD/);
  expect(() => Prices.parse([{ model: "a", input: "1 USD", from: "2026-13-01" }])).toThrow(/day/);
  expect(() => Prices.parse([{ model: "a", input: "1 USD", chached: "1 USD" }])).toThrow(/chached/);
});

it("pays no token twice where a sender's counts do not add up", () => {
  const rates = { input: 10, cached: 1, image: 100, output: 7, reasoning: 9 };
  const usage = { ...NOTHING, inputTokens: 100, cachedTokens: 90, imageTokens: 50 };
  expect(costAt(rates, { ...usage, outputTokens: 5, reasoningTokens: 50 })).toEqual({
    input: 90 + 10 * 100,
    output: 45,
  });
});
