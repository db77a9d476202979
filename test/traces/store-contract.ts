import { expect, it } from "vitest";
import type { SealingKeys } from "../../src/store/sealing.ts";
import type { RunReader, RunWriter } from "../../src/watch/trace/run-store.ts";
import { figuresContract } from "./store-contract-figures.ts";
import { questionsContract } from "./store-contract-questions.ts";
import { DAY, NOW, batchOf, feedback, idOf, ownCall, record, run } from "./stored-runs.ts";

/** What every trace store must do, whichever database it is: judged by one suite. */

export interface StoreUnderTest {
  readonly writer: RunWriter;
  readonly reader: RunReader;
}

/** An empty store, which ends with the test. */
export type OpenStore = (keys?: SealingKeys) => Promise<StoreUnderTest>;

const P1 = { id: "p1", tenantId: "default", name: "first" };
const DETAIL = {
  id: "p2",
  tenantId: "default",
  name: "second",
  description: "notes",
  startAt: NOW - 5,
  endAt: null,
  referenceDatasetId: idOf("dataset"),
  extra: { metadata: { a: 1 } },
};

export function storeContract(open: OpenStore): void {
  writingContract(open);
  removingContract(open);
  annotationsContract(open);
  questionsContract(open);
  figuresContract(open);
}

function writingContract(open: OpenStore): void {
  it("keeps all of a run, and the log's position with it", async () => {
    const { writer, reader } = await open();
    expect(await writer.position()).toBeUndefined();
    expect(await writer.oldest()).toBeUndefined();
    const whole = run("whole", {
      at: NOW + 0.25,
      parentId: idOf("above"),
      traceId: idOf("above"),
      dottedOrder: "20260615T123000000000Zx.20260615T123000000250Zy",
      durationMs: 12.5,
      ttftMs: 3.125,
      model: "gpt",
      provider: "openai",
      target: "main",
      route: "/v1/chat/completions",
      keyId: "k",
      keyName: "app",
      userId: "ann",
      threadId: "t",
      promptVersion: "greet:2",
      tags: ["one", "it's \\ two"],
      metadata: { text: 'a "b"', number: 1.5, flag: false },
      inputTokens: 10,
      outputTokens: 5,
      cachedTokens: 4,
      cacheWriteTokens: 3,
      reasoningTokens: 2,
      imageTokens: 1,
      audioTokens: 7,
      costNanos: 9_007_199_254_740_991,
      inputCostNanos: 0,
      outputCostNanos: 1,
      priceVersion: "2026-06",
      isEstimated: true,
      errorCode: "boom",
      errorMessage: "it\nbroke",
      finishReason: "stop",
      httpStatus: 200,
      isStream: true,
      weight: 2.5,
      referenceExampleId: idOf("example"),
      inputPreview: "in ä 漢 🙂",
      outputPreview: "out",
      capture: "redacted",
      status: "error",
    });
    const call = ownCall("call", {
      at: NOW + 1,
      call: {
        timeline: { authMs: 0.5 },
        findings: [{ detector: "pii" }],
        attempts: 2,
        cache: "exact",
        queueMs: 1.5,
        answerId: "chatcmpl-1",
      },
    });
    const payload = { inputs: { text: "t".repeat(5000), zero: "a\u0000b" }, error: "it\nbroke" };
    const position = { segment: "0000000001", offset: 5_000_000_000 };
    await writer.write(
      batchOf([record(whole, { payload, isPatched: true }), record(call)], { position }),
    );
    expect(await writer.position()).toEqual(position);
    expect(await writer.oldest()).toBe(NOW + 0.25);
    expect(await reader.find([call.id, idOf("nobody"), whole.id])).toEqual([
      { run: call, payload: { inputs: { text: "call" } } },
      { run: whole, payload },
    ]);
    const { runs } = await reader.runs({ limit: 5 });
    expect(runs).toEqual([{ ...call, call: { ...call.call, timeline: null } }, whole]);
    expect(await writer.usedBytes()).toBeGreaterThan(0);
    const stored = await writer.stored([whole.id, idOf("nobody")]);
    expect([...stored]).toEqual([
      [whole.id, { run: whole, payload, attachments: [], isPatched: true }],
    ]);
    expect(await reader.find([whole.id], "other")).toEqual([]);
    expect(Object.keys(await reader.payloads([whole.id]))).toEqual([whole.id]);
  });

  it("bears texts that databases dislike", async () => {
    const { writer, reader } = await open();
    const odd = run("odd\u0000name\ud800", {
      tags: ["\u0000"],
      metadata: { "a\u0000b": "\ud800\\u0000" },
      inputPreview: `${"w".repeat(5000)} it's \u0000`,
    });
    await writer.write(batchOf([record(odd), record(run("plain"))]));
    expect(await reader.count({})).toBe(2);
    const [kept] = await reader.find([odd.id]);
    expect(kept?.run.name).toMatch(/^odd.name.$/u);
    expect(kept?.run.inputPreview?.length).toBe(160);
    const filter = { op: "eq", field: "name", value: "a\u0000\ud800'\\" } as const;
    expect(await reader.count({ filter })).toBe(0);
    expect(await reader.count({ filter: { op: "tag", value: "'\\" } })).toBe(0);
  });

  it("puts a run in the place of what it was, wherever its start moves", async () => {
    const { writer, reader } = await open();
    const first = run("moving", { status: "pending", durationMs: null, inputPreview: "early" });
    const attachments = [{ name: "a.png", mimeType: "image/png", base64: "AAEC" }];
    await writer.write(batchOf([record(first, { attachments })]));
    const ended = run("moving", { at: NOW - 3 * DAY, durationMs: 9, outputPreview: "late" });
    const again = { record: record(ended, { isPatched: true, attachments }), before: first };
    await writer.write({ ...batchOf([]), runs: [again] });
    await writer.write({ ...batchOf([]), runs: [{ ...again, before: ended }] });
    expect((await reader.runs({ limit: 5 })).runs).toEqual([ended]);
    expect(await reader.count({ filter: { op: "search", text: "early" } })).toBe(0);
    expect(await reader.count({ filter: { op: "search", text: "late" } })).toBe(1);
    const found = await writer.stored([ended.id]);
    expect(found.get(ended.id)).toMatchObject({ run: ended, isPatched: true, attachments });
    expect(await reader.attachment(ended.id, "a.png")).toEqual({
      mimeType: "image/png",
      bytes: Buffer.from([0, 1, 2]),
    });
    expect(await reader.attachment(ended.id, "b.png")).toBeUndefined();
    const [sum] = await reader.figures({ from: NOW - 4 * DAY, to: NOW + DAY, by: [] });
    expect(sum).toMatchObject({ runs: 1 });
  });

  it("takes a batch again that it has already, and writes many at once", async () => {
    const { writer, reader } = await open();
    const many = Array.from({ length: 300 }, (_, n) => record(run(`run ${n}`, { at: NOW + n })));
    await writer.write(batchOf(many));
    const stored = await writer.stored(many.map((one) => one.run.id));
    expect(stored.size).toBe(300);
    await writer.write({
      ...batchOf([]),
      runs: many.map((one) => ({ record: one, before: stored.get(one.run.id)?.run })),
    });
    expect(await reader.count({})).toBe(300);
    const [sum] = await reader.figures({ from: NOW - DAY, to: NOW + DAY, by: [] });
    expect(sum?.runs).toBe(300);
    while (await writer.compact());
    expect(await reader.count({})).toBe(300);
    expect((await reader.payloads([idOf("run 7")]))[idOf("run 7")]).toEqual({
      inputs: { text: "run 7" },
    });
  });

  it("shows no text of a run outside its seal where there is a key", async () => {
    const { writer, reader } = await open([{ name: "k", key: Buffer.alloc(32, 7) }]);
    const secret = run("sealed", {
      inputPreview: "quartz lantern",
      outputPreview: "amber",
      errorMessage: "it broke at quartz",
      status: "error",
    });
    const attachments = [{ name: "a.txt", mimeType: "text/plain", base64: "cXVhcnR6" }];
    const payload = { inputs: { text: "quartz ".repeat(100) } };
    await writer.write(batchOf([record(secret, { attachments, payload })]));
    const { runs } = await reader.runs({ limit: 5 });
    expect(runs).toMatchObject([{ inputPreview: null, outputPreview: null, errorMessage: null }]);
    expect(await reader.count({ filter: { op: "search", text: "quartz" } })).toBe(0);
    expect(await reader.find([secret.id])).toMatchObject([{ payload }]);
    const found = await reader.attachment(secret.id, "a.txt");
    expect(Buffer.from(found?.bytes ?? []).toString()).toBe("quartz");
    const stored = await writer.stored([secret.id]);
    expect(stored.get(secret.id)).toMatchObject({ payload, attachments });
  });

  it("takes runs of many days at once", async () => {
    const { writer, reader } = await open();
    const days = Array.from({ length: 120 }, (_, n) => record(run(`${n}`, { at: NOW - n * DAY })));
    const far = [Date.UTC(1990, 0, 1), Date.UTC(2090, 0, 1)].map((at) =>
      record(run(`far ${at}`, { at })),
    );
    await writer.write(batchOf([...days, ...far]));
    expect(await reader.count({})).toBe(122);
    const { runs } = await reader.runs({ limit: 2, order: "asc" });
    expect(runs.map(({ at }) => at)).toEqual([Date.UTC(1990, 0, 1), NOW - 119 * DAY]);
    const [newest] = (await reader.runs({ limit: 1 })).runs;
    expect(newest?.at).toBe(Date.UTC(2090, 0, 1));
  });

  it("counts what is only to be counted, and keeps nothing of it", async () => {
    const { writer, reader } = await open();
    const secret = run("secret", { model: "gpt", inputTokens: 7, inputPreview: "quartz" });
    await writer.write(batchOf([record(secret, { isCountedOnly: true })]));
    expect(await reader.count({})).toBe(0);
    expect(await reader.find([secret.id])).toEqual([]);
    expect(await reader.count({ filter: { op: "search", text: "quartz" } })).toBe(0);
    expect((await reader.sums([secret.id]))[secret.id]?.runs).toBe(0);
    const cells = await reader.figures({ from: NOW - DAY, to: NOW + DAY, by: ["model"] });
    expect(cells).toMatchObject([{ values: ["gpt"], runs: 1, inputTokens: 7 }]);
  });
}

