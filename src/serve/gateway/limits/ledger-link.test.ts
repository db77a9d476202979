import { expect, it } from "vitest";
import { ledgerContract, meter } from "../../../../test/support/ledger-contract.ts";
import { WeirError } from "../../../core/errors.ts";
import type { Ledger } from "../../../core/ledger.ts";
import { createLedgerDesk, createRemoteLedger } from "./ledger-link.ts";
import { createMemoryLedger } from "./memory-ledger.ts";

const START = Date.UTC(2026, 0, 10, 12);
const ONE = { requests: 1, tokens: 5, cost: 7, calls: 1 };

/** A ledger and somebody who asks it from afar; messages are copied as between processes. */
function link(ledger: Ledger) {
  const remote = createRemoteLedger(
    (asks) => desk.take(structuredClone(asks)),
    (run) => run(),
  );
  const desk = createLedgerDesk(ledger, (answers) => remote.answered(structuredClone(answers)));
  return { remote, desk };
}

ledgerContract("of another process", () => {
  const clock = { at: START };
  const inner = createMemoryLedger(() => clock.at);
  return {
    ledger: { ...link(inner).remote, rows: () => inner.rows() },
    wait: (ms: number) => void (clock.at += ms),
    now: () => clock.at,
  };
});

it("lets exactly as many pass as the limit says, whoever asks", async () => {
  const inner = createMemoryLedger(() => START);
  const sides = [link(inner), link(inner), link(inner)];
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, index) =>
      sides[index % 3]?.remote.reserve([meter("requestsPerMinute", 100)], ONE),
    ),
  );
  expect(answers.filter((answer) => answer?.isGranted)).toHaveLength(100);
});

it("counts as used what a side had reserved that is gone, and frees its places", async () => {
  const inner = createMemoryLedger(() => START);
  const { remote, desk } = link(inner);
  const meters = [meter("costPerDay", 1000), meter("concurrency", 1)];
  expect(await remote.reserve(meters, ONE)).toMatchObject({ isGranted: true });
  desk.left();
  expect(inner.rows()).toMatchObject([{ key: "perKey/k/costPerDay", used: 7, reserved: 0 }]);
  expect(inner.reserve(meters, ONE)).toMatchObject({ isGranted: true });
});

it("tells why nothing could be counted", async () => {
  const { remote } = link({
    reserve: () => Promise.reject(new WeirError("storage_full", "The disk is full.")),
    rows: () => [],
  });
  await expect(remote.reserve([meter("costPerDay", 1)], ONE)).rejects.toMatchObject({
    code: "storage_full",
    message: "The disk is full.",
  });
});
