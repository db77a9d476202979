import { expect, it } from "vitest";
import { NANOS_PER_DOLLAR } from "../../core/money.ts";
import type { Limits } from "../../core/call.ts";
import { createAdmission } from "./limits.ts";
import type { Reservation } from "./needs.ts";

const CALLER = { keyId: "k", keyName: "app", scopes: ["inference"] } as const;
const START = Date.UTC(2026, 0, 1, 12);

function setUp(allowance: Limits, spent = 0) {
  const clock = { at: START };
  const admission = createAdmission({
    allowance: () => allowance,
    now: () => clock.at,
    spentToday: () => spent,
  });
  return { admission, clock };
}

const reserve = (admission: ReturnType<typeof createAdmission>, tokens = 1, costNanos = 0) =>
  admission.reserve({
    caller: CALLER,
    route: "/v1/chat/completions",
    model: "chat",
    user: undefined,
    estimate: { tokens, costNanos },
  }) as Reservation; // in memory it is there at once

it("admits everything where nothing is limited", () => {
  const { admission } = setUp({});
  const reserveMany = () => {
    for (let call = 0; call < 1000; call++) reserve(admission, 1_000_000, NANOS_PER_DOLLAR);
  };
  expect(reserveMany).not.toThrow();
});

it("counts requests by the minute and says when to come back", () => {
  const { admission, clock } = setUp({ requestsPerMinute: 2 });
  reserve(admission);
  reserve(admission);
  expect(() => reserve(admission)).toThrow(
    expect.objectContaining({ code: "rate_limited", retryAfterMs: 30_000 }),
  );
  clock.at += 30_000;
  reserve(admission);
});

it("gives back tokens that were reserved and not used", () => {
  const { admission } = setUp({ tokensPerMinute: 100 });
  const first = reserve(admission, 90);
  expect(() => reserve(admission, 90)).toThrow("used up");
  first.settle({ tokens: 5, costNanos: 0 });
  reserve(admission, 90);
});

it("says so when one call alone is larger than the limit", () => {
  const { admission } = setUp({ tokensPerMinute: 100 });
  expect(() => reserve(admission, 101)).toThrow("Lower max_tokens");
});

it("frees a place when a call is settled", () => {
  const { admission } = setUp({ concurrency: 1 });
  const first = reserve(admission);
  expect(() => reserve(admission)).toThrow("already has 1 calls running");
  first.settle({ tokens: 1, costNanos: 0 });
  reserve(admission);
});

it("never lets running calls together promise more than the budget", () => {
  const { admission } = setUp({ costPerDay: 10 * NANOS_PER_DOLLAR }, 4 * NANOS_PER_DOLLAR);
  const admitted = Array.from({ length: 100 }, () => {
    try {
      return reserve(admission, 1, NANOS_PER_DOLLAR);
    } catch {
      return undefined;
    }
  }).filter((reservation) => reservation !== undefined);
  expect(admitted).toHaveLength(6);
  for (const reservation of admitted) reservation.settle({ tokens: 1, costNanos: 500_000_000 });
  for (let call = 0; call < 3; call++) reserve(admission, 1, NANOS_PER_DOLLAR);
  expect(() => reserve(admission, 1, NANOS_PER_DOLLAR)).toThrow("left of its $10.00 a day");
});

it("starts a new budget with the UTC day", () => {
  const { admission, clock } = setUp({ costPerDay: NANOS_PER_DOLLAR });
  reserve(admission, 1, NANOS_PER_DOLLAR).settle({ tokens: 1, costNanos: NANOS_PER_DOLLAR });
  expect(() => reserve(admission, 1, 1)).toThrow(
    expect.objectContaining({ code: "budget_exceeded", retryAfterMs: 12 * 3_600_000 }),
  );
  clock.at += 12 * 3_600_000;
  reserve(admission, 1, NANOS_PER_DOLLAR);
});