function removingContract(open: OpenStore): void {
  const of = (word: string, userId: string | null, tenantId = "default") =>
    record(run(word, { userId, tenantId, projectId: userId === null ? "p2" : "p1" }));
  const shown = async ({ reader }: StoreUnderTest) =>
    (await reader.runs({ limit: 50 })).runs.map(({ name }) => name).toSorted();

  it("removes runs with their texts and feedback, by id, user and project", async () => {
    const store = await open();
    const { writer, reader } = store;
    const records = [of("a", "ann"), of("b", "ann"), of("c", "bob"), of("d", "ann", "other")];
    await writer.write(
      batchOf([...records, of("e", null)], {
        feedback: [feedback("a", { runId: idOf("a") }), feedback("c", { runId: idOf("c") })],
        projects: [P1, { ...P1, id: "p2", name: "second" }],
      }),
    );
    expect(await writer.remove([idOf("a"), idOf("nobody")])).toBe(1);
    expect(await shown(store)).toEqual(["b", "c", "d", "e"]);
    expect(await reader.find([idOf("a")])).toEqual([]);
    expect((await reader.feedback({ limit: 5 })).map(({ runId }) => runId)).toEqual([idOf("c")]);
    expect(await writer.removeUser("ann", "default")).toBe(1);
    expect(await shown(store)).toEqual(["c", "d", "e"]);
    expect(await writer.removeUser("ann", undefined)).toBe(1);
    expect(await writer.removeUser("nobody", undefined)).toBe(0);
    const byUser = await reader.figures({ from: NOW - DAY, to: NOW + DAY, by: ["user"] });
    expect(byUser.map(({ values }) => values).filter(([user]) => user)).toEqual([["bob"]]);
    expect(await writer.removeProject("p2")).toBe(1);
    expect(await shown(store)).toEqual(["c"]);
    expect((await reader.projects({ limit: 5 })).map(({ id }) => id)).toEqual(["p1"]);
    // What was used stays used.
    const [all] = await reader.figures({ from: NOW - DAY, to: NOW + DAY, by: [] });
    expect(all?.runs).toBe(5);
  });

  it("takes a run again that was removed", async () => {
    const store = await open();
    await store.writer.write(batchOf([of("a", "ann")]));
    await store.writer.remove([idOf("a")]);
    expect(await store.writer.stored([idOf("a")])).toEqual(new Map());
    await store.writer.write(batchOf([of("a", "ann")]));
    expect(await shown(store)).toEqual(["a"]);
  });

  it("prunes what is older than a day", async () => {
    const store = await open();
    const { writer, reader } = store;
    const days = Array.from({ length: 6 }, (_, n) =>
      record(run(`day ${n}`, { at: NOW - n * DAY })),
    );
    await writer.write(
      batchOf(days, { feedback: [feedback("old", { runId: idOf("day 5") }), feedback("none")] }),
    );
    for (let round = 0; round < 8; round++) await writer.prune(NOW - 2.5 * DAY, 10, NOW);
    expect(await shown(store)).toEqual(["day 0", "day 1", "day 2"]);
    expect(await writer.oldest()).toBe(NOW - 2 * DAY);
    expect(await reader.find([idOf("day 4")])).toEqual([]);
    expect((await reader.feedback({ limit: 5 })).map(({ id }) => id)).toEqual([
      feedback("none").id,
    ]);
    await writer.write(batchOf([record(run("late", { at: NOW - 4 * DAY }))]));
    expect(await shown(store)).toContain("late");
  });
}

