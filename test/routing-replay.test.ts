import { describe, expect, it } from "vitest";
import { conversations, strangers } from "../bench/routing/conversations.ts";
import {
  type Call,
  type Outage,
  type Outcome,
  type Setting,
  simulate,
} from "../bench/routing/simulation.ts";

/**
 * Small days of calls through the real router to simulated replicas: what no single decision shows.
 * Made with a seed, so that they are the same on every machine.
 */

const REPLICAS = 5;
const BALANCE = 1.25;
const SPAN_MS = 240_000;
const ALIKE = conversations({ count: 80, spanMs: SPAN_MS, systemBlocks: 1 });
const STRANGE = strangers(500, SPAN_MS);
const LEAST_BUSY = { strategy: "least-busy" };
const BY_PREFIX = { strategy: "prefix", balance: BALANCE };
const AT_ONCE = { queue: { promptTokens: "off" } };

const replay = (calls: readonly Call[], routing: unknown, more: Partial<Setting> = {}) =>
  simulate({ calls, replicas: REPLICAS, routing, ...more });

const busiest = ({ handed }: Outcome) => Math.max(...handed);

describe("calls that begin alike", () => {
  const calls = ALIKE;

  it.each([
    ["at once", AT_ONCE],
    ["paced", {}],
  ])("are read again less often by prefix than by load (%s)", (_, pacing) => {
    const byLoad = replay(calls, { ...LEAST_BUSY, ...pacing });
    const byPrefix = replay(calls, { ...BY_PREFIX, ...pacing });
    expect(byPrefix.savedTokens).toBeGreaterThan(1.5 * byLoad.savedTokens);
  });

  it("never make one replica busier than its fair share by more than the balance", () => {
    const over: unknown[] = [];
    let preferred = 0;
    const handed = (replica: number, inFlight: readonly number[]) => {
      const all = inFlight.reduce((sum, count) => sum + count, 1);
      const now = (inFlight[replica] ?? 0) + 1;
      if (now > Math.min(...inFlight) + 1) preferred += 1;
      if (now > (all / REPLICAS) * BALANCE + 1) over.push({ replica, inFlight });
    };
    replay(calls, { ...BY_PREFIX, ...AT_ONCE }, { handed });
    expect(over).toEqual([]);
    // The bound was put to the test: affinity did speak for busier replicas.
    expect(preferred).toBeGreaterThan(20);
  });

  it.each([
    ["at once", AT_ONCE],
    ["paced", {}],
  ])("spread over all replicas in the long run (%s)", (_, pacing) => {
    const outcome = replay(calls, { ...BY_PREFIX, ...pacing });
    expect(busiest(outcome)).toBeLessThanOrEqual((calls.length / REPLICAS) * BALANCE + 1);
  });

  it("keep their replica at full load too, when prompts are paced", () => {
    const busy = conversations({ count: 290, spanMs: SPAN_MS, systemBlocks: 4 });
    const atOnce = replay(busy, { ...BY_PREFIX, ...AT_ONCE });
    const paced = replay(busy, BY_PREFIX);
    expect(paced.savedTokens).toBeGreaterThan(0.93 * atOnce.savedTokens);
  });
});

describe("calls that have nothing in common", () => {
  const calls = STRANGE;

  it.each([
    ["at once", AT_ONCE],
    ["paced", {}],
  ])("are spread by prefix as evenly as by load (%s)", (_, pacing) => {
    const byLoad = replay(calls, { ...LEAST_BUSY, ...pacing });
    const byPrefix = replay(calls, { ...BY_PREFIX, ...pacing });
    expect(byPrefix.savedTokens).toBe(0);
    expect(busiest(byPrefix)).toBeLessThanOrEqual(busiest(byLoad) * 1.05);
  });
});

describe("every call ends, and no load is left", () => {
  const days = { alike: ALIKE, strange: STRANGE };
  const outages: Outage[] = [
    { replica: 1, fromMs: 20_000, toMs: 50_000 },
    { replica: 3, fromMs: 30_000, toMs: 31_000 },
    { replica: 0, fromMs: 70_000, toMs: 110_000 },
  ];
  const ways = ["weighted", "least-busy", "latency", "prefix"].flatMap((strategy) => [
    [strategy, "paced", { strategy }] as const,
    [strategy, "at once", { strategy, ...AT_ONCE }] as const,
  ]);

  it.each(ways)("%s, %s", (_strategy, _pacing, routing) => {
    for (const calls of Object.values(days)) {
      const { answered, refused, left } = replay(calls, routing);
      expect({ answered, refused, left }).toEqual({ answered: calls.length, refused: 0, left: 0 });
    }
  });

  it.each(ways)("%s, %s, with replicas that break and come back", (_strategy, _pacing, routing) => {
    for (const calls of Object.values(days)) {
      const { answered, refused, broken, left } = replay(calls, routing, { outages });
      expect({ ended: answered + refused + broken, left }).toEqual({
        ended: calls.length,
        left: 0,
      });
      // Only what was under way at a replica that broke can be lost: all others found another.
      expect(refused).toBe(0);
    }
  });

  it("also where room is made by nothing but the ends of calls", () => {
    // Who is not called when there is room waits for as long as the queue would let it.
    for (const calls of Object.values(days)) {
      const outcome = replay(calls, LEAST_BUSY, { concurrency: 2 });
      expect(outcome).toMatchObject({ answered: calls.length, refused: 0, left: 0 });
      expect(outcome.firstTokenMs.at(-1)).toBeLessThan(60_000);
    }
  });

  it("also where all replicas are gone at once: who waits is told so in time", () => {
    const gone = [0, 1, 2, 3, 4].map((replica) => ({ replica, fromMs: 30_000, toMs: 60_000 }));
    const { answered, refused, broken, left } = replay(days.alike, BY_PREFIX, { outages: gone });
    expect({ ended: answered + refused + broken, left }).toEqual({
      ended: days.alike.length,
      left: 0,
    });
    expect(refused).toBeGreaterThan(0);
    expect(answered).toBeGreaterThan(days.alike.length / 2);
  });
});
