import { type TestContext, beforeEach, expect, it, onTestFinished } from "vitest";
import { startRedis } from "../../../test/support/redis.ts";
import { silentLog } from "../../core/log.ts";
import { connectRedis } from "./redis.ts";
import { type TargetNews, createNewsExchange } from "./redis-targets.ts";

let context: TestContext;
beforeEach((own) => {
  context = own;
});

const NOTHING: TargetNews = { decisions: [], outages: [] };

async function setUp() {
  const server = await startRedis(context);
  const of = async (replica: string) => {
    const redis = await connectRedis({ url: server.url, timeoutMs: 2000, log: silentLog });
    onTestFinished(() => redis.close());
    return createNewsExchange(redis, { prefix: "weir", replica });
  };
  return { server, one: await of("one"), other: await of("other") };
}

const outage = (opening: string, forMs = 4_000) => ({ identity: "abc", opening, forMs });

it("tells each replica what the others say, and not what it says itself", async () => {
  const { one, other } = await setUp();
  const decision = { identity: "abc", isDrained: true, at: 1_790_000_000_123 };
  expect(await one({ decisions: [decision], outages: [outage("p/1"), outage("q/7", 0)] })).toEqual({
    decisions: [decision],
    outages: [],
  });
  const { decisions, outages } = await other(NOTHING);
  expect(decisions).toEqual([decision]);
  expect(outages.map(({ opening }) => opening).toSorted()).toEqual(["p/1", "q/7"]);
  const long = outages.find(({ opening }) => opening === "p/1");
  expect(long?.identity).toBe("abc");
  expect(long?.forMs).toBeGreaterThan(1_000);
  expect(long?.forMs).toBeLessThanOrEqual(4_000);
});

it("keeps the later decision, and of two at one moment the one that drains", async () => {
  const { one, other } = await setUp();
  const decided = (isDrained: boolean, at: number): TargetNews => ({
    decisions: [{ identity: "abc", isDrained, at }],
    outages: [],
  });
  await one(decided(true, 5));
  await other(decided(false, 4));
  expect((await one(NOTHING)).decisions).toEqual(decided(true, 5).decisions);
  await other(decided(false, 5));
  expect((await one(NOTHING)).decisions).toEqual(decided(true, 5).decisions);
  await other(decided(false, 6));
  expect((await one(NOTHING)).decisions).toEqual(decided(false, 6).decisions);
});

it("forgets an outage when its replica no longer tells of it", async () => {
  const { one, other } = await setUp();
  await one({ decisions: [], outages: [outage("p/1"), outage("p/2")] });
  await one({ decisions: [], outages: [outage("p/2")] });
  expect((await other(NOTHING)).outages.map(({ opening }) => opening)).toEqual(["p/2"]);
  await one(NOTHING);
  expect((await other(NOTHING)).outages).toEqual([]);
});

it("forgets what a replica said that has died, and is told anew after Redis lost all", async () => {
  const { server, one, other } = await setUp();
  const said: TargetNews = {
    decisions: [{ identity: "abc", isDrained: true, at: 5 }],
    outages: [outage("p/1")],
  };
  await one(said);
  // As it stands when the lease of a replica that was killed is over.
  const field = server.ask("HKEYS", "{weir}:targets:outages");
  server.ask("HSET", "{weir}:targets:outages", field, "1000 9999999999999");
  expect((await other(NOTHING)).outages).toEqual([]);
  expect(server.ask("EXISTS", "{weir}:targets:outages")).toBe("0");
  server.ask("FLUSHALL");
  await one(said);
  expect((await other(NOTHING)).decisions).toEqual(said.decisions);
});
