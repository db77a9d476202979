import { expect, it } from "vitest";
import { findCall, listCalls, overviewFigures } from "../../src/weir/call-views.ts";
import { spendingOf } from "../../src/weir/spending.ts";
import { NOW, call, keepCalls, newFolder, openTestTraces } from "./setup.ts";

const HOUR = 3_600_000;

it("keeps a call whole, and once", async () => {
  const traces = await openTestTraces(newFolder());
  await keepCalls(traces, [call("a"), call("a", { model: "other" })]);
  const { calls } = await listCalls(traces, { limit: 10 });
  expect(calls).toHaveLength(1);
  expect(await findCall(traces, call("a").id)).toMatchObject({
    id: call("a").id,
    model: "chat",
    keyName: "app",
    inputTokens: 3,
    costNanos: 700,
    durationMs: 12.5,
    ttftMs: 4.5,
    output: "an answer about rivers",
    request: { prompt: "a question" },
    capture: "full",
    spans: expect.arrayContaining([expect.objectContaining({ kind: "attempt", startMs: 1.5 })]),
  });
});

it("adds up what each key of each tenant has used since a day's and a month's start", async () => {
  const traces = await openTestTraces(newFolder());
  const dayFrom = Date.UTC(2026, 5, 15);
  const monthFrom = Date.UTC(2026, 5, 1);
  await keepCalls(traces, [
    call("old", { at: monthFrom - 1 }),
    call("month", { at: monthFrom }),
    call("day", { at: dayFrom, costNanos: null }),
    call("now", { at: NOW, costNanos: 50 }),
    call("shadow", { at: NOW, route: "shadow" }),
    call("other", { at: NOW, tenantId: "acme" }),
  ]);
  const rows = await spendingOf(traces, { dayFrom, monthFrom, now: NOW });
  const five = { dayTokens: 5, monthTokens: 5, dayNanos: 700, monthNanos: 700 };
  expect(rows.toSorted((a, b) => (a.tenantId < b.tenantId ? -1 : 1))).toEqual([
    { keyId: "k", tenantId: "acme", dayCalls: 1, monthCalls: 1, ...five },
    {
      keyId: "k",
      tenantId: "default",
      dayCalls: 2,
      monthCalls: 3,
      dayTokens: 10,
      monthTokens: 15,
      dayNanos: 50,
      monthNanos: 750,
    },
  ]);
});

it("finds calls by what they are and by their words, newest first, page by page", async () => {
  const traces = await openTestTraces(newFolder());
  await keepCalls(traces, [
    call("a", { status: "error", at: NOW + 1 }),
    call("b", { user: "ann", at: NOW + 2, output: 'weirs "hold" water' }),
    call("c", {
      findings: [{ detector: "x", action: "flag", origin: "user", confidence: 1 }],
      at: NOW + 3,
      durationMs: 900,
    }),
  ]);
  const names = async (filter: object) => {
    const { calls } = await listCalls(traces, { limit: 10, ...filter });
    return calls.map(({ id }) => Buffer.from(id, "hex").toString()[0]);
  };
  expect(await names({})).toEqual(["c", "b", "a"]);
  expect(await names({ status: "error" })).toEqual(["a"]);
  expect(await names({ user: "ann" })).toEqual(["b"]);
  expect(await names({ key: "app" })).toEqual(["c", "b", "a"]);
  expect(await names({ guarded: true })).toEqual(["c"]);
  expect(await names({ minDurationMs: 100 })).toEqual(["c"]);
  expect(await names({ from: NOW + 2, to: NOW + 3 })).toEqual(["b"]);
  expect(await names({ search: "weirs wat*" })).toEqual(["b"]);
  expect(await names({ search: '"; DROP TABLE run; -- OR *' })).toEqual([]);
  expect(await names({ model: "' OR 1=1 --" })).toEqual([]);
  const first = await listCalls(traces, { limit: 2 });
  expect(first.calls).toHaveLength(2);
  const rest = await listCalls(traces, { limit: 2, cursor: first.next ?? "" });
  expect(rest).toMatchObject({ calls: [{ id: call("a").id }], next: null });
});

it("merges the log into the database, and again after a restart, without doubles", async () => {
  const folder = newFolder();
  const first = await openTestTraces(folder);
  await keepCalls(first, [call("a"), call("b", { at: NOW + 1 })]);
  await first.merged();
  await keepCalls(first, [call("c", { at: NOW + 2 })]);
  await first.close();
  const second = await openTestTraces(folder);
  const { calls } = await listCalls(second, { limit: 10 });
  expect(calls.map(({ id }) => id)).toEqual([call("c").id, call("b").id, call("a").id]);
  const figures = await second.figures({ from: NOW - HOUR, to: NOW + HOUR, by: [] });
  expect(figures).toMatchObject([{ runs: 3, inputTokens: 9 }]);
});

it("counts a call of which nothing is to be kept", async () => {
  const traces = await openTestTraces(newFolder());
  await keepCalls(traces, [
    call("a", { capture: "none", preview: null, request: null, output: null }),
  ]);
  expect((await listCalls(traces, { limit: 10 })).calls).toEqual([]);
  expect(await traces.figures({ from: NOW - HOUR, to: NOW + HOUR, by: ["model"] })).toMatchObject([
    { values: ["chat"], runs: 1, costNanos: 700 },
  ]);
});

it("sums a window into buckets, totals and models", async () => {
  const traces = await openTestTraces(newFolder());
  const minute = (n: number) => NOW - 14 * 60_000 + n * 60_000;
  await keepCalls(traces, [
    call("a", { at: minute(0), durationMs: 100 }),
    call("b", { at: minute(14), status: "error", model: "other" }),
    call("c", { at: minute(14), status: "blocked", model: "other" }),
    call("d", { at: minute(14), status: "canceled" }),
  ]);
  const { totals, series, models } = await overviewFigures(traces, "15m", NOW);
  expect(series).toHaveLength(15);
  expect(series[0]).toMatchObject({ at: minute(0), calls: 1 });
  expect(series[0]?.durationMs.p50).toBeGreaterThan(99);
  expect(series[0]?.durationMs.p50).toBeLessThan(101);
  expect(series.at(-1)).toMatchObject({
    calls: 3,
    errors: 1,
    blocked: 1,
    durationMs: { p50: null },
  });
  expect(totals).toMatchObject({ calls: 4, errors: 1, blocked: 1, canceled: 1, outputTokens: 8 });
  expect(models.map(({ model, calls }) => `${model} ${calls}`).toSorted()).toEqual([
    "chat 2",
    "other 2",
  ]);
});
