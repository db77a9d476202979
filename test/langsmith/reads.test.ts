import { randomUUID } from "node:crypto";
import { Client, RunTree } from "langsmith";
import { expect, it } from "vitest";
import { ADMIN_KEY, type TestServer, startServer } from "../support/server.ts";
import { type PythonPart, pythonPatch, pythonPost } from "../support/python-bodies.ts";
import { type Wire, keyOf, read, sendParts } from "./clients.ts";

/** Reads of the newest SDK, both families of them, and of whoever has a link. */

async function start(yaml?: string) {
  const server = await startServer(yaml);
  const client = new Client({ apiUrl: `${server.url}/api/v1`, apiKey: ADMIN_KEY });
  return { server, client };
}

interface Kept {
  readonly id: string;
  readonly child: string;
  readonly project: string;
}

/** A trace of a chain over a model, which used 10 tokens in and 5 out and cost a third of a dollar. */
async function trace(
  server: TestServer,
  more: { at?: Date; thread?: string; fails?: boolean; project?: string } = {},
): Promise<Kept> {
  const start = more.at ?? new Date(Date.now() - 5000);
  const end = new Date(start.getTime() + 2000);
  const { project = "shop" } = more;
  const metadata = { tier: "gold", seats: 3, ...(more.thread && { thread_id: more.thread }) };
  const root = { id: randomUUID(), name: "agent", start, project, tags: ["prod"], metadata };
  const usage = {
    input_tokens: 10,
    output_tokens: 5,
    total_tokens: 15,
    input_cost: 0.1,
    output_cost: 0.2333,
    total_cost: 0.3333,
    output_token_details: { reasoning: 2 },
  };
  const child = {
    id: randomUUID(),
    name: "model",
    type: "llm",
    start,
    project,
    parents: [root],
    metadata: { usage_metadata: usage, ls_model_name: "m-1", ls_provider: "p" },
  };
  const ended = more.fails
    ? { error: "boom", outputs: { output: null } }
    : { outputs: { answer: "red fox" } };
  await sendParts(server, [
    ...pythonPost(root, { question: "which fox?" }),
    ...pythonPost(child, { messages: [] }),
    ...pythonPatch(child, end, { outputs: { text: "red" } }),
    ...pythonPatch(root, end, ended),
  ]);
  const { session_id: projectId } = await read(server, `/runs/${root.id}`);
  return { id: root.id, child: child.id, project: String(projectId) };
}

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

it("groups traces by conversation, in both families of reads", async () => {
  const { server, client } = await start();
  const at = Date.now() - 60_000;
  const first = await trace(server, { thread: "t1", at: new Date(at) });
  const second = await trace(server, { thread: "t1", at: new Date(at + 5000), fails: true });
  await trace(server, { thread: "t2", at: new Date(at + 1000) });
  const { project } = first;
  const groups = (await read(server, "/runs/group", {
    session_id: project,
    group_by: "conversation",
    limit: 10,
  })) as { groups: Wire[]; total: number };
  expect(groups).toMatchObject({
    total: 2,
    groups: [
      { group_key: "t1", count: 2, total_tokens: 30, total_cost: "0.6666" },
      { group_key: "t2", count: 1 },
    ],
  });
  const threads = await Array.fromAsync(
    client.threads.query({ project_id: project, page_size: 1 }),
  );
  expect(threads).toMatchObject([
    {
      thread_id: "t1",
      count: 2,
      num_errored_turns: 1,
      last_error: "boom",
      first_trace_id: first.id,
      last_trace_id: second.id,
      total_cost: 0.6666,
    },
    { thread_id: "t2" },
  ]);
  const turns = await Array.fromAsync(
    client.threads.listTraces("t1", {
      project_id: project,
      selects: ["TRACE_ID", "TURN_NUMBER", "TOTAL_TOKENS", "LATENCY", "OUTPUTS"],
    }),
  );
  expect(turns).toMatchObject([
    {
      trace_id: first.id,
      turn_number: 1,
      total_tokens: 15,
      latency: 2,
      outputs: { answer: "red fox" },
    },
    { trace_id: second.id, turn_number: 2 },
  ]);
  expect(
    await client.threads.stats("t1", {
      session_id: project,
      selects: ["TURNS", "TOTAL_TOKENS", "LATENCY_P50"],
    }),
  ).toEqual({ turns: 2, total_tokens: 30, latency_p50_seconds: expect.closeTo(2, 1) });
  expect(
    await client.threads.aggregateStats({
      project_id: project,
      select: ["THREAD_COUNT", "TRACE_COUNT", "ERROR_RATE"],
    }),
  ).toEqual({ thread_count: 2, trace_count: 3, error_rate: expect.closeTo(1 / 3) });
  expect(
    await Array.fromAsync(
      client.listThreads ? await client.listThreads({ projectId: project }) : [],
    ),
  ).toHaveLength(2);
});

