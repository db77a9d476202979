import { describe, expect, it } from "vitest";
import { type Decision, type Policy, createPolicy } from "./policy.ts";
import type { Signals, StepSample } from "./signals.ts";
import { USUAL_COST, stepMs } from "./step-model.ts";
import type { WorkRateSettings } from "./work-rate.ts";

const INTERVAL_MS = 10_000;

function policyWith(settings: WorkRateSettings = {}): Policy {
  return createPolicy({ min: 1, max: 100, rule: { kind: "work-rate", ...settings } });
}

function stepOf(running: number, kvTokens: number, promptTokens: number, slower = 1): StepSample {
  const step = { running, kvTokens, promptTokens };
  return { ...step, ms: slower * stepMs(USUAL_COST, step) };
}

/** An interval with so many calls of that size; replicas as many as were asked for, all ready. */
function interval(rate: number, ready: number, more: Partial<Signals> = {}): Signals {
  const requests = (rate * INTERVAL_MS) / 1000;
  const sizes = { requests, promptTokens: requests * 1000 };
  return {
    at: 0,
    elapsedMs: INTERVAL_MS,
    arrived: sizes,
    finished: { ...sizes, cachedTokens: 0, outputTokens: requests * 200 },
    waiting: { requests: 0, promptTokens: 0 },
    running: rate * 6,
    replicas: { ready, starting: 0, draining: 0 },
    kv: { residentTokens: rate * 6000, replicaTokens: 120_000 },
    steps: [stepOf(20, 24_000, 300), stepOf(5, 6000, 0), stepOf(40, 44_000, 900)],
    startDelayMs: 60_000,
    ...more,
  };
}

/** Goes on for so long, with what was decided being there at once. */
function run(
  policy: Policy,
  seconds: number,
  at: (second: number) => Partial<Signals> & { rate: number },
) {
  const decisions: Decision[] = [];
  let ready = 2;
  for (let second = 0; second < seconds; second += INTERVAL_MS / 1000) {
    const { rate, ...more } = at(second);
    const decision = policy.decide(interval(rate, ready, more));
    decisions.push(decision);
    ready = decision.replicas;
  }
  return decisions;
}

const last = (decisions: readonly Decision[]) => decisions.at(-1)?.replicas ?? 0;

describe("the size", () => {
  it("follows the work, not the number of calls", () => {
    const few = last(run(policyWith(), 600, () => ({ rate: 6 })));
    const many = last(run(policyWith(), 600, () => ({ rate: 12 })));
    // 1,000 prompt tokens and 200 made ones are about 0.22 s of work, and three quarters of a second may be work.
    expect(few).toBe(4);
    expect(many).toBe(8);
    const long = last(
      run(policyWith(), 600, () => ({
        rate: 6,
        arrived: { requests: 60, promptTokens: 600_000 },
        finished: { requests: 60, promptTokens: 600_000, cachedTokens: 0, outputTokens: 12_000 },
      })),
    );
    expect(long).toBeGreaterThan(20);
  });

  it("needs less for prompts that are in caches", () => {
    const sizes = { requests: 60, promptTokens: 600_000 };
    const cached = (share: number) =>
      last(
        run(policyWith(), 600, () => ({
          rate: 6,
          arrived: sizes,
          finished: { ...sizes, cachedTokens: sizes.promptTokens * share, outputTokens: 12_000 },
        })),
      );
    expect(cached(0.9)).toBeLessThan(cached(0) / 2);
  });

  it("is larger for replicas that are slower, as their steps tell", () => {
    const slow = [stepOf(20, 24_000, 300, 2), stepOf(5, 6000, 0, 2), stepOf(40, 44_000, 900, 2)];
    const usual = last(run(policyWith(), 600, () => ({ rate: 6 })));
    expect(last(run(policyWith(), 600, () => ({ rate: 6, steps: slow })))).toBeGreaterThan(
      usual * 1.8,
    );
  });

  it("is learned from what a gateway sees where engines tell no steps", () => {
    // A token every 400 ms where 8 run on each of two: tenfold slower than was believed.
    const policy = policyWith();
    let decision: Decision | undefined;
    for (let round = 0; round < 60; round++) {
      const { steps: _steps, kv: _kv, ...signals } = interval(0.2, 2, { running: 16 });
      decision = policy.decide({
        ...signals,
        finished: { requests: 2, promptTokens: 2000, cachedTokens: 0, outputTokens: 400 },
      });
    }
    expect(decision?.numbers["baseMs"]).toBeGreaterThan(100);
  });

  it("is no smaller than what caches hold", () => {
    const kv = { residentTokens: 500_000, replicaTokens: 120_000 };
    const [decision] = run(policyWith(), 10, () => ({ rate: 1, kv }));
    expect(decision?.replicas).toBe(5);
    expect(decision?.why).toContain("what caches hold needs 4.9");
  });

  it("grows for what waits, and not for long", () => {
    const waiting = { requests: 200, promptTokens: 400_000 };
    const decisions = run(policyWith(), 1200, (second) => ({
      rate: 6,
      ...(second === 600 && { waiting }),
    }));
    expect(decisions[60]?.replicas).toBeGreaterThan(last(decisions.slice(0, 60)));
    expect(decisions[60]?.why).toContain("for what waits");
    expect(decisions[61]?.replicas).toBe(4);
  });

  it("keeps more free where calls come in bursts", () => {
    const even = last(run(policyWith(), 1200, () => ({ rate: 6 })));
    const uneven = last(
      run(policyWith(), 1200, (second) => ({ rate: second % 20 === 0 ? 12 : 0 })),
    );
    expect(uneven).toBeGreaterThan(even);
  });
});

