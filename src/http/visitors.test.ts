import { expect, it } from "vitest";
import { parseConfig } from "../config/load.ts";
import { silentLog } from "../core/log.ts";
import { createMemoryLedger } from "../serve/gateway/limits/memory-ledger.ts";
import { createVisitors } from "./visitors.ts";

function setUp(perIp: string, trusted: readonly string[] = []) {
  const clock = { at: Date.UTC(2026, 0, 1) };
  const now = () => clock.at;
  const { limits } = parseConfig(`limits: { perIp: ${perIp} }`, "test.yaml");
  const refused: string[] = [];
  const visitors = createVisitors({
    limits: () => limits.perIp,
    trustedProxies: () => trusted,
    ledger: createMemoryLedger(now),
    refused: ({ scope, field }) => void refused.push(`${scope}.${field}`),
    now,
    log: silentLog,
  });
  return { visitors, clock, refused };
}

const from = (address: string, headers = {}) => ({ address, headers });
const LIMITED = expect.objectContaining({ code: "rate_limited", status: 429 });

it("looks at nothing where nothing is limited and no key was wrong", () => {
  const { visitors } = setUp("{}");
  expect(visitors.enter(from("127.0.0.1"))).toBeUndefined();
});

it("counts requests of one client, IPv6 by its prefix, behind trusted proxies by what they say", () => {
  const { visitors, clock, refused } = setUp("{ requestsPerMinute: 2 }", ["127.0.0.1"]);
  const behind = (client: string) => from("127.0.0.1", { "x-forwarded-for": client });
  visitors.enter(behind("2001:db8::1"));
  visitors.enter(behind("2001:db8::2"));
  expect(() => visitors.enter(behind("2001:db8::3"))).toThrow(LIMITED);
  visitors.enter(behind("2001:db8:0:1::3"));
  visitors.enter(behind("1.2.3.4"));
  visitors.enter(from("1.2.3.4"));
  expect(() => visitors.enter(from("::ffff:1.2.3.4"))).toThrow(LIMITED);
  expect(refused).toEqual(["perIp.requestsPerMinute", "perIp.requestsPerMinute"]);
  clock.at += 61_000;
  visitors.enter(behind("2001:db8::3"));
});

it("counts requests at the same time until they are over", () => {
  const { visitors } = setUp("{ concurrency: 1 }");
  const over = visitors.enter(from("1.2.3.4"));
  expect(() => visitors.enter(from("1.2.3.4"))).toThrow(LIMITED);
  over?.();
  over?.();
  visitors.enter(from("1.2.3.4"));
  expect(() => visitors.enter(from("1.2.3.4"))).toThrow(LIMITED);
});

it("turns everything away for a while after many wrong keys, loopback too, and nobody else", () => {
  const { visitors, clock, refused } = setUp("{}");
  for (let key = 0; key < 59; key++) visitors.wrongKey(from("127.0.0.1"));
  visitors.enter(from("127.0.0.1"));
  visitors.wrongKey(from("127.0.0.1"));
  expect(() => visitors.enter(from("127.0.0.1"))).toThrow("server.trustedProxies");
  expect(visitors.enter(from("1.2.3.4"))).toBeUndefined();
  expect(refused).toEqual(["perIp.wrongKeys.requestsPerMinute"]);
  clock.at += 61_000;
  expect(visitors.enter(from("127.0.0.1"))).toBeUndefined();
});

it("lets wrong keys be where that is wished", () => {
  const { visitors } = setUp("{ wrongKeysPerMinute: 0 }");
  for (let key = 0; key < 1000; key++) visitors.wrongKey(from("127.0.0.1"));
  expect(visitors.enter(from("127.0.0.1"))).toBeUndefined();
});
