import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { getPriority } from "node:os";
import { expect, it } from "vitest";
import { toUuid } from "../../src/core/trace-ids.ts";
import { NOW, batch, call, keepCalls, newFolder, openTestTraces } from "./setup.ts";

const WINDOW = { from: NOW - 3_600_000, to: NOW + 3_600_000 };

function wire(more: Record<string, unknown> = {}) {
  const id = randomUUID();
  return {
    id,
    trace_id: id,
    dotted_order: `20260615T123000000000Z${id}`,
    name: "step",
    run_type: "chain",
    session_name: "p",
    start_time: NOW,
    ...more,
  };
}

const ended = { end_time: NOW + 40, outputs: { output: "done" } };

it("merges a patch that comes before its post, each in a request of its own", async () => {
  const traces = await openTestTraces(newFolder());
  const post = wire({
    inputs: { q: "hello" },
    outputs: {},
    events: [],
    extra: { runtime: { sdk: "py" } },
  });
  const patch = { ...post, inputs: undefined, ...ended, extra: { metadata: { user_id: "ann" } } };
  await traces.ingest(batch({ patch: [patch] }));
  await traces.merged();
  await traces.ingest(batch({ post: [post] }));
  const [kept] = await traces.find([post.id]);
  expect(kept).toMatchObject({
    run: { status: "success", durationMs: 40, userId: "ann" },
    payload: {
      inputs: { q: "hello" },
      outputs: { output: "done" },
      extra: { runtime: { sdk: "py" }, metadata: { user_id: "ann" } },
    },
  });
});

it("takes the same bytes again without a trace of it", async () => {
  const traces = await openTestTraces(newFolder());
  const post = wire({ ...ended, inputs: { q: 1 } });
  for (let time = 0; time < 3; time++) {
    await traces.ingest(batch({ post: [post] }));
    await traces.merged();
  }
  expect(await traces.count({})).toBe(1);
  expect(await traces.figures({ ...WINDOW, by: ["project"] })).toMatchObject([{ runs: 1 }]);
});

it("lets a patch stand over a post with other content, and the later patch over the earlier", async () => {
  const traces = await openTestTraces(newFolder());
  const post = wire({ inputs: { q: "first" } });
  await traces.ingest(batch({ post: [post], patch: [{ id: post.id, ...ended }] }));
  await traces.merged();
  await traces.ingest(
    batch({ post: [{ ...post, inputs: { q: "other" }, outputs: { output: "no" } }] }),
  );
  await traces.ingest(batch({ patch: [{ id: post.id, trace_id: post.id, error: "boom" }] }));
  const [kept] = await traces.find([post.id]);
  expect(kept).toMatchObject({
    run: { status: "error", errorMessage: "boom" },
    payload: { inputs: { q: "first" }, outputs: { output: "done" } },
  });
  expect(await traces.figures({ ...WINDOW, by: [] })).toMatchObject([{ runs: 1, errors: 1 }]);
});

it("does not let a tenant touch another's run, whatever id it uses", async () => {
  const traces = await openTestTraces(newFolder());
  const post = wire({ ...ended, inputs: { q: "mine" } });
  await traces.ingest(batch({ post: [post] }));
  await traces.merged();
  const thief = { ...post, inputs: { q: "theirs" }, name: "stolen" };
  await traces.ingest(batch({ post: [thief], patch: [thief] }, { tenantId: "acme" }));
  await traces.merged();
  const [kept] = await traces.find([post.id]);
  expect(kept).toMatchObject({
    run: { tenantId: "default", name: "step" },
    payload: { inputs: { q: "mine" } },
  });
  expect(await traces.find([post.id], "acme")).toEqual([]);
  expect(await traces.count({ tenantId: "acme" })).toBe(0);
});

it("keeps runs of unknown parents, of parents that are each other's, and of clocks that are wrong", async () => {
  const traces = await openTestTraces(newFolder());
  const [a, b] = [randomUUID(), randomUUID()];
  const early = wire({ ...ended, start_time: NOW, end_time: NOW - 5000 });
  const far = wire({
    ...ended,
    start_time: Date.UTC(2099, 0, 1),
    end_time: Date.UTC(2099, 0, 1) + 5,
  });
  await traces.ingest(
    batch({
      post: [
        wire({ ...ended, parent_run_id: randomUUID(), trace_id: a }),
        wire({ ...ended, id: a, parent_run_id: b, trace_id: a }),
        wire({ ...ended, id: b, parent_run_id: a, trace_id: a }),
        early,
        far,
      ],
    }),
  );
  expect(await traces.count({})).toBe(5);
  expect((await traces.trace(a, { limit: 10 })).runs).toHaveLength(3);
  const [kept] = await traces.find([early.id]);
  expect(kept?.run.durationMs).toBe(0);
});

it("keeps what claims a year that keys do not reach, and refuses a cursor that is none", async () => {
  const traces = await openTestTraces(newFolder());
  const id = randomUUID();
  const at = Date.UTC(2199, 0, 1);
  await traces.add([
    {
      kind: "post",
      id,
      source: "otlp",
      tenantId: "default",
      receivedAt: NOW,
      name: "far",
      at,
      endAt: at + 5,
    },
  ]);
  expect((await traces.find([id]))[0]?.run).toMatchObject({ at, durationMs: 5 });
  const asked = traces.runs({ limit: 5, cursor: "1; DROP TABLE run" });
  await expect(asked).rejects.toMatchObject({ code: "invalid_request", param: "cursor" });
});