function annotationsContract(open: OpenStore): void {
  it("keeps projects, whose names are taken once by each tenant", async () => {
    const { writer, reader } = await open();
    await writer.write(batchOf([], { projects: [P1] }));
    expect(await writer.projectNamed("default", "first")).toBe("p1");
    expect(await writer.projectNamed("other", "first")).toBeUndefined();
    await writer.putProject(DETAIL);
    await expect(writer.putProject({ ...DETAIL, id: "p3" })).rejects.toMatchObject({
      code: "conflict",
    });
    await writer.putProject({ ...DETAIL, id: "p4", tenantId: "other" });
    await writer.putProject({ ...DETAIL, id: "p1", name: "renamed", referenceDatasetId: null });
    await writer.write(batchOf([], { projects: [{ ...P1, name: "elsewhere" }], now: NOW + 50 }));
    const names = async (query: object) =>
      (await reader.projects({ limit: 9, ...query })).map(({ id }) => id);
    const [first] = await reader.projects({ ids: ["p1"], limit: 5 });
    expect(first).toEqual({
      ...DETAIL,
      id: "p1",
      name: "renamed",
      referenceDatasetId: null,
      lastRunAt: NOW + 50,
    });
    expect((await reader.projects({ ids: ["p2"], limit: 1 }))[0]).toEqual({
      ...DETAIL,
      lastRunAt: null,
    });
    expect(await names({})).toEqual(["p1", "p2", "p4"]);
    expect(await names({ limit: 1, offset: 1 })).toEqual(["p2"]);
    expect(await names({ tenantId: "other" })).toEqual(["p4"]);
    expect(await names({ name: "renamed" })).toEqual(["p1"]);
    expect(await names({ nameContains: "ECO" })).toEqual(["p2", "p4"]);
    expect(await names({ ids: [] })).toEqual([]);
    expect(await names({ isReferenceFree: true })).toEqual(["p1"]);
    expect(await names({ referenceDatasetIds: [idOf("dataset")], tenantId: "default" })).toEqual([
      "p2",
    ]);
  });

  it("keeps feedback, which another tenant does not change", async () => {
    const { writer, reader } = await open();
    const mine = feedback("mine", {
      runId: idOf("r"),
      traceId: idOf("t"),
      projectId: "p1",
      score: 0.5,
      value: { a: [1] },
      correction: "x",
      comment: "c",
      comparativeExperimentId: idOf("e"),
      extra: { b: null },
    });
    const late = feedback("late", { key: "speed", createdAt: NOW + 1, source: { type: "app" } });
    await writer.write(batchOf([], { feedback: [mine] }));
    await writer.putFeedback(late);
    const ids = async (query: object) =>
      (await reader.feedback({ limit: 9, ...query })).map(({ id }) => id);
    expect(await reader.feedback({ limit: 9 })).toEqual([late, mine]);
    expect(await ids({ limit: 1, offset: 1 })).toEqual([mine.id]);
    const asked = { runIds: [idOf("r")], traceId: idOf("t"), projectId: "p1", keys: ["quality"] };
    for (const [name, value] of Object.entries(asked)) {
      expect(await ids({ [name]: value })).toEqual([mine.id]);
    }
    expect(await ids({ sources: ["app", "model"] })).toEqual([late.id]);
    expect(await ids({ comparativeExperimentId: idOf("e") })).toEqual([mine.id]);
    expect(await ids({ ids: [late.id], tenantId: "other" })).toEqual([]);
    await writer.putFeedback({ ...mine, score: 1, modifiedAt: NOW + 9 });
    await writer.putFeedback({ ...mine, tenantId: "other", score: 0 });
    expect(await reader.feedback({ ids: [mine.id], limit: 1 })).toEqual([
      { ...mine, score: 1, modifiedAt: NOW + 9 },
    ]);
    await writer.removeFeedback(mine.id);
    expect(await ids({})).toEqual([late.id]);
  });
}
