import { expect, it } from "vitest";
import type { CallRecord } from "../../core/call.ts";
import { createRecordSender } from "./record-sender.ts";

const call = (id: number) => ({ id: String(id) }) as CallRecord; // only handed on

function setUp() {
  const sent: (readonly CallRecord[])[] = [];
  const due: (() => void)[] = [];
  const sender = createRecordSender(
    (calls) => void sent.push(calls),
    (_ms, run) => void due.push(run),
  );
  const pass = () => {
    for (const run of due.splice(0)) run();
  };
  return { sender, sent, pass };
}

it("sends what came together as one", () => {
  const { sender, sent, pass } = setUp();
  for (let id = 0; id < 3; id++) sender.record(call(id));
  expect(sent).toEqual([]);
  pass();
  expect(sent.map((batch) => batch.length)).toEqual([3]);
});

it("keeps what a slow primary has not taken, in order, and drops the oldest when it is too much", () => {
  const { sender, sent, pass } = setUp();
  for (let id = 0; id < 30_000; id++) {
    sender.record(call(id));
    if (id % 1000 === 0) pass();
  }
  pass();
  expect(sent).toHaveLength(4);
  expect(sender.dropped).toBeGreaterThan(0);
  for (let count = 0; count < 100; count++) sender.taken();
  const ids = sent.flat().map(({ id }) => Number(id));
  expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  expect(ids.length + sender.dropped).toBe(30_000);
  expect(ids.at(-1)).toBe(29_999);
});

it("is flushed when everything was taken", async () => {
  const { sender, sent } = setUp();
  sender.record(call(1));
  const state = { isFlushed: false };
  const flushed = sender.flush().then(() => (state.isFlushed = true));
  await Promise.resolve();
  expect(sent).toHaveLength(1);
  expect(state.isFlushed).toBe(false);
  sender.taken();
  await flushed;
  expect(state.isFlushed).toBe(true);
});
