import { type TestContext, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ledgerContract, meter } from "../../../test/support/ledger-contract.ts";
import { type TestRedis, startRedis } from "../../../test/support/redis.ts";
import { temporaryFolder } from "../../../test/support/server.ts";
import type { Amounts, Grant } from "../../core/ledger.ts";
import { silentLog } from "../../core/log.ts";
import { createMemoryLedger } from "../../serve/gateway/limits/memory-ledger.ts";
import { Outbox } from "./outbox.ts";
import { type Redis, connectRedis } from "./redis.ts";
import { type RedisLedger, createRedisLedger } from "./redis-ledger.ts";

let context: TestContext;
beforeEach((own) => {
  context = own;
});

const cost = (amount: number): Amounts => ({ requests: 1, tokens: 0, cost: amount, calls: 1 });
const BUDGET = [meter("costPerMonth", 100)];

interface Replica {
  readonly ledger: RedisLedger;
  readonly redis: Redis;
  readonly outbox: Outbox;
}

interface Options {
  readonly folder?: string;
  readonly whenDown?: "refuse" | "local";
  readonly timeoutMs?: number;
  readonly clock?: { offset: number };
}

async function replicaOf(
  { url }: TestRedis,
  { folder = temporaryFolder(), whenDown = "refuse", timeoutMs = 2000, clock }: Options = {},
): Promise<Replica> {
  const redis = await connectRedis({ url, timeoutMs, log: silentLog });
  const outbox = new Outbox(folder);
  onTestFinished(async () => {
    await redis.close();
    outbox.close();
  });
  const ledger = createRedisLedger({
    redis,
    prefix: "weir",
    whenDown,
    createLocal: () => createMemoryLedger(Date.now),
    outbox,
    now: () => Date.now() + (clock?.offset ?? 0),
    log: silentLog,
    ...(clock && { clockOffset: () => clock.offset }),
  });
  return { ledger, redis, outbox };
}

async function take(ledger: RedisLedger, amount: number): Promise<Grant> {
  const grant = await ledger.reserve(BUDGET, cost(amount));
  if (!grant.isGranted) throw new Error(`refused at ${grant.used}`);
  return grant;
}

const isUp = (redis: Redis, is: boolean) =>
  new Promise<void>((resolve) => {
    if (redis.isUp === is) resolve();
    else if (is) redis.onUp(resolve);
    else redis.onDown(resolve);
  });

describe("as every ledger", () => {
  ledgerContract("redis", async () => {
    const clock = { offset: 0 };
    const { ledger } = await replicaOf(await startRedis(context), { clock });
    return {
      ledger: {
        ...ledger,
        reserve: async (meters, amounts) => {
          await ledger.idle();
          return ledger.reserve(meters, amounts);
        },
        rows: async () => {
          await ledger.idle();
          return ledger.rows();
        },
      },
      wait: (ms: number) => void (clock.offset += ms),
      now: () => Date.now() + clock.offset,
    };
  });
});

it("shares a budget between replicas to the last bit", async (own) => {
  const server = await startRedis(own);
  const replicas = await Promise.all([1, 2, 3].map(() => replicaOf(server)));
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, index) =>
      replicas[index % 3]?.ledger.reserve(BUDGET, cost(1)),
    ),
  );
  expect(answers.filter((answer) => answer?.isGranted)).toHaveLength(100);
});

it("charges in full what a dead replica had reserved, and frees its places", async (own) => {
  const server = await startRedis(own);
  const clock = { offset: 0 };
  const dead = await replicaOf(server, { clock });
  const place = meter("concurrency", 1);
  await dead.ledger.reserve([...BUDGET, place], cost(60));
  const other = await replicaOf(server, { clock });
  await other.ledger.beat();
  for (let round = 0; round < 4; round++) {
    clock.offset += 10_000;
    await other.ledger.beat();
  }
  const next = await other.ledger.reserve([...BUDGET, place], cost(40));
  expect(next).toMatchObject({ isGranted: true, used: [100, 1] });
  expect(await other.ledger.rows()).toContainEqual(
    expect.objectContaining({ used: 60, reserved: 40 }),
  );
});

it("corrects what was charged in full when the replica was only slow", async (own) => {
  const server = await startRedis(own);
  const clock = { offset: 0 };
  const slow = await replicaOf(server, { clock });
  const grant = await take(slow.ledger, 60);
  const other = await replicaOf(server, { clock });
  for (let round = 0; round < 5; round++) {
    await other.ledger.beat();
    clock.offset += 10_000;
  }
  grant.settle(cost(10));
  await slow.ledger.idle();
  expect((await take(other.ledger, 90)).used).toEqual([100]);
});

