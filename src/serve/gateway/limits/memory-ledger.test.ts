import { expect, it } from "vitest";
import { ledgerContract, meter } from "../../../../test/support/ledger-contract.ts";
import { createMemoryLedger } from "./memory-ledger.ts";

const START = Date.UTC(2026, 0, 10, 12);

function open(at = START) {
  const clock = { at };
  return {
    ledger: createMemoryLedger(() => clock.at),
    wait: (ms: number) => void (clock.at += ms),
    now: () => clock.at,
  };
}

ledgerContract("memory", open);

const ONE = { requests: 1, tokens: 1, cost: 1, calls: 1 };

it("never lets more than the limit pass in any 60 seconds", () => {
  const { ledger, wait, now } = open(START + 999);
  const passed: number[] = [];
  for (let step = 0; step < 20_000; step++) {
    if (ledger.reserve([meter("requestsPerMinute", 7)], ONE).isGranted) passed.push(now());
    wait(37);
  }
  expect(passed.length).toBeGreaterThan(70);
  for (const [index, at] of passed.entries()) {
    expect((passed[index + 7] ?? Number.POSITIVE_INFINITY) - at).toBeGreaterThanOrEqual(60_000);
  }
});

it("turns months by the calendar", () => {
  const { ledger, wait } = open(Date.UTC(2026, 0, 31, 23, 59, 59));
  const month = [meter("costPerMonth", 1)];
  expect(ledger.reserve(month, ONE).isGranted).toBe(true);
  expect(ledger.reserve(month, ONE).isGranted).toBe(false);
  wait(1000);
  expect(ledger.reserve(month, ONE).isGranted).toBe(true);
});

it("does not bring an old day back when the clock is set back", () => {
  const { ledger, wait } = open();
  const day = [meter("costPerDay", 1)];
  ledger.reserve(day, ONE);
  wait(-86_400_000);
  expect(ledger.reserve(day, ONE).isGranted).toBe(false);
});

it("forgets counters that count nothing", () => {
  const { ledger, wait } = open();
  for (let round = 0; round < 3; round++) {
    for (let subject = 0; subject < 5000; subject++) {
      const name = `${round}-${subject}`;
      ledger.reserve([meter("requestsPerMinute", 1, { subject: name })], ONE);
    }
    wait(120_000);
  }
  expect(ledger.rows()).toEqual([]);
});
