import { expect, it } from "vitest";
import { parseConfig } from "./load.ts";

const limitsOf = (text: string) => parseConfig(`limits:\n${text}`, "weir.yaml").limits;

it("has no limits but a throttle of wrong keys", () => {
  expect(parseConfig("", "weir.yaml").limits).toEqual({
    perKey: {},
    perTenant: {},
    perUser: {},
    perModel: {},
    perEndpoint: {},
    perIp: { ipv6Prefix: 64, wrongKeysPerMinute: 60 },
    rules: [],
    assumedOutputTokens: 4096,
    unpriced: "allow",
  });
});

it("reads limits of every kind", () => {
  const limits = limitsOf(`
  perTenant: { costPerMonth: 1000 USD, tokensPerDay: 5 }
  rules: [{ name: night, match: { model: "gpt-*" }, by: [key, user], costPerDay: 1 USD, mode: soft }]`);
  expect(limits.perTenant).toEqual({ costPerMonth: 1_000_000_000_000, tokensPerDay: 5 });
  expect(limits.rules[0]).toMatchObject({ by: ["key", "user"], mode: "soft", costPerDay: 1e9 });
});

it.each([
  ["  perKey: { requestsPerMinut: 1 }", "line 2: limits.perKey", "mean requestsPerMinute"],
  ["  perKey: { requestsPerMinute: 0 }", "line 2: limits.perKey.requestsPerMinute", "1 or more"],
  ["  perKey: { requestsPerMinute: many }", "limits.perKey.requestsPerMinute", "whole number"],
  ["  perUser: { costPerDay: 20 }", "limits.perUser.costPerDay", "20 USD"],
  ["  perModel: { costPerDay: 20 EUR }", "limits.perModel.costPerDay", "USD"],
  ["  perIp: { tokensPerMinute: 1 }", "limits.perIp", "unknown key"],
  ["  perIp: { ipv6Prefix: 200 }", "limits.perIp.ipv6Prefix", ""],
  ["  rules: [{ name: a }]", "limits.rules.0", "a rule needs a limit"],
  [
    "  rules:\n  - { name: a, concurrency: 1 }\n  - { name: a, concurrency: 1 }",
    "line 4",
    "already",
  ],
  ["  rules: [{ name: a, by: [planet], concurrency: 1 }]", "limits.rules.0.by.0", "tenant"],
  ["  rules: [{ name: a, by: [key, key], concurrency: 1 }]", "limits.rules.0.by", "twice"],
  ["  rules: [{ name: a b, concurrency: 1 }]", "limits.rules.0.name", "letters"],
  ["  unpriced: maybe", "limits.unpriced", ""],
])("says what is wrong with %s", (text, where, what) => {
  expect(() => limitsOf(text)).toThrow(
    expect.objectContaining({
      code: "invalid_config",
      message: expect.stringMatching(new RegExp(`${where.replaceAll(".", "\\.")}.*${what}`, "s")),
    }),
  );
});

it("takes addresses and ranges for trusted proxies, and nothing else", () => {
  const proxies = (text: string) =>
    parseConfig(`server: { trustedProxies: ${text} }`, "weir.yaml").server.trustedProxies;
  expect(proxies("[10.0.0.0/8, 127.0.0.1, 'fd00::/8']")).toHaveLength(3);
  for (const wrong of [
    "[10.0.0.0/33]",
    "[localhost]",
    "[10.0.0.0/8/8]",
    "['::1/129']",
    "[10.0.0.0/]",
  ])
    expect(() => proxies(wrong)).toThrow("10.0.0.0/8");
});
