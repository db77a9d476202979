import { expect, it } from "vitest";
import { type Wire, read, start, trace } from "./clients.ts";

/** The second version's reads, as the newest SDK's generated client asks. */

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
