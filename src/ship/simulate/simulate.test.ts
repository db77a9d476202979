import { describe, expect, it } from "vitest";
import { createPolicy } from "../autoscale/policy.ts";
import type { RuleSettings } from "../autoscale/rules.ts";
import type { Signals } from "../autoscale/signals.ts";
import { stepMs } from "../autoscale/step-model.ts";
import { AT_ONCE, PACED } from "./admission.ts";
import { USUAL_REPLICA, USUAL_SLO } from "./defaults.ts";
import { seeded } from "./random.ts";
import { type SimulationSettings, simulate } from "./simulate.ts";
import { type Trace, type TraceCall, traceOf } from "./trace.ts";

const MINUTE = 60_000;

function run(
  trace: Trace,
  { rule, ...more }: Partial<SimulationSettings> & { readonly rule?: RuleSettings },
) {
  const policy = createPolicy({
    min: 1,
    max: 20,
    rule: rule ?? { kind: "fixed", replicas: more.initial ?? 1 },
  });
  return simulate(trace, {
    policy,
    spec: USUAL_REPLICA,
    slo: USUAL_SLO,
    admission: AT_ONCE,
    startDelayMs: MINUTE,
    intervalMs: 10_000,
    initial: 1,
    ...more,
  });
}

/** Calls at random times, of random sizes. */
function busy(count: number, spanMs: number, seed = 1): Trace {
  const random = seeded(seed);
  const calls = Array.from({ length: count }, () => ({
    at: random() * spanMs,
    prompt: 1 + Math.floor(random() * 6000),
    output: 1 + Math.floor(random() * 400),
    client: Math.floor(random() * 5),
  }));
  return traceOf("busy", spanMs, calls);
}

function one(call: Omit<TraceCall, "at">, more: readonly TraceCall[] = []): Trace {
  return traceOf("one", MINUTE, [{ at: 0, ...call }, ...more]);
}

describe("a replica", () => {
  it("takes as long for a call alone as its steps say", () => {
    const { ttftMs, inTime } = run(one({ prompt: 500, output: 1 }), {});
    const step = { running: 0, kvTokens: 500, promptTokens: 500 };
    expect(ttftMs[0]).toBeCloseTo(stepMs(USUAL_REPLICA, step), 6);
    expect(inTime).toBe(1);
  });

  it("reads a long prompt in chunks, and its first token comes with the last", () => {
    const { ttftMs } = run(one({ prompt: 2500, output: 1 }), {});
    const whole = (tokens: number) =>
      stepMs(USUAL_REPLICA, { running: 0, kvTokens: 2500, promptTokens: tokens });
    expect(ttftMs[0]).toBeCloseTo(2 * whole(1024) + whole(452), 6);
  });

  it("reads no block again that it has in its cache", () => {
    const blocks = [1, 2, 3, 4];
    const again = { at: 30_000, prompt: 2048, output: 1 };
    const first = { prompt: 2048, output: 1, blocks };
    const same = run(one(first, [{ ...again, blocks }]), {}).ttftMs;
    const other = run(one(first, [{ ...again, blocks: [9, 2, 3, 4] }]), {}).ttftMs;
    expect(same[0]).toBeLessThan((same[1] ?? 0) / 4);
    expect(other[0]).toBeCloseTo(other[1] ?? 0, 6);
  });

  it("puts sequences back where its cache is full, and ends them all", () => {
    const spec = { ...USUAL_REPLICA, kvTokens: 3000 };
    const calls = Array.from({ length: 40 }, (_, at) => ({ at, prompt: 400, output: 700 }));
    const result = run(traceOf("full", MINUTE, calls), { spec });
    expect(result.ttftMs).toHaveLength(40);
    expect(result.refused).toBe(0);
  });

  it("takes a prompt that is larger than its cache, alone", () => {
    const spec = { ...USUAL_REPLICA, kvTokens: 1000 };
    expect(run(one({ prompt: 5000, output: 20 }), { spec }).ttftMs).toHaveLength(1);
  });
});

