import { randomUUID } from "node:crypto";
import type { Client } from "langsmith";
import { expect, it } from "vitest";
import { type PythonPart, pythonPost } from "../support/python-bodies.ts";
import { type Wire, read, sendParts, start, trace } from "./clients.ts";

/** The classic reads of the newest SDK, which older ones have too. */

it("finds runs by every parameter of the classic query", async () => {
  const { server, client } = await start();
  const kept = await trace(server, { thread: "t1" });
  const failed = await trace(server, { fails: true, project: "other" });
  const find = async (asked: Parameters<Client["listRuns"]>[0]) =>
    (await Array.fromAsync(client.listRuns(asked))).map(({ id }) => id).toSorted();
  const roots = [kept.id, failed.id].toSorted();
  expect(await find({ isRoot: true })).toEqual(roots);
  expect(await find({ isRoot: false, projectName: "shop" })).toEqual([kept.child]);
  expect(await find({ traceId: kept.id })).toEqual([kept.id, kept.child].toSorted());
  expect(await find({ parentRunId: kept.id })).toEqual([kept.child]);
  expect(await find({ runType: "llm", projectName: ["shop"] })).toEqual([kept.child]);
  expect(await find({ error: true })).toEqual([failed.id]);
  expect(await find({ id: [kept.child] })).toEqual([kept.child]);
  expect(await find({ startTime: new Date(Date.now() + 60_000) })).toEqual([]);
  expect(await find({ query: "fox", isRoot: true })).toEqual(roots);
  expect(await find({ isRoot: true, limit: 1 })).toHaveLength(1);
  for (const [filter, ids] of [
    ['eq(name, "agent")', roots],
    ['and(eq(metadata_key, "tier"), eq(metadata_value, "gold"))', roots],
    ['and(eq(metadata_key, "seats"), gt(metadata_value, 3))', []],
    ['has(tags, "prod")', roots],
    ['gt(latency, "1s")', [kept.id, kept.child, failed.id, failed.child].toSorted()],
    ["gt(latency, 3)", []],
    ['eq(thread_id, "t1")', [kept.id]],
    ["gte(total_tokens, 15)", [kept.child, failed.child].toSorted()],
    ['search("red fox")', [kept.id]],
    ['and(eq(status, "error"), not(has(tags, "none")))', [failed.id]],
    [
      'or(eq(name, "model"), like(name, "AGE%"))',
      [kept.id, kept.child, failed.id, failed.child].toSorted(),
    ],
  ] as const) {
    expect([filter, await find({ filter })]).toEqual([filter, ids]);
  }
  expect(await find({ traceFilter: 'eq(status, "error")', runType: "llm" })).toEqual([
    failed.child,
  ]);
  expect(await find({ treeFilter: 'eq(name, "model")', isRoot: true })).toEqual(roots);
});

it("pages through more runs than an answer holds, newest or oldest first", async () => {
  const { server, client } = await start();
  const parts: PythonPart[] = [];
  const base = Date.now() - 1_000_000;
  for (let index = 0; index < 250; index += 1) {
    parts.push(
      ...pythonPost(
        { id: randomUUID(), name: `run ${index}`, start: new Date(base + index * 1000) },
        {},
      ),
    );
  }
  await sendParts(server, parts);
  const names = (order: "asc" | "desc") =>
    Array.fromAsync(client.listRuns({ projectName: "default", order }), ({ name }) => name);
  const forward = await names("asc");
  expect(forward).toEqual(Array.from({ length: 250 }, (_, index) => `run ${index}`));
  expect(await names("desc")).toEqual(forward.toReversed());
});

it("gives only the fields that were selected, and what SDKs cannot do without", async () => {
  const { server } = await start();
  const { id } = await trace(server);
  const { runs } = (await read(server, "/runs/query", {
    id: [id],
    select: ["outputs", "total_cost"],
  })) as { runs: Wire[] };
  expect(Object.keys(runs[0] ?? {}).toSorted()).toEqual([
    "id",
    "name",
    "outputs",
    "run_type",
    "start_time",
    "status",
    "total_cost",
    "trace_id",
  ]);
  expect(runs[0]).toMatchObject({ outputs: { answer: "red fox" }, total_cost: "0.3333" });
});

it("shows costs as decimal texts, and details of tokens", async () => {
  const { server, client } = await start();
  const { id, child } = await trace(server);
  expect(await client.readRun(child)).toMatchObject({
    total_tokens: 15,
    prompt_cost: "0.1",
    completion_cost: "0.2333",
    total_cost: "0.3333",
    completion_token_details: { reasoning: 2 },
  });
  expect(await client.readRun(id)).toMatchObject({ total_tokens: 15, total_cost: "0.3333" });
});

it("sums up runs: counts, tokens, cost, latencies and errors", async () => {
  const { server, client } = await start();
  const { project } = await trace(server);
  await trace(server, { fails: true });
  const stats = await client.getRunStats({ projectIds: [project], isRoot: true });
  expect(stats).toMatchObject({ run_count: 2, error_rate: 0.5 });
  expect(stats["latency_p50"]).toBeCloseTo(2, 1);
  expect(await client.getRunStats({ projectIds: [project] })).toMatchObject({
    run_count: 4,
    prompt_tokens: 20,
    completion_tokens: 10,
    total_cost: "0.6666",
  });
  expect(
    await client.getRunStats({ projectIds: [project], filter: 'eq(name, "none")' }),
  ).toMatchObject({ run_count: 0, total_tokens: 0 });
});

it.each<[path: string, body: unknown, status: number, detail: RegExp]>([
  ["/api/v1/runs/query", { filter: "eq(name" }, 400, /filter lacks a comma.*character 8/],
  ["/api/v1/runs/query", { tree_filter: 'eq(nane, "x")' }, 400, /tree_filter has no field "nane"/],
  ["/api/v1/runs/query", { session: ["shop"] }, 422, /"session" must be a UUID/],
  ["/api/v1/runs/query", { start_time: "soon" }, 400, /"start_time" must be a time/],
  ["/api/v1/runs/query", { limit: -1 }, 400, /"limit" must be/],
  ["/api/v1/runs/query", "{", 400, /not valid JSON/],
  ["/api/v1/runs/query", [1], 400, /must be a JSON object/],
  ["/api/v1/runs/group", { group_by: "user" }, 400, /"group_by"/],
  ["/api/v1/runs/delete", {}, 422, /"trace_ids" or "ids"/],
  ["/api/v1/runs/none", undefined, 422, /id/],
  ["/api/v1/feedback", { score: 1 }, 422, /"key" must be/],
  ["/api/v1/feedback", { key: "k", score: "high" }, 422, /"score" must be a number/],
  ["/api/v2/threads/query", { cursor: "x" }, 400, /"cursor"/],
  [`/api/v2/threads/none/stats?session_id=${randomUUID()}`, undefined, 404, /no thread "none"/],
])("says of %s with %j what is wrong", async (path, body, status, detail) => {
  const { server } = await start();
  const answer = await server.call(path, body);
  expect([answer.status, await answer.json()]).toMatchObject([
    status,
    { detail: expect.stringMatching(detail) },
  ]);
});
