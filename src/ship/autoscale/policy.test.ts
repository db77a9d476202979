import { describe, expect, it } from "vitest";
import { type Policy, createPolicy } from "./policy.ts";
import type { RuleSettings } from "./rules.ts";
import type { Signals } from "./signals.ts";

const BUSY: Signals = {
  at: 0,
  elapsedMs: 10_000,
  arrived: { requests: 20, promptTokens: 20_000 },
  finished: { requests: 20, promptTokens: 20_000, cachedTokens: 0, outputTokens: 4000 },
  waiting: { requests: 2, promptTokens: 2000 },
  running: 12,
  replicas: { ready: 3, starting: 0, draining: 0 },
  kv: { residentTokens: 20_000, replicaTokens: 120_000 },
  busyShare: 0.7,
};
const IDLE: Signals = {
  ...BUSY,
  arrived: { requests: 0, promptTokens: 0 },
  finished: { requests: 0, promptTokens: 0, cachedTokens: 0, outputTokens: 0 },
  waiting: { requests: 0, promptTokens: 0 },
  running: 0,
  kv: { residentTokens: 0, replicaTokens: 120_000 },
};
const RULES: readonly RuleSettings[] = [
  { kind: "work-rate" },
  { kind: "queue", target: 1 },
  { kind: "concurrency", target: 8 },
  { kind: "kv", target: 0.2 },
  { kind: "busy", target: 0.7 },
  { kind: "qps", target: 1 },
  { kind: "completions" },
  { kind: "knative", target: 8 },
  { kind: "fixed", replicas: 3 },
];

function always(replicas: number, bounds = { min: 1, max: 10 }): Policy {
  return createPolicy({ ...bounds, rule: { kind: "fixed", replicas } });
}

describe.each(RULES)("$kind", (rule) => {
  it("decides the same from the same signals, whatever the clock says", () => {
    const decide = (at: number) => {
      const policy = createPolicy({ min: 1, max: 10, rule });
      return [BUSY, BUSY, IDLE, BUSY].map((signals) => policy.decide({ ...signals, at }));
    };
    expect(decide(Date.UTC(2026, 0, 1))).toEqual(decide(0));
  });

  it("stays within its bounds and says a sentence with whole numbers of replicas", () => {
    const policy = createPolicy({ min: 2, max: 4, rule });
    for (const signals of [
      BUSY,
      IDLE,
      { ...BUSY, waiting: { requests: 9e6, promptTokens: 9e9 } },
    ]) {
      const { replicas, why, numbers } = policy.decide(signals);
      expect([2, 3, 4]).toContain(replicas);
      expect(why).toMatch(/^(Stay at|Up from \d+ to|Down from \d+ to) \d+ replicas: .+\.$/);
      for (const value of Object.values(numbers)) expect(value).not.toBeNaN();
    }
  });

  it("holds where figures make no sense, and goes on after them", () => {
    const policy = createPolicy({ min: 1, max: 10, rule });
    const before = policy.decide(BUSY).replicas;
    const bad = [
      { ...BUSY, arrived: { requests: NaN, promptTokens: 1 } },
      { ...BUSY, running: -1 },
      { ...BUSY, elapsedMs: 0 },
      { ...BUSY, replicas: { ready: NaN, starting: 0, draining: 0 } },
      { ...BUSY, steps: [{ ms: Infinity, running: 1, kvTokens: 1, promptTokens: 1 }] },
    ];
    for (const signals of bad) {
      expect(policy.decide(signals)).toMatchObject({ replicas: before, kind: "silent" });
    }
    expect(policy.decide(BUSY).kind).not.toBe("silent");
  });
});

describe("what holds for every rule", () => {
  it("holds and says so while nothing is heard", () => {
    const policy = always(5);
    policy.decide(BUSY);
    const decision = policy.decide({ ...IDLE, silent: "the engine at 10.0.0.7" });
    expect(decision).toMatchObject({ replicas: 5, kind: "silent" });
    expect(decision.why).toBe(
      "Stay at 5 replicas: the engine at 10.0.0.7 gave no figures, so nothing is known of the load.",
    );
  });

  it("names the figure that makes no sense", () => {
    const { why } = always(5).decide({ ...BUSY, waiting: { requests: -3, promptTokens: 0 } });
    expect(why).toContain("a figure makes no sense (waiting.requests is -3)");
  });

  it("does not shrink while a canary is judged, but grows", () => {
    const frozen = "a canary is judged";
    const shrinking = always(1).decide({ ...BUSY, frozen });
    expect(shrinking).toMatchObject({ replicas: 3, kind: "frozen" });
    expect(shrinking.why).toMatch(
      /^Stay at 3 replicas: a canary is judged; without that it would be 1/,
    );
    expect(always(5).decide({ ...BUSY, frozen })).toMatchObject({ replicas: 5, kind: "up" });
  });

  it("says what bounds took away", () => {
    expect(always(20).decide(BUSY).why).toContain("; it would be 20, but 10 are the most");
    expect(always(1, { min: 2, max: 4 }).decide(BUSY).why).toContain("but 2 are the least");
  });

  it("goes to nothing after an idle time, and comes back with the first call", () => {
    const policy = createPolicy({
      min: 0,
      max: 4,
      idleAfterMs: 30_000,
      rule: { kind: "fixed", replicas: 2 },
    });
    expect(policy.decide(IDLE).replicas).toBe(2);
    expect(policy.decide(IDLE).replicas).toBe(2);
    const asleep = policy.decide(IDLE);
    expect(asleep).toMatchObject({ replicas: 0, kind: "idle" });
    expect(asleep.why).toBe("Down from 3 to 0 replicas: nothing came for 30 s.");
    const none = { ready: 0, starting: 0, draining: 0 };
    expect(policy.decide({ ...IDLE, replicas: none })).toMatchObject({ replicas: 0, kind: "idle" });
    const woken = policy.decide({
      ...IDLE,
      replicas: none,
      waiting: { requests: 1, promptTokens: 9 },
    });
    expect(woken).toMatchObject({ replicas: 2, kind: "wake" });
    expect(woken.why).toContain("a call came");
  });

  it("does not go to nothing while something runs, or a canary is judged, or the minimum is 1", () => {
    const settings = { max: 4, idleAfterMs: 10_000, rule: { kind: "fixed", replicas: 2 } } as const;
    const zero = createPolicy({ min: 0, ...settings });
    expect(zero.decide({ ...IDLE, running: 1 }).replicas).toBe(2);
    expect(zero.decide({ ...IDLE, frozen: "a canary is judged" }).replicas).toBe(3);
    expect(createPolicy({ min: 1, ...settings }).decide(IDLE).replicas).toBe(2);
  });

  it("follows scheduled bounds", () => {
    const policy = createPolicy({
      min: 1,
      max: 4,
      schedule: {
        timeZone: "Europe/Berlin",
        entries: [{ days: [1], fromMinute: 8 * 60, toMinute: 18 * 60, min: 6 }],
      },
      rule: { kind: "fixed", replicas: 1 },
    });
    // A Monday: 06:59 UTC is 07:59 in Berlin.
    expect(policy.decide({ ...BUSY, at: Date.UTC(2026, 0, 5, 6, 59) }).replicas).toBe(1);
    expect(policy.decide({ ...BUSY, at: Date.UTC(2026, 0, 5, 7, 0) }).replicas).toBe(6);
    expect(policy.decide({ ...BUSY, at: NaN }).replicas).toBe(1);
  });
});