describe("a fleet", () => {
  it("answers every call once, and the same each time", () => {
    const trace = busy(3000, 20 * MINUTE);
    for (const admission of [AT_ONCE, PACED]) {
      const settings = { rule: { kind: "work-rate" }, admission } as const;
      const result = run(trace, settings);
      expect(result.ttftMs.length + result.refused).toBe(3000);
      expect(result.ttftMs.every((ms) => ms > 0)).toBe(true);
      expect(run(trace, settings)).toEqual(result);
    }
  });

  it("costs what was there, from beginning to end", () => {
    const trace = traceOf("hour", 60 * MINUTE, [{ at: 0, prompt: 1, output: 1 }]);
    expect(run(trace, { initial: 3 }).replicaHours).toBeCloseTo(3, 9);
    expect(run(trace, { initial: 3, warmUpMs: 30 * MINUTE }).replicaHours).toBeCloseTo(1.5, 9);
  });

  it("pays for starting replicas, which answer nothing until they are ready", () => {
    const trace = traceOf("hour", 60 * MINUTE, [{ at: 0, prompt: 1, output: 1 }]);
    const rule = { kind: "fixed", replicas: 2 } as const;
    const { timeline, replicaHours } = run(trace, { initial: 1, rule, startDelayMs: 10 * MINUTE });
    const readyAt = (minute: number) => timeline.findLast(({ at }) => at <= minute * MINUTE)?.ready;
    expect([readyAt(9), readyAt(12)]).toEqual([1, 2]);
    expect(replicaHours).toBeCloseTo(2 - 10 / 3600, 6);
  });

  it("lets replicas end what they have before they are gone", () => {
    const calls = Array.from({ length: 60 }, (_, at) => ({
      at: at * 10,
      prompt: 100,
      output: 3000,
    }));
    const result = run(traceOf("drained", 30 * MINUTE, calls), {
      initial: 6,
      rule: { kind: "fixed", replicas: 1 },
    });
    expect(result.ttftMs).toHaveLength(60);
    expect(result.replicaHours).toBeGreaterThan(0.5);
  });

  it("tells a policy figures that add up", () => {
    const trace = busy(2000, 20 * MINUTE, 3);
    const told: Signals[] = [];
    const policy = createPolicy({ min: 1, max: 20, rule: { kind: "work-rate" } });
    run(trace, {
      policy: {
        name: "told",
        decide(signals) {
          told.push(signals);
          return policy.decide(signals);
        },
      },
    });
    const sum = (of: (signals: Signals) => number) => told.reduce((all, one) => all + of(one), 0);
    const prompts = trace.prompt.reduce((all, tokens) => all + tokens, 0);
    expect(sum(({ arrived }) => arrived.requests)).toBe(2000);
    expect(sum(({ arrived }) => arrived.promptTokens)).toBe(prompts);
    for (const { running, waiting, replicas } of told) {
      expect(
        Math.min(running, waiting.requests, waiting.promptTokens, replicas.ready),
      ).toBeGreaterThanOrEqual(0);
    }
  });

  it("is scaled by work to where calls are in time", () => {
    const trace = busy(9000, 60 * MINUTE, 5);
    const settings = { rule: { kind: "work-rate" }, warmUpMs: 10 * MINUTE } as const;
    const scaled = run(trace, settings);
    const alone = run(trace, { initial: 1, warmUpMs: 10 * MINUTE });
    expect(scaled.inTime / scaled.calls).toBeGreaterThan(0.9);
    expect(alone.inTime / alone.calls).toBeLessThan(0.5);
  });
});

describe("paced calls", () => {
  it("wait in the gateway, for whoever has room first, and for a minute at most", () => {
    const calls = Array.from({ length: 400 }, (_, at) => ({ at, prompt: 4000, output: 5 }));
    const result = run(traceOf("flood", 10 * MINUTE, calls), { admission: PACED });
    expect(result.refused).toBeGreaterThan(0);
    expect(result.refused + result.ttftMs.length).toBe(400);
    expect(Math.max(...result.ttftMs)).toBeLessThan(62_000);
    expect(run(traceOf("flood", 10 * MINUTE, calls), {}).refused).toBe(0);
  });

  it("of a client with few are not held up behind those of one with many", () => {
    const flood = Array.from({ length: 200 }, (_, at) => ({
      at,
      prompt: 1000,
      output: 2,
      client: 0,
    }));
    const late = { at: 1000, prompt: 10, output: 2 };
    const inTime = (client: number) => {
      const trace = traceOf("two", MINUTE, [...flood, { ...late, client }]);
      // All that is new in the other trace is whose the last call is.
      return run(trace, { admission: PACED }).inTime;
    };
    expect(inTime(1)).toBe(inTime(0) + 1);
  });

  it("that are small go past large ones", () => {
    const large = Array.from({ length: 4 }, (_, at) => ({ at, prompt: 50_000, output: 2 }));
    const small = { at: 100, prompt: 100, output: 2 };
    const paced = run(traceOf("lanes", MINUTE, [...large, small]), { admission: PACED });
    const atOnce = run(traceOf("lanes", MINUTE, [...large, small]), {});
    expect(Math.min(...paced.ttftMs)).toBeLessThan(Math.max(...paced.ttftMs) / 3);
    expect(paced.ttftMs).toHaveLength(5);
    expect(atOnce.ttftMs).toHaveLength(5);
  });
});
