import { expect, it } from "vitest";
import { parseConfig } from "../config/load.ts";
import type { Ledger } from "../core/ledger.ts";
import { silentLog } from "../core/log.ts";
import { createMemoryLedger } from "../serve/gateway/limits/memory-ledger.ts";
import type { FromWhere } from "./client-address.ts";
import { type Over, createVisitors } from "./visitors.ts";

function setUp(perIp: string, trusted: readonly string[] = [], shared?: Pick<Ledger, "reserve">) {
  const clock = { at: Date.UTC(2026, 0, 1) };
  const now = () => clock.at;
  const { limits } = parseConfig(`limits: { perIp: ${perIp} }`, "test.yaml");
  const refused: string[] = [];
  const local = createMemoryLedger(now);
  const visitors = createVisitors({
    limits: () => limits.perIp,
    trustedProxies: () => trusted,
    ledger: shared ?? local,
    local,
    refused: ({ scope, field }) => void refused.push(`${scope}.${field}`),
    now,
    log: silentLog,
  });
  const enter = (where: FromWhere) => visitors.enter(where) as Over; // in memory it is there at once
  return { visitors, enter, clock, refused };
}

const from = (address: string, headers = {}) => ({ address, headers });
const LIMITED = expect.objectContaining({ code: "rate_limited", status: 429 });

it("looks at nothing where nothing is limited and no key was wrong", () => {
  const { enter } = setUp("{}");
  expect(enter(from("127.0.0.1"))).toBeUndefined();
});

it("counts requests of one client, IPv6 by its prefix, behind trusted proxies by what they say", () => {
  const { enter, clock, refused } = setUp("{ requestsPerMinute: 2 }", ["127.0.0.1"]);
  const behind = (client: string) => from("127.0.0.1", { "x-forwarded-for": client });
  enter(behind("2001:db8::1"));
  enter(behind("2001:db8::2"));
  expect(() => enter(behind("2001:db8::3"))).toThrow(LIMITED);
  enter(behind("2001:db8:0:1::3"));
  enter(behind("1.2.3.4"));
  enter(from("1.2.3.4"));
  expect(() => enter(from("::ffff:1.2.3.4"))).toThrow(LIMITED);
  expect(refused).toEqual(["perIp.requestsPerMinute", "perIp.requestsPerMinute"]);
  clock.at += 61_000;
  enter(behind("2001:db8::3"));
});

it("counts requests at the same time until they are over", () => {
  const { enter } = setUp("{ concurrency: 1 }");
  const over = enter(from("1.2.3.4"));
  expect(() => enter(from("1.2.3.4"))).toThrow(LIMITED);
  over?.();
  over?.();
  enter(from("1.2.3.4"));
  expect(() => enter(from("1.2.3.4"))).toThrow(LIMITED);
});

it("turns everything away for a while after many wrong keys, loopback too, and nobody else", () => {
  const { visitors, enter, clock, refused } = setUp("{}");
  for (let key = 0; key < 59; key++) visitors.wrongKey(from("127.0.0.1"));
  enter(from("127.0.0.1"));
  visitors.wrongKey(from("127.0.0.1"));
  expect(() => enter(from("127.0.0.1"))).toThrow("server.trustedProxies");
  expect(enter(from("1.2.3.4"))).toBeUndefined();
  expect(refused).toEqual(["perIp.wrongKeys.requestsPerMinute"]);
  clock.at += 61_000;
  expect(enter(from("127.0.0.1"))).toBeUndefined();
});

it("counts with other replicas where it can, and alone where it cannot", async () => {
  const ledger = createMemoryLedger(Date.now);
  const shared = {
    reserve: async (...[meters, amounts]: Parameters<Ledger["reserve"]>) =>
      ledger.reserve(meters, amounts),
  };
  const [one, two] = [1, 2].map(() => setUp("{ requestsPerMinute: 2 }", [], shared).visitors);
  await one?.enter(from("1.2.3.4"));
  await two?.enter(from("1.2.3.4"));
  await expect(one?.enter(from("1.2.3.4"))).rejects.toEqual(LIMITED);
  const slow = { reserve: () => Promise.reject(new Error("no answer")) };
  const alone = setUp("{ requestsPerMinute: 1 }", [], slow).visitors;
  await alone.enter(from("1.2.3.4"));
  await expect(alone.enter(from("1.2.3.4"))).rejects.toEqual(LIMITED);
  const away = {
    reserve: () => {
      throw new Error("Redis is down");
    },
  };
  const { enter } = setUp("{ requestsPerMinute: 1 }", [], away);
  enter(from("1.2.3.4"));
  expect(() => enter(from("1.2.3.4"))).toThrow(LIMITED);
});

it("lets wrong keys be where that is wished", () => {
  const { visitors } = setUp("{ wrongKeysPerMinute: 0 }");
  for (let key = 0; key < 1000; key++) visitors.wrongKey(from("127.0.0.1"));
  expect(visitors.enter(from("127.0.0.1"))).toBeUndefined();
});
