import { expect, it } from "vitest";
import {
  DIMENSIONS,
  type Dimension,
  type FigureCell,
  type FigureQuery,
} from "../../src/core/run-query.ts";
import type { Run } from "../../src/core/run.ts";
import { Cell, SKETCHES, isCounted, valueOf } from "../../src/store/figure-cells.ts";
import type { OpenStore } from "./store-contract.ts";
import { NOW, batchOf, idOf, ownCall, record, run } from "./stored-runs.ts";

const HOUR = 3_600_000;
const FROM = Math.floor(NOW / HOUR) * HOUR - 2 * HOUR;
const TO = FROM + 4 * HOUR;
/** Some stores keep only sums of these by themselves. */
const SUMS_ONLY = new Set<Dimension>(["user", "promptVersion", "name", "status", "tag"]);
/** Not kept by itself anywhere: the runs are walked. */
const EVERY: FigureQuery["filter"] = { op: "and", of: [] };

export function figuresContract(open: OpenStore): void {
  it("sums runs by every dimension as walking them would", async () => {
    const { writer, reader } = await open();
    const runs = someRuns();
    await writer.write(batchOf(runs.map((one) => record(one))));
    const window = { from: FROM, to: TO };
    const queries: FigureQuery[] = [
      { ...window, by: [] },
      { ...window, by: [], bucketMs: HOUR },
      { ...window, by: ["model"], bucketMs: HOUR / 4 },
      { ...window, by: ["model", "tag"], filter: EVERY },
      { ...window, by: ["tag"], where: { tag: ["a"], model: ["m1", ""] }, filter: EVERY },
      { ...window, by: ["project", "key"], where: { source: ["langsmith"] } },
      { ...window, by: ["model"], tenantId: "other", bucketMs: HOUR },
      { ...window, by: ["type"], filter: { op: "gt", field: "inputTokens", value: 40 } },
      { from: FROM + HOUR, to: FROM + 2 * HOUR, by: ["provider"], bucketMs: HOUR / 2 },
      ...DIMENSIONS.flatMap((name): FigureQuery[] => [
        { ...window, by: [name] },
        { ...window, by: [name], bucketMs: HOUR, filter: EVERY },
      ]),
    ];
    for (const query of queries) {
      const hasSketches =
        query.filter !== undefined || !query.by.some((name) => SUMS_ONLY.has(name));
      const cells = await reader.figures(query);
      const got = { query, cells: cells.map((cell) => plain(cell, hasSketches)).filter(isNamed) };
      const wanted = walked(runs, query).map((cell) => plain(cell, hasSketches));
      expect(got).toEqual({ query, cells: wanted.filter(isNamed) });

      /** Runs without a value are not among kept sums. */
      function isNamed({ values }: { values: readonly string[] }): boolean {
        return hasSketches || values.every(Boolean);
      }
    }
  });

  it("measures first tokens, and the time between tokens, of streamed answers alone", async () => {
    const { writer, reader } = await open();
    const times = { durationMs: 4000, outputTokens: 11, model: "m1", type: "llm" };
    await writer.write(
      batchOf([
        record(run("streamed", { ...times, ttftMs: 1000, isStream: true })),
        record(run("whole", { ...times, ttftMs: 3999, isStream: false })),
        record(ownCall("whole call", { ...times, ttftMs: 3999, isStream: false })),
      ]),
    );
    for (const filter of [undefined, EVERY]) {
      const [cell] = await reader.figures({ from: FROM, to: TO, by: ["model"], filter });
      expect(cell).toMatchObject({ runs: 3, streamed: 1, duration: { count: 3 } });
      expect(cell).toMatchObject({ ttft: { count: 1, sum: 1000, max: 1000 } });
      expect(cell).toMatchObject({ perToken: { count: 1, sum: 300 } });
    }
  });

  it("leaves out what a call of ours counts for a client, whichever came first", async () => {
    const answered = (word: string, answer: string) => ({
      ...record(run(word, { type: "llm", inputTokens: 10 })),
      payload: { outputs: { id: answer } },
    });
    const callWith = (word: string, answer: string | null, parent: string | null = null) => {
      const one = ownCall(word, {
        inputTokens: 10,
        parentId: parent && idOf(parent),
        ...(parent && { traceId: idOf(parent) }),
      });
      return record({ ...one, call: one.call && { ...one.call, answerId: answer } });
    };
    const orders = [
      [answered("client 1", "x1"), callWith("call 1", "x1")],
      [callWith("call 2", "x2"), answered("client 2", "x2")],
      [record(run("client 3", { type: "llm" })), callWith("call 3", null, "client 3")],
      [callWith("call 4", null, "client 4"), record(run("client 4", { type: "embedding" }))],
    ];
    for (const isTogether of [true, false]) {
      const { writer, reader } = await open();
      for (const pair of orders) {
        const batches = isTogether ? [pair] : pair.map((one) => [one]);
        for (const records of batches) await writer.write(batchOf(records));
      }
      const free = run("free", { type: "chain", inputTokens: 1 });
      const stranger = { ...answered("stranger", "x1").run, tenantId: "other" };
      await writer.write(
        batchOf([
          record(free),
          { ...record(stranger), payload: { outputs: { id: "x1" } } },
          callWith("call 5", null, "free"),
        ]),
      );
      const { runs } = await reader.runs({ limit: 50 });
      const covered = runs.filter(({ isCovered }) => isCovered).map(({ name }) => name);
      expect({ isTogether, covered: covered.toSorted() }).toEqual({
        isTogether,
        covered: ["client 1", "client 2", "client 3", "client 4"],
      });
      const [sum] = await reader.figures({ from: FROM, to: TO, by: [], tenantId: "default" });
      expect(sum).toMatchObject({ runs: 6, inputTokens: 51 });
      expect((await reader.sums([idOf("client 3")]))[idOf("client 3")]).toMatchObject({
        runs: 1,
        inputTokens: 10,
      });
      // A patch that comes late does not count it again.
      const kept = (await writer.stored([idOf("client 1")])).get(idOf("client 1"));
      const again = answered("client 1", "x1");
      await writer.write({ ...batchOf([]), runs: [{ record: again, before: kept?.run }] });
      const [after] = await reader.figures({ from: FROM, to: TO, by: [], tenantId: "default" });
      expect(after).toMatchObject({ runs: 6, inputTokens: 51 });
    }
  });

  it("leaves out what an upstream tells of a call of ours, whichever came first", async () => {
    const callOf = (word: string, answer: string | null = null) => {
      const one = ownCall(word, { inputTokens: 10 });
      return record({ ...one, call: one.call && { ...one.call, answerId: answer } });
    };
    const under = (parent: string, word: string, more: Partial<Run> = {}) => {
      const place = { traceId: idOf(parent), parentId: idOf(parent), source: "otlp" as const };
      return record(run(word, { type: "llm", inputTokens: 10, ...place, ...more }));
    };
    const sameAnswer = { ...under("call 3", "upstream 3"), payload: { outputs: { id: "x3" } } };
    const orders = [
      [callOf("call 1"), under("call 1", "upstream 1")],
      [under("call 2", "upstream 2", { type: "embedding" }), callOf("call 2")],
      [sameAnswer, callOf("call 3", "x3")],
      // Steps of an upstream are no model runs, and other tenants' runs are nobody else's.
      [callOf("call 4"), under("call 4", "step", { type: "chain", inputTokens: 0 })],
      [under("call 5", "stranger", { tenantId: "other" }), callOf("call 5")],
    ];
    for (const isTogether of [true, false]) {
      const { writer, reader } = await open();
      for (const pair of orders) {
        const batches = isTogether ? [pair] : pair.map((one) => [one]);
        for (const records of batches) await writer.write(batchOf(records));
      }
      const { runs } = await reader.runs({ limit: 50 });
      const covered = runs.filter(({ isCovered }) => isCovered).map(({ name }) => name);
      expect({ isTogether, covered: covered.toSorted() }).toEqual({
        isTogether,
        covered: ["upstream 1", "upstream 2", "upstream 3"],
      });
      // No call hangs under what it asked for itself.
      const parents = runs.filter(({ source }) => source === "call").map((one) => one.parentId);
      expect(parents).toEqual([null, null, null, null, null]);
      const [sum] = await reader.figures({ from: FROM, to: TO, by: [], tenantId: "default" });
      expect(sum).toMatchObject({ runs: 6, inputTokens: 50 });
      const sums = await reader.sums([idOf("call 1")]);
      expect(sums[idOf("call 1")]).toMatchObject({ runs: 1, inputTokens: 10 });
    }
  });
}

