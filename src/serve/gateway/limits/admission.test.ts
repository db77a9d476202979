import { expect, it } from "vitest";
import { parseConfig } from "../../../config/load.ts";
import type { Caller } from "../../../core/call.ts";
import type { WeirError } from "../../../core/errors.ts";
import { silentLog } from "../../../core/log.ts";
import { NANOS_PER_DOLLAR } from "../../../core/money.ts";
import type { CallBound, Reservation } from "../needs.ts";
import { createAdmission } from "./admission.ts";
import { createMemoryLedger } from "./memory-ledger.ts";
import { isLike } from "./meters.ts";
import { createNotices } from "./notices.ts";

const CALLER: Caller = { keyId: "k", keyName: "app", scopes: ["inference"] };
const START = Date.UTC(2026, 0, 1, 12);

interface Ask {
  caller?: Caller;
  user?: string;
  model?: string;
  tokens?: number;
  cost?: number;
  bound?: Partial<CallBound>;
}

function setUp(yaml: string) {
  const clock = { at: START };
  const now = () => clock.at;
  let limits = parseConfig(`limits: { ${yaml} }`, "test.yaml").limits;
  const warned: unknown[] = [];
  const notices = createNotices(now, {
    ...silentLog,
    warn: (event, fields) => void warned.push({ event, ...fields }),
  });
  const ledger = createMemoryLedger(now);
  const admission = createAdmission({ limits: () => limits, ledger, notices, now });
  const reserve = ({
    caller = CALLER,
    user,
    model = "chat",
    tokens = 1,
    cost = 0,
    bound,
  }: Ask = {}) =>
    admission.reserve({
      caller,
      route: "/v1/chat/completions",
      model,
      user,
      bound: { isCapped: true, isPriced: true, tokens: () => tokens, cost: () => cost, ...bound },
    }) as Reservation; // in memory it is there at once
  return {
    reserve,
    clock,
    warned,
    notices,
    goOver: (other: string) => {
      limits = parseConfig(`limits: { ${other} }`, "test.yaml").limits;
    },
  };
}

function refusal(run: () => unknown): WeirError {
  try {
    run();
  } catch (error) {
    return error as WeirError; // nothing else is thrown here
  }
  throw new Error("not refused");
}

it("admits everything, and adds no headers, where nothing is limited", () => {
  const { reserve } = setUp("");
  for (let call = 0; call < 1000; call++)
    expect(reserve({ tokens: 1e6, cost: NANOS_PER_DOLLAR }).headers).toEqual({});
});

it("names the limit, the wait and the way out", () => {
  const { reserve } = setUp("perKey: { requestsPerMinute: 2 }");
  reserve();
  reserve();
  const error = refusal(() => reserve());
  expect(error).toMatchObject({ code: "rate_limited", retryAfterMs: 61_000 });
  expect(error.message).toMatch(
    /key "app".*2 requests a minute.*limits\.perKey\.requestsPerMinute/,
  );
  expect(error.headers).toEqual({
    "ratelimit-policy": '"perKey.requestsPerMinute";q=2;qu="requests";w=60',
    ratelimit: '"perKey.requestsPerMinute";r=0;t=61',
    "x-ratelimit-limit-requests": "2",
    "x-ratelimit-remaining-requests": "0",
    "x-ratelimit-reset-requests": "1m1s",
  });
});

it("tells only the tightest limit, and OpenAI's names for requests and tokens", () => {
  const { reserve } = setUp(
    'perKey: { requestsPerMinute: 10, tokensPerMinute: 1000, costPerDay: "1 USD" }, perTenant: { requestsPerMinute: 5 }',
  );
  expect(reserve({ tokens: 100, cost: NANOS_PER_DOLLAR / 2 }).headers).toEqual({
    "ratelimit-policy": '"perKey.costPerDay";q=1000000000;qu="nano-dollars";w=86400',
    ratelimit: '"perKey.costPerDay";r=500000000;t=43200',
    "x-ratelimit-limit-requests": "5",
    "x-ratelimit-remaining-requests": "4",
    "x-ratelimit-reset-requests": "1m0s",
    "x-ratelimit-limit-tokens": "1000",
    "x-ratelimit-remaining-tokens": "900",
    "x-ratelimit-reset-tokens": "1m0s",
  });
});

it("lets what a key and its tenant say for themselves stand over weir.yaml, field by field", () => {
  const { reserve } = setUp("perKey: { requestsPerMinute: 1, concurrency: 2 }");
  const caller = { ...CALLER, limits: { requestsPerMinute: 3 }, tenantId: "t" };
  const held = [reserve({ caller }), reserve({ caller })];
  expect(refusal(() => reserve({ caller })).message).toContain("limits.perKey.concurrency");
  for (const one of held) one.settle({ tokens: 1, costNanos: 0 });
  reserve({ caller });
  expect(refusal(() => reserve({ caller })).message).toContain("the key's own requestsPerMinute");
  const poor = { ...CALLER, keyId: "k2", tenantLimits: { requestsPerDay: 1 } };
  reserve({ caller: poor });
  expect(refusal(() => reserve({ caller: { ...poor, keyId: "k3" } })).message).toContain(
    'The tenant "default"',
  );
});

it("counts users within their tenants, models and endpoints apart", () => {
  const { reserve } = setUp(
    "perUser: { requestsPerMinute: 1 }, perModel: { requestsPerMinute: 3 }",
  );
  reserve({ user: "ann" });
  reserve({ user: "ann", caller: { ...CALLER, tenantId: "other" } });
  refusal(() => reserve({ user: "ann" }));
  reserve({ user: "bob" });
  expect(refusal(() => reserve()).message).toContain('The model "chat"');
  reserve({ model: "second" });
});