it("counts a model run of a client and the call that it made once", async () => {
  const traces = await openTestTraces(newFolder());
  const model = wire({
    ...ended,
    run_type: "llm",
    extra: {
      metadata: { ls_model_name: "chat", usage_metadata: { input_tokens: 3, output_tokens: 2 } },
    },
  });
  const link = {
    traceId: model.trace_id,
    parentRunId: model.id,
    dottedOrder: null,
    project: "p",
    tags: [],
    metadata: {},
  };
  for (const isCallFirst of [true, false]) {
    const id = randomUUID();
    const client = { ...model, id, trace_id: id };
    const ours = call(isCallFirst ? "first" : "second", {
      link: { ...link, traceId: id, parentRunId: id },
    });
    const steps = [() => keepCalls(traces, [ours]), () => traces.ingest(batch({ post: [client] }))];
    for (const step of isCallFirst ? steps : steps.toReversed()) {
      await step();
      await traces.merged();
    }
    expect((await traces.sums([id]))[id]).toMatchObject({ runs: 1, inputTokens: 3 });
    expect((await traces.find([id, toUuid(ours.id)])).map(({ run }) => run.isCovered)).toEqual([
      true,
      false,
    ]);
  }
  expect(await traces.figures({ ...WINDOW, by: ["type"] })).toMatchObject([
    { runs: 2, inputTokens: 6 },
  ]);
});

it("hangs a call under the client's run that has its answer, whichever comes first", async () => {
  const traces = await openTestTraces(newFolder());
  for (const isCallFirst of [true, false]) {
    const answerId = `chatcmpl-${isCallFirst}`;
    const client = wire({ ...ended, run_type: "llm", outputs: { id: answerId, choices: [] } });
    const ours = call(isCallFirst ? "eins" : "zwei", { answerId });
    const steps = [() => keepCalls(traces, [ours]), () => traces.ingest(batch({ post: [client] }))];
    for (const step of isCallFirst ? steps : steps.toReversed()) {
      await step();
      await traces.merged();
    }
    const { runs } = await traces.trace(client.trace_id, { limit: 10 });
    expect(runs.map(({ id }) => id).toSorted()).toEqual([client.id, toUuid(ours.id)].toSorted());
    const hung = runs.find(({ source }) => source === "call");
    expect(hung?.parentId).toBe(client.id);
    expect(hung?.dottedOrder?.startsWith(`${client.dotted_order}.`)).toBe(true);
    expect(runs.find(({ id }) => id === client.id)?.isCovered).toBe(true);
  }
});

it("weighs what was sampled, and counts a run in each of its tags", async () => {
  const traces = await openTestTraces(newFolder());
  await traces.ingest(
    batch({
      post: [
        wire({ ...ended, tags: ["a", "b"], extra: { metadata: { ls_tracing_sample_rate: 0.25 } } }),
        wire({ ...ended, tags: ["b"] }),
      ],
    }),
  );
  const cells = await traces.figures({ ...WINDOW, by: ["tag"] });
  expect(cells.map(({ values, runs }) => [...values, runs])).toEqual([
    ["b", 5],
    ["a", 4],
  ]);
});

it("answers the same from rollups and from the runs themselves", async () => {
  const traces = await openTestTraces(newFolder());
  const models = ["x", "y"];
  await traces.ingest(
    batch({
      post: Array.from({ length: 300 }, (_, n) =>
        wire({
          start_time: NOW - n * 11_000,
          end_time: NOW - n * 11_000 + 10 + n,
          run_type: "llm",
          ...(n % 7 === 0 && { error: "E" }),
          extra: {
            metadata: {
              ls_model_name: models[n % 2],
              usage_metadata: { input_tokens: n, output_tokens: 2 },
            },
          },
        }),
      ),
    }),
  );
  const bare = (cells: Awaited<ReturnType<typeof traces.figures>>) =>
    cells.map(({ at, values, runs, errors, inputTokens, duration }) => ({
      at,
      values,
      runs,
      errors,
      inputTokens,
      p95: duration.quantile(0.95),
      max: duration.max,
    }));
  const from = NOW - 3_600_000;
  for (const bucketMs of [undefined, 60_000, 600_000, 3_600_000]) {
    for (const by of [[], ["model"], ["model", "project"]] as const) {
      const asked = { from, to: NOW + 60_000, bucketMs, by };
      const walked = await traces.figures({ ...asked, filter: { op: "and", of: [] } });
      expect(bare(await traces.figures(asked))).toEqual(bare(walked));
    }
  }
});

it.runIf(process.platform === "linux")(
  "lets calls go before merging, on a core of both",
  async () => {
    // Threads of earlier tests may still be ending.
    const before = new Set(threads().keys());
    await openTestTraces(newFolder());
    const added = [...threads()].filter(([thread]) => !before.has(thread));
    expect(added.map(([, nice]) => nice)).toContain(getPriority() + 10);
  },
);

/** This process's threads with how nice each is. */
function threads(): Map<string, number> {
  return new Map(
    readdirSync("/proc/self/task").map((thread) => {
      const stat = readFileSync(`/proc/self/task/${thread}/stat`, "utf8");
      return [thread, Number(stat.slice(stat.lastIndexOf(")")).split(" ")[17])];
    }),
  );
}