/** Of all kinds, over three hours: the same ones each time. */
function someRuns(): Run[] {
  let seed = 7;
  const random = (most: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % most;
  };
  const pick = <T>(...values: T[]): T => values[random(values.length)] as T; // there is one
  return Array.from({ length: 200 }, (_, n) => {
    const status = pick<Run["status"]>(
      "success",
      "success",
      "success",
      "error",
      "blocked",
      "canceled",
      "pending",
    );
    const isCall = random(3) === 0;
    const more: Partial<Run> = {
      name: pick("one", "two"),
      at: FROM + random(3 * HOUR) + random(1000) / 1000,
      status,
      durationMs: status === "pending" ? null : random(5000) / 8,
      ttftMs: pick(null, random(400) / 16),
      type: pick("llm", "chain"),
      model: pick("m1", "m2", null),
      provider: pick("x", null),
      target: pick("t", null),
      route: pick("/v1/chat/completions", "shadow", null, null),
      keyId: pick("k1", "k2", null),
      userId: pick("ann", "bob", null),
      threadId: pick("t1", null),
      promptVersion: pick("p:1", null),
      tenantId: pick("default", "default", "other"),
      projectId: pick("p1", "p2"),
      tags: pick([], ["a"], ["a", "b"], ["b", "b"]),
      inputTokens: random(100),
      outputTokens: random(4),
      cachedTokens: random(10),
      costNanos: pick(null, random(1_000_000)),
      isStream: random(2) === 0,
      weight: pick(1, 1, 2.5),
    };
    if (!isCall) return run(`run ${n}`, more);
    const one = ownCall(`run ${n}`, more);
    const findings = pick([], [{ detector: "pii" }]);
    return { ...one, call: one.call && { ...one.call, findings, queueMs: pick(null, 2.5) } };
  });
}