it("applies rules to what they match, with a counter for each of what they name", () => {
  const { reserve } = setUp(
    'rules: [{ name: night, match: { key: "batch-*", model: "*-large" }, by: [tenant], requestsPerMinute: 1 }]',
  );
  const batch = { ...CALLER, keyName: "batch-1" };
  for (let call = 0; call < 3; call++) reserve({ model: "x-large" });
  for (let call = 0; call < 3; call++) reserve({ caller: batch });
  reserve({ caller: batch, model: "x-large" });
  reserve({ caller: { ...batch, tenantId: "t2" }, model: "x-large" });
  const error = refusal(() => reserve({ caller: batch, model: "y-large" }));
  expect(error.message).toContain('rule "night"');
  expect(error.headers?.["ratelimit"]).toContain('"night.requestsPerMinute"');
});

it("says so in a header and once in the log where a soft limit is gone beyond", () => {
  const { reserve, warned, notices } = setUp(
    "rules: [{ name: s, requestsPerMinute: 1, mode: soft }, { name: h, requestsPerMinute: 1, mode: shadow }]",
  );
  expect(reserve().headers["x-weir-limit-exceeded"]).toBeUndefined();
  for (let call = 0; call < 3; call++)
    expect(reserve().headers["x-weir-limit-exceeded"]).toBe("s.requestsPerMinute");
  expect(warned).toEqual([
    expect.objectContaining({ event: "soft_limit_exceeded", limit: "s.requestsPerMinute" }),
  ]);
  expect(notices.counts.shadowRefusals.get("rule:h/requestsPerMinute")?.value).toBe(3);
  expect(notices.counts.refusals.size).toBe(0);
});

it("gives a call an end where its cost must have one, and says which", () => {
  const { reserve } = setUp('perKey: { costPerDay: "1 USD" }, assumedOutputTokens: 500');
  const open = reserve({ bound: { isCapped: false, cost: (output) => output } });
  expect(open.maxTokens).toBe(500);
  expect(open.headers["x-weir-max-tokens"]).toBe("500");
  expect(open.headers["ratelimit"]).toContain(`r=${NANOS_PER_DOLLAR - 500}`);
  expect(reserve().maxTokens).toBeUndefined();
});

it("leaves a call without an end where only a rate or a soft budget is at stake", () => {
  const { reserve } = setUp(
    'perKey: { tokensPerMinute: 2000 }, rules: [{ name: s, mode: soft, costPerDay: "1 USD" }]',
  );
  const open = reserve({ bound: { isCapped: false, tokens: (output) => output } });
  expect(open.maxTokens).toBeUndefined();
  expect(open.headers["x-ratelimit-remaining-tokens"]).toBe("976");
});

it("refuses what has no price only where that is wished", () => {
  const unpriced = { bound: { isPriced: false } };
  expect(setUp('perKey: { costPerDay: "1 USD" }').reserve(unpriced)).toBeDefined();
  const strict = setUp('perKey: { costPerDay: "1 USD" }, unpriced: refuse');
  expect(refusal(() => strict.reserve(unpriced))).toMatchObject({ code: "budget_exceeded" });
  setUp("perKey: { requestsPerMinute: 1 }, unpriced: refuse").reserve(unpriced);
});

it("never lets running calls together promise more than the budget", () => {
  const { reserve, notices } = setUp('perKey: { costPerDay: "6 USD" }');
  const admitted: Reservation[] = [];
  const codes = new Set<string>();
  for (let call = 0; call < 100; call++) {
    try {
      admitted.push(reserve({ cost: NANOS_PER_DOLLAR }));
    } catch (error) {
      codes.add((error as WeirError).code);
    }
  }
  expect([...codes]).toEqual(["budget_exceeded"]);
  expect(admitted).toHaveLength(6);
  for (const one of admitted) one.settle({ tokens: 1, costNanos: NANOS_PER_DOLLAR / 2 });
  for (const one of admitted) one.settle({ tokens: 1, costNanos: 0 });
  for (let call = 0; call < 3; call++) reserve({ cost: NANOS_PER_DOLLAR });
  expect(refusal(() => reserve({ cost: 1 })).message).toContain("has $0 left of its $6.00 a day");
  expect(notices.counts.refusals.get("perKey/costPerDay")?.value).toBe(95);
  expect(notices.counts.overshootNanos).toBe(0);
});

it("counts what a call cost beyond its reservation", () => {
  const { reserve, notices } = setUp('perKey: { costPerDay: "1 USD" }');
  reserve({ cost: 10 }).settle({ tokens: 1, costNanos: 15 });
  expect(notices.counts.overshootNanos).toBe(5);
});

it("follows a changed weir.yaml and keeps what was counted", () => {
  const { reserve, goOver } = setUp("perKey: { requestsPerMinute: 1 }");
  reserve();
  expect(refusal(() => reserve()).message).toContain("1 request a minute");
  goOver("perKey: { requestsPerMinute: 2 }");
  reserve();
  expect(refusal(() => reserve()).message).toContain("2 requests a minute");
});

it("matches names by stars, quickly whatever the pattern", () => {
  const cases: [string, string, boolean][] = [
    ["gpt-4o", "gpt-4o", true],
    ["gpt-4o", "gpt-*", true],
    ["gpt-4o", "*4*", true],
    ["gpt-4o", "*-5*", false],
    ["aba", "ab*ba", false],
    ["a-x-b-y-c", "a*b*c", true],
    ["", "*", true],
  ];
  for (const [text, glob, is] of cases)
    expect([text, glob, isLike(text, glob)]).toEqual([text, glob, is]);
  expect(isLike("a".repeat(100_000), `${"*a".repeat(500)}b`)).toBe(false);
});