it("takes nobody for dead when it was Redis that slept", async (own) => {
  const server = await startRedis(own);
  const clock = { offset: 0 };
  const [one, two] = [await replicaOf(server, { clock }), await replicaOf(server, { clock })];
  const grant = await take(one.ledger, 60);
  clock.offset += 3_600_000;
  await two.ledger.beat();
  expect(await two.ledger.rows()).toEqual([expect.objectContaining({ used: 0, reserved: 60 })]);
  grant.settle(cost(5));
  await one.ledger.idle();
  expect((await take(two.ledger, 95)).used).toEqual([100]);
});

describe("while Redis is away", () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
  });

  it("settles what was running when it is back, once", async (own) => {
    const server = await startRedis(own);
    const { ledger, redis, outbox } = await replicaOf(server, { folder, timeoutMs: 200 });
    const grants = await Promise.all([take(ledger, 30), take(ledger, 30)]);
    server.sleep();
    onTestFinished(() => server.wake());
    for (const grant of grants) grant.settle(cost(10));
    await isUp(redis, false);
    await ledger.idle();
    await expect(take(ledger, 1)).rejects.toMatchObject({ status: 503, retryAfterMs: 2000 });
    expect(outbox.size).toBe(2);
    server.wake();
    await isUp(redis, true);
    await ledger.beat();
    expect((await take(ledger, 80)).used).toEqual([100]);
    expect(outbox.size).toBe(0);
  });

  it("leaves nothing behind of a reservation whose answer came too late", async (own) => {
    const server = await startRedis(own);
    const { ledger, redis } = await replicaOf(server, { folder, timeoutMs: 100 });
    await take(ledger, 10);
    server.sleep();
    onTestFinished(() => server.wake());
    await expect(take(ledger, 50)).rejects.toMatchObject({ status: 503 });
    server.wake();
    await isUp(redis, true);
    await ledger.beat();
    await ledger.idle();
    expect((await take(ledger, 90)).used).toEqual([100]);
  });

  it("counts here from where Redis stood, and tells it afterwards, once", async (own) => {
    const server = await startRedis(own);
    const { ledger, redis, outbox } = await replicaOf(server, {
      folder,
      timeoutMs: 200,
      whenDown: "local",
    });
    (await take(ledger, 50)).settle(cost(50));
    await ledger.idle();
    server.sleep();
    onTestFinished(() => server.wake());
    const here = await take(ledger, 30);
    expect(here.used).toEqual([80]);
    expect((await ledger.reserve(BUDGET, cost(30))).isGranted).toBe(false);
    here.settle(cost(20));
    await take(ledger, 5); // and never settled
    expect(outbox.size).toBe(3); // with the reservation that came too late
    server.wake();
    await isUp(redis, true);
    await ledger.beat();
    await ledger.beat();
    expect((await take(ledger, 30)).used).toEqual([100]);
    expect(outbox.size).toBe(1);
  });

  it("tells after a restart what it could not tell, and what was still running in full", async (own) => {
    const server = await startRedis(own);
    const first = await replicaOf(server, { folder, timeoutMs: 200, whenDown: "local" });
    await take(first.ledger, 10);
    server.sleep();
    onTestFinished(() => server.wake());
    (await take(first.ledger, 20)).settle(cost(15));
    await take(first.ledger, 25);
    await first.redis.close();
    server.wake();
    const second = await replicaOf(server, { folder });
    await second.ledger.beat();
    expect(await second.ledger.rows()).toEqual([
      expect.objectContaining({ used: 40, reserved: 10 }),
    ]);
    expect(second.outbox.size).toBe(0);
  });

  it("goes on when Redis is stopped and started empty, and when its scripts or keys are thrown away", async (own) => {
    const server = await startRedis(own);
    const { ledger, redis } = await replicaOf(server, { folder, timeoutMs: 300 });
    const lost = await take(ledger, 10);
    server.ask("SCRIPT", "FLUSH");
    const kept = await take(ledger, 10);
    expect(kept.used).toEqual([20]);
    server.ask("FLUSHALL");
    kept.settle(cost(10));
    await ledger.idle();
    expect(await ledger.rows()).toEqual([]);
    await server.stop();
    await isUp(redis, false);
    lost.settle(cost(10));
    await expect(take(ledger, 1)).rejects.toMatchObject({ status: 503 });
    await server.start();
    await isUp(redis, true);
    await ledger.beat();
    expect((await take(ledger, 100)).used).toEqual([100]);
  });
});
