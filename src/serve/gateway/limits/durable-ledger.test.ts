import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { ledgerContract, meter } from "../../../../test/support/ledger-contract.ts";
import type { Grant } from "../../../core/ledger.ts";
import { silentLog } from "../../../core/log.ts";
import { beforeWrites, flushWrites } from "../../../core/turn-writes.ts";
import { AppendLog } from "../../../store/append-log.ts";
import { type BudgetJournal, createDurableLedger } from "./durable-ledger.ts";
import { createMemoryLedger } from "./memory-ledger.ts";

const START = Date.UTC(2026, 0, 10, 12);
const DAY = [meter("costPerDay", 100), meter("requestsPerMinute", 1000)];
const cost = (amount: number) => ({ requests: 1, tokens: 0, cost: amount, calls: 1 });

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "weir-budgets-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A ledger on this folder; opening another is what a restart after a crash is. */
function open(path = folder(), clock = { at: START }, wrap = (log: BudgetJournal) => log) {
  const events: unknown[] = [];
  const log = new AppendLog(path);
  onTestFinished(() => log.close());
  const retries: (() => void)[] = [];
  const ledger = createDurableLedger({
    ledger: createMemoryLedger(() => clock.at),
    journal: wrap(log),
    now: () => clock.at,
    beforeWrites,
    later: (_ms, run) => void retries.push(run),
    log: {
      ...silentLog,
      warn: (event, fields) => void events.push({ event, ...fields }),
      error: (event) => void events.push({ event }),
    },
  });
  return {
    ledger,
    events,
    retries,
    clock,
    path,
    wait: (ms: number) => void (clock.at += ms),
    now: () => clock.at,
  };
}

async function take(ledger: ReturnType<typeof open>["ledger"], amount: number): Promise<Grant> {
  const grant = await ledger.reserve(DAY, cost(amount));
  if (!grant.isGranted) throw new Error(`refused at ${grant.used}`);
  return grant;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

ledgerContract("durable", open);

it("keeps what was spent, and charges in full what was still running when the process died", async () => {
  const first = open();
  (await take(first.ledger, 50)).settle(cost(20));
  await take(first.ledger, 30);
  await turn();
  const second = open(first.path);
  expect(second.events).toEqual([{ event: "budget_reservations_charged", calls: 1 }]);
  expect((await second.ledger.reserve(DAY, cost(51))).isGranted).toBe(false);
  expect((await take(second.ledger, 50)).used[0]).toBe(100);
  const third = open(first.path);
  expect(third.events).toEqual([{ event: "budget_reservations_charged", calls: 1 }]);
  expect((await third.ledger.reserve(DAY, cost(1))).isGranted).toBe(false);
});

it("begins a new day with nothing, also after a restart", async () => {
  const first = open();
  await take(first.ledger, 100);
  const second = open(first.path, { at: START + 86_400_000 });
  expect((await take(second.ledger, 100)).used[0]).toBe(100);
});

it("does not begin a call that it cannot write down, and loses nothing by it", async () => {
  let isFull = false;
  const wrap = (log: BudgetJournal): BudgetJournal => ({
    append(lines) {
      if (isFull) throw new Error("ENOSPC: no space left on device");
      log.append(lines);
    },
    renew: (lines) => log.renew(lines),
    lines: () => log.lines(),
  });
  const { ledger, retries, path } = open(folder(), { at: START }, wrap);
  const running = await take(ledger, 40);
  isFull = true;
  await expect(take(ledger, 10)).rejects.toMatchObject({ code: "storage_full", status: 507 });
  running.settle(cost(25));
  await expect(take(ledger, 10)).rejects.toMatchObject({ code: "storage_full" });
  expect(ledger.rows()).toContainEqual(expect.objectContaining({ used: 25, reserved: 0 }));
  isFull = false;
  for (const retry of retries) retry();
  await turn();
  expect((await take(open(path).ledger, 75)).used[0]).toBe(100);
});

it("grants at once to who sends nothing before the turn's end, and takes it back before that", async () => {
  let isFull = false;
  const appended: string[] = [];
  const wrap = (log: BudgetJournal): BudgetJournal => ({
    append(lines) {
      if (isFull) throw new Error("ENOSPC: no space left on device");
      appended.push(lines);
      log.append(lines);
    },
    renew: (lines) => log.renew(lines),
    lines: () => log.lines(),
  });
  const { ledger, path } = open(folder(), { at: START }, wrap);
  const lost: string[] = [];
  const takeNow = (amount: number): Grant => {
    const grant = ledger.reserve(DAY, cost(amount), ({ code }) => void lost.push(code));
    if (grant instanceof Promise || !grant.isGranted) throw new Error("not granted at once");
    return grant;
  };
  const kept = takeNow(40);
  const over = takeNow(30);
  over.settle(cost(10));
  expect(appended).toEqual([]);
  flushWrites();
  expect(appended).toHaveLength(1);
  isFull = true;
  const doomed = takeNow(20);
  const spent = takeNow(5);
  spent.settle(cost(3));
  flushWrites();
  expect(lost).toEqual(["storage_full"]);
  doomed.settle(cost(20));
  expect(ledger.rows()).toContainEqual(expect.objectContaining({ used: 13, reserved: 40 }));
  isFull = false;
  kept.settle(cost(25));
  flushWrites();
  const second = open(path);
  expect(second.events).toEqual([]);
  expect((await take(second.ledger, 62)).used[0]).toBe(100);
});

it("writes the book anew when it has grown, with what is still running", async () => {
  const { ledger, path } = open();
  const names = (subject: string) => [meter("costPerDay", 100, { subject: subject.repeat(100) })];
  const running = await take(ledger, 7);
  for (let round = 0; round < 700; round++) {
    const many = Array.from({ length: 100 }, async (_, index) =>
      ledger.reserve(names(`${round}-${index}`), cost(1)),
    );
    await Promise.all(many);
  }
  running.settle(cost(3));
  await turn();
  const { ledger: next } = open(path);
  expect((await take(next, 97)).used[0]).toBe(100);
  expect(next.rows().length).toBe(70_001 + 1);
});

it("reads a book that a crash cut short while it was written anew", async () => {
  const first = open();
  (await take(first.ledger, 60)).settle(cost(60));
  await turn();
  new AppendLog(first.path).append('["n"]\n["k",1,"perKey/k/costPerDay","day"]\n["u",1,1,5');
  const second = open(first.path);
  expect((await second.ledger.reserve(DAY, cost(41))).isGranted).toBe(false);
  expect((await take(second.ledger, 40)).used[0]).toBe(100);
});