it("answers the generated client's runs and traces, only what it selects", async () => {
  const { server, client } = await start();
  const { id, child, project } = await trace(server, { thread: "t1" });
  const runs = await Array.fromAsync(client.runs.query({ project_ids: [project], page_size: 1 }));
  expect(runs.map((run) => Object.keys(run))).toEqual([["id"], ["id"]]);
  const models = await Array.fromAsync(
    client.runs.query({
      project_ids: [project],
      run_type: "LLM",
      selects: [
        "NAME",
        "RUN_TYPE",
        "STATUS",
        "TOTAL_COST",
        "LATENCY_SECONDS",
        "START_TIME",
        "PARENT_RUN_IDS",
      ],
    }),
  );
  expect(models).toEqual([
    {
      name: "model",
      run_type: "LLM",
      status: "SUCCESS",
      total_cost: 0.3333,
      latency_seconds: 2,
      start_time: expect.stringMatching(/Z$/),
      parent_run_ids: [id],
    },
  ]);
  expect(
    await Array.fromAsync(client.runs.query({ project_ids: [project], has_error: true })),
  ).toEqual([]);
  const [summed] = await Array.fromAsync(
    client.runs.query({
      project_ids: [project],
      is_root: true,
      include_subtree_usage: true,
      selects: ["TOTAL_TOKENS"],
    }),
  );
  expect(summed).toEqual({ total_tokens: 15 });
  expect(
    await client.runs.retrieve(child, {
      project_id: project,
      selects: ["INPUTS", "METADATA", "IS_ROOT"],
    }),
  ).toMatchObject({ inputs: { messages: [] }, metadata: { ls_model_name: "m-1" }, is_root: false });
  expect((await client.runs.getURL(id, { project_id: project, trace_id: id })).url).toContain(
    `/projects/p/${project}/r/${id}`,
  );
  const traces = await Array.fromAsync(
    client.traces.query({ project_id: project, selects: ["NAME", "TOTAL_TOKENS"] }),
  );
  expect(traces).toEqual([{ root_run: { name: "agent" }, trace_aggregates: { total_tokens: 15 } }]);
  const within = await client.traces.listRuns(id, { project_id: project, selects: ["ID", "NAME"] });
  expect(within.items).toEqual(
    expect.arrayContaining([
      { id, name: "agent" },
      { id: child, name: "model" },
    ]),
  );
});

it("looks back a day where the second version's queries name no time", async () => {
  const { server, client } = await start();
  const old = await trace(server, { at: new Date(Date.now() - 3 * 86_400_000) });
  const asked = { project_ids: [old.project], selects: ["ID" as const] };
  expect(await Array.fromAsync(client.runs.query(asked))).toEqual([]);
  const since = new Date(Date.now() - 7 * 86_400_000).toISOString();
  expect(
    await Array.fromAsync(client.runs.query({ ...asked, min_start_time: since })),
  ).toHaveLength(2);
});

it("says of SQL and of questions in plain words that there is none, and what to use", async () => {
  const { server } = await start();
  const sql = await server.call("/v2/sql/query", { project_ids: [], query: "select 1" });
  expect([sql.status, await sql.json()]).toMatchObject([
    501,
    { detail: expect.stringContaining("with a filter") },
  ]);
  const answer = await server.call("/api/v2/runs/query", {
    project_ids: [],
    ai_search: "angry users",
  });
  expect([answer.status, await answer.json()]).toMatchObject([501, { param: "ai_search" }]);
  const headers = { accept: "text/event-stream" };
  const stream = await server.call("/api/v2/runs/query", { project_ids: [] }, { headers });
  expect([stream.status, await stream.json()]).toMatchObject([406, { param: "accept" }]);
});