function walked(runs: readonly Run[], query: FigureQuery): FigureCell[] {
  const { from, to, by, bucketMs, where = {}, tenantId, filter } = query;
  const cells = new Map<string, { at: number; values: string[]; cell: Cell }>();
  for (const one of runs) {
    const isAsked =
      isCounted(one) &&
      one.at >= from &&
      one.at < to &&
      (tenantId === undefined || one.tenantId === tenantId) &&
      (filter?.op !== "gt" || one.inputTokens > Number(filter.value)) &&
      Object.entries(where).every(([name, values]) =>
        namesOf(one, name as Dimension).some((value) => values?.includes(value)),
      );
    if (!isAsked) continue;
    const at = bucketMs === undefined ? from : one.at - ((one.at - from) % bucketMs);
    const first = by[0] === undefined ? [[]] : namesOf(one, by[0]).map((value) => [value]);
    const values = by[1] === undefined ? first : crossed(first, namesOf(one, by[1]));
    for (const combination of values) {
      const key = JSON.stringify([at, combination]);
      const entry = cells.get(key) ?? { at, values: combination, cell: new Cell() };
      cells.set(key, entry);
      entry.cell.add(one, 1);
    }
  }
  return [...cells.values()]
    .map(({ at, values, cell }) => cell.toFigures(at, values))
    .toSorted(
      (a, b) => a.at - b.at || b.runs - a.runs || (a.values.join() < b.values.join() ? -1 : 1),
    );
}

function crossed(heads: string[][], tails: string[]): string[][] {
  return heads.flatMap((head) => tails.map((tail) => [...head, tail]));
}

function namesOf(one: Run, name: Dimension): string[] {
  return name === "tag" ? [...new Set(one.tags)] : [valueOf(one, name) ?? ""];
}

function plain(cell: FigureCell, hasSketches: boolean) {
  const sketches = SKETCHES.map((name) => {
    const { count, sum, max } = cell[name];
    const p90 = cell[name].quantile(0.9);
    return { count: Math.round(count * 100), sum: sum.toFixed(3), max, p90 };
  });
  const { duration: _, ttft: __, perToken: ___, queue: ____, ...sums } = cell;
  return { ...sums, sketches: hasSketches ? sketches : [] };
}