describe("time", () => {
  it("believes a large change within half a minute", () => {
    const decisions = run(policyWith(), 1200, (second) => ({ rate: second < 600 ? 2 : 20 }));
    const after = decisions[62]?.replicas ?? 0;
    expect(after).toBeGreaterThan(last(decisions) * 0.7);
  });

  it("shrinks after ten start delays, not before", () => {
    const decisions = run(policyWith(), 2400, (second) => ({ rate: second < 600 ? 12 : 2 }));
    expect(decisions[60 + 55]?.replicas).toBe(8);
    expect(decisions[60 + 55]?.why).toContain("were needed in the last 10 min");
    expect(last(decisions)).toBe(2);
    const patient = run(policyWith(), 2400, (second) => ({
      rate: second < 600 ? 12 : 2,
      startDelayMs: 170_000,
    }));
    expect(patient[60 + 100]?.replicas).toBe(8);
  });

  it("does not shrink onto replicas that could not take over what runs", () => {
    const decisions = run(policyWith({ maxRunning: 10 }), 3600, (second) => ({
      rate: second < 600 ? 12 : 0.5,
      running: 72,
    }));
    expect(last(decisions)).toBe(8);
    expect(decisions.at(-1)?.why).toContain("could not take over what runs");
  });

  it("is not moved far by one sick replica", () => {
    const sick = [1, 2, 3, 4, 5, 6].map((at) =>
      stepOf(5 * at, 6000 * at, 100 * at, at === 3 ? 30 : 1),
    );
    const sound = sick.map((step, at) => (at === 2 ? stepOf(15, 18_000, 300) : step));
    const size = (steps: readonly StepSample[]) =>
      last(run(policyWith(), 1200, () => ({ rate: 12, steps })));
    expect(size(sick)).toBeLessThanOrEqual(size(sound) * 1.5);
  });
});

it("gives its reason in figures", () => {
  const decisions = run(policyWith(), 600, () => ({ rate: 6 }));
  expect(decisions.at(-1)?.why).toBe(
    "Stay at 4 replicas: calls bring the work of 1.8, planned at 50 %.",
  );
  expect(decisions.at(-1)?.numbers).toMatchObject({
    asked: 4,
    promptTokens: expect.closeTo(1000) as number,
    outputTokens: expect.closeTo(200) as number,
  });
});
