import { expect, it } from "vitest";
import { type TargetReport, joinReports, reportOf, sumReports, withoutLoad } from "./report.ts";
import { TargetState } from "./target-state.ts";

const report = (more: Partial<TargetReport> = {}): TargetReport => ({
  identity: "a",
  breaker: "closed",
  inFlight: 0,
  waitingPromptTokens: 0,
  attempts: 0,
  failures: 0,
  firstContentMs: undefined,
  tokensPerSecond: 0,
  lastError: undefined,
  lastErrorAt: undefined,
  ...more,
});

it("tells times as people read them", () => {
  const state = new TargetState();
  state.lastError = "gone";
  state.lastErrorAt = 400;
  state.waitingTokens.large = 5;
  state.waitingTokens.small = 2;
  expect(reportOf({ identity: "a" }, state, { monotonic: 1000, now: 90_000 })).toEqual(
    report({ lastError: "gone", lastErrorAt: 89_400, waitingPromptTokens: 7 }),
  );
});

it("adds up loads and counts, and shows the worst breaker and the newest error", () => {
  const one = report({
    inFlight: 2,
    waitingPromptTokens: 10,
    attempts: 5,
    failures: 1,
    breaker: "half-open",
    lastError: "old",
    lastErrorAt: 1,
  });
  const other = report({ inFlight: 1, attempts: 3, failures: 2, breaker: "open" });
  const third = report({ lastError: "new", lastErrorAt: 2 });
  expect(sumReports(one, [other, third])).toEqual(
    report({
      inFlight: 3,
      waitingPromptTokens: 10,
      attempts: 8,
      failures: 3,
      breaker: "open",
      lastError: "new",
      lastErrorAt: 2,
    }),
  );
});

it("weighs speeds by attempts, and leaves out who knows none", () => {
  const slow = report({ attempts: 1, firstContentMs: 400, tokensPerSecond: 10 });
  const fast = report({ attempts: 3, firstContentMs: 200, tokensPerSecond: 50 });
  const idle = report();
  const { firstContentMs, tokensPerSecond } = sumReports(idle, [slow, fast]);
  expect([firstContentMs, tokensPerSecond]).toEqual([250, 40]);
  expect(sumReports(idle, [idle]).firstContentMs).toBeUndefined();
});

it("keeps of an ended process what it counted, and nothing that runs", () => {
  const ended = {
    targets: [report({ inFlight: 4, attempts: 9, failures: 2, breaker: "open" })],
    waiting: { chat: 3 },
  };
  expect(withoutLoad(ended)).toEqual({
    targets: [report({ attempts: 9, failures: 2 })],
    waiting: {},
  });
});

it("joins what several processes know", () => {
  const joined = joinReports(
    { targets: [report({ attempts: 1 })], waiting: { chat: 1 } },
    {
      targets: [report({ attempts: 2 }), report({ identity: "b" })],
      waiting: { chat: 2, other: 1 },
    },
  );
  expect(joined.targets.map(({ identity, attempts }) => [identity, attempts])).toEqual([
    ["a", 3],
    ["b", 0],
  ]);
  expect(joined.waiting).toEqual({ chat: 3, other: 1 });
});