it("finds the runs of a dataset's experiments, and none for a dataset without any", async () => {
  const { server, client } = await start();
  await trace(server);
  const dataset = await client.createDataset("capitals");
  const find = async () =>
    Array.fromAsync(client.runs.query({ reference_dataset_id: dataset.id, selects: ["NAME"] }));
  expect(await find()).toEqual([]);
  await client.createProject({ projectName: "experiment", referenceDatasetId: dataset.id });
  await trace(server, { project: "experiment" });
  expect(new Set((await find()).map(({ name }) => name))).toEqual(new Set(["agent", "model"]));
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

it("shares a trace with whoever has its link, nothing else, and takes that back", async () => {
  const { server, client } = await start();
  const { id, child } = await trace(server);
  const other = await trace(server);
  expect(await client.readRunSharedLink(id)).toBeUndefined();
  const link = await client.shareRun(id);
  expect(await client.shareRun(id)).toBe(link);
  const token = /\/public\/([^/]+)\/r$/.exec(link)?.[1] ?? "";
  const open = async (path: string, init?: RequestInit) =>
    fetch(`${server.url}/public/${token}${path}`, init);
  expect(await (await open("/run")).json()).toMatchObject({ id, outputs: { answer: "red fox" } });
  expect(await (await open(`/run/${child}`)).json()).toMatchObject({ id: child });
  expect((await open(`/run/${other.id}`)).status).toBe(404);
  const shared = await client.listSharedRuns(token);
  expect(shared.map((run) => run.id).toSorted()).toEqual([id, child].toSorted());
  expect(await client.listSharedRuns(token, { runIds: [child] })).toMatchObject([{ id: child }]);
  const asked = {
    method: "POST",
    body: JSON.stringify({ trace: other.id, session: [randomUUID()] }),
  };
  expect(((await (await open("/runs/query", asked)).json()) as { runs: Wire[] }).runs).toHaveLength(
    2,
  );
  const { items = [] } = await client.public.runs.query(token, { selects: ["ID"] });
  expect(items).toHaveLength(2);
  expect(
    await client.public.runs.retrieve(child, {
      share_token: token,
      selects: ["NAME"],
      start_time: new Date().toISOString(),
    }),
  ).toEqual({ name: "model" });
  await client.unshareRun(id);
  expect((await open("/run")).status).toBe(404);
});

it("shares a whole trace by the second version's routes", async () => {
  const { server, client } = await start();
  const { id, child, project } = await trace(server);
  const { share_token: token = "" } = await client.runs.share.create(child, {
    session_id: project,
    trace_id: id,
  });
  expect((await fetch(`${server.url}/public/${token}/run`)).status).toBe(200);
  expect(await client.runs.retrieve(id, { project_id: project, selects: ["SHARE_URL"] })).toEqual({
    share_url: `/public/${token}/r`,
  });
  await client.runs.share.delete(id, { session_id: project });
  expect((await fetch(`${server.url}/public/${token}/run`)).status).toBe(404);
});

it("hands out attachments by signed links that need no key", async () => {
  const { server, client } = await start("models: {}\ntraces: { capture: full }");
  const bytes = Uint8Array.from({ length: 5000 }, (_, index) => (index * 7) % 256);
  const run = new RunTree({
    name: "with a picture",
    client,
    project_name: "shop",
    inputs: {},
    attachments: {
      picture: ["image/png", bytes],
      page: ["text/html", new TextEncoder().encode("<b>x</b>")],
    },
  });
  await run.postRun();
  await run.end({});
  await run.patchRun();
  await client.flush();
  const { s3_urls: urls } = (await read(server, `/runs/${run.id}`)) as {
    s3_urls: Record<string, { presigned_url: string }>;
  };
  const picture = await fetch(urls["attachment.picture"]?.presigned_url ?? "");
  expect(picture.headers.get("content-type")).toBe("image/png");
  expect(new Uint8Array(await picture.arrayBuffer())).toEqual(bytes);
  const page = await fetch(urls["attachment.page"]?.presigned_url ?? "");
  // A page of somebody's is never shown as one of ours.
  expect([page.headers.get("content-type"), page.headers.get("content-disposition")]).toEqual([
    "application/octet-stream",
    "attachment",
  ]);
  const forged = (urls["attachment.page"]?.presigned_url ?? "").replace(/.$/, (last) =>
    last === "A" ? "B" : "A",
  );
  expect((await fetch(forged)).status).toBe(404);
});

it("deletes runs and traces, of its own tenant only", async () => {
  const { server, client } = await start();
  const [kept, gone] = [await trace(server), await trace(server)];
  const tracer = await keyOf(server, { scopes: ["traces"] });
  const answer = await server.call(
    "/api/v1/runs/delete",
    { session_id: gone.project, trace_ids: [gone.id] },
    { headers: { authorization: `Bearer ${tracer}` } },
  );
  expect(await answer.json()).toMatchObject({ deleted: 2 });
  const left = await Array.fromAsync(client.listRuns({ projectName: "shop" }));
  expect(left.map(({ id }) => id).toSorted()).toEqual([kept.id, kept.child].toSorted());
});
