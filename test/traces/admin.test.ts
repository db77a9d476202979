import { randomUUID } from "node:crypto";
import { parquetReadObjects } from "hyparquet";
import { expect, it } from "vitest";
import { TraceTree } from "../../src/http/trace-schemas.ts";
import { unpackTree } from "../../web/src/pages/traces/unpack-tree.ts";
import { type TestServer, startServer } from "../support/server.ts";

const START = Date.now();

/** A trace of two runs, as a LangSmith SDK would send it. */
async function sendTrace(
  server: TestServer,
  more: object = {},
): Promise<{ root: string; model: string }> {
  const [root, model] = [randomUUID(), randomUUID()];
  const shared = { trace_id: root, session_name: "shop", start_time: START };
  const answer = await server.call("/runs/batch", {
    post: [
      {
        ...shared,
        id: root,
        name: "agent",
        run_type: "chain",
        end_time: START + 900,
        inputs: { question: "where is my parcel?" },
        outputs: { output: "on its way" },
        extra: { metadata: { user_id: "ann", ...more } },
        dotted_order: `20260101T000000000000Z${root}`,
      },
      {
        ...shared,
        id: model,
        parent_run_id: root,
        name: "ChatOpenAI",
        run_type: "llm",
        end_time: START + 500,
        inputs: { messages: [{ role: "user", content: "where is my parcel?" }] },
        outputs: { choices: [{ message: { content: "on its way" } }] },
        extra: {
          metadata: {
            user_id: "ann",
            ls_model_name: "gpt-5-mini",
            ls_provider: "openai",
            usage_metadata: { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 },
          },
        },
        tags: ["prod"],
        dotted_order: `20260101T000000000000Z${root}.20260101T000000000000Z${model}`,
      },
    ],
    patch: [],
  });
  expect(answer.status).toBe(202);
  return { root, model };
}

async function get<T = Record<string, unknown>>(server: TestServer, path: string): Promise<T> {
  const answer = await server.call(path);
  expect({ path, status: answer.status }).toEqual({ path, status: 200 });
  return (await answer.json()) as T; // a test reads what it asked for
}

async function pagesOfTree(server: TestServer, id: string): Promise<TraceTree[]> {
  const path = `/admin/v1/traces/${id}/tree?limit=1`;
  const first = TraceTree.parse(await get(server, path));
  return [first, TraceTree.parse(await get(server, `${path}&cursor=${first.next}`))];
}

it("shows roots with their trace's sums, the trace, and one run with its texts", async () => {
  const server = await startServer();
  const { root, model } = await sendTrace(server);
  const { runs } = await get<{ runs: Record<string, unknown>[] }>(
    server,
    "/admin/v1/runs?root=true",
  );
  expect(runs).toMatchObject([
    {
      id: root,
      name: "agent",
      userId: "ann",
      sum: { runs: 2, inputTokens: 1000, outputTokens: 100 },
    },
  ]);
  const trace = await get<{ runs: { id: string }[] }>(server, `/admin/v1/traces/${root}`);
  expect(trace.runs.map(({ id }) => id).toSorted()).toEqual([root, model].toSorted());
  const tree = TraceTree.parse(await get(server, `/admin/v1/traces/${root}/tree`));
  expect(tree.next).toBeNull();
  const byId = new Map(unpackTree(tree).map((run) => [run.id, run]));
  expect(byId.get(root)).toMatchObject({ parentId: null, name: "agent", type: "chain" });
  expect(byId.get(model)).toMatchObject({
    parentId: root,
    status: "success",
    model: "gpt-5-mini",
    durationMs: 500,
    inputTokens: 1000,
  });
  const pages = await pagesOfTree(server, root);
  expect(pages.map(({ columns }) => columns.id.length)).toEqual([1, 1]);
  expect(pages.flatMap(({ columns }) => columns.id)).toEqual(tree.columns.id);
  const detail = await get(server, `/admin/v1/runs/${model}`);
  expect(detail).toMatchObject({
    run: { model: "gpt-5-mini", durationMs: 500 },
    payload: { outputs: { choices: [{ message: { content: "on its way" } }] } },
  });
  const found = await get(
    server,
    "/admin/v1/runs?filter=" + encodeURIComponent('and(eq(run_type, "llm"), has(tags, "prod"))'),
  );
  expect(found).toMatchObject({ runs: [{ id: model }] });
  const wrong = await server.call("/admin/v1/runs?filter=gt(latency");
  expect(wrong.status).toBe(400);
  expect(await wrong.text()).toContain("filter");
});

it("gives figures by model, and facets", async () => {
  const server = await startServer();
  await sendTrace(server);
  const [from, to] = [START - 3_600_000, START + 3_600_000];
  const { figures } = await get<{ figures: object[] }>(
    server,
    `/admin/v1/figures?from=${from}&to=${to}&by=model&type=llm`,
  );
  expect(figures).toMatchObject([
    {
      values: ["gpt-5-mini"],
      runs: 1,
      inputTokens: 1000,
      outputTokens: 100,
      durationMs: { count: 1 },
    },
  ]);
  const top = await get<{ figures: object[] }>(
    server,
    `/admin/v1/figures?from=${from}&to=${to}&by=type&top=1`,
  );
  expect(top.figures).toMatchObject([
    { values: ["chain"], runs: 1, durationMs: { count: 1, max: 900 } },
    { values: [], runs: 1, inputTokens: 1000, durationMs: { count: 1, max: 500 } },
  ]);
  const { facets } = await get<{ facets: Record<string, object[]> }>(
    server,
    "/admin/v1/run-facets",
  );
  expect(facets["model"]).toEqual([{ value: "gpt-5-mini", count: 1 }]);
  expect(facets["userId"]).toEqual([{ value: "ann", count: 2 }]);
});

it("keeps feedback and saved views", async () => {
  const server = await startServer();
  const { root } = await sendTrace(server);
  const given = await server.call(`/admin/v1/runs/${root}/feedback`, { key: "helpful", score: 1 });
  expect(given.status).toBe(201);
  expect(await get(server, `/admin/v1/runs/${root}`)).toMatchObject({
    feedback: [{ key: "helpful", score: 1 }],
  });
  const view = { name: "slow ones", page: "traces", query: { minDurationMs: "5000" } };
  await server.call("/admin/v1/views", view);
  await server.call("/admin/v1/views", { ...view, query: { minDurationMs: "9000" } });
  const { views } = await get<{ views: { id: string }[] }>(server, "/admin/v1/views");
  expect(views).toMatchObject([{ name: "slow ones", query: { minDurationMs: "9000" } }]);
  await server.call(`/admin/v1/views/${views[0]?.id}`, undefined, { method: "DELETE" });
  expect(await get(server, "/admin/v1/views")).toEqual({ views: [] });
});

it("exports runs as JSONL and as Parquet", async () => {
  const server = await startServer();
  const { root, model } = await sendTrace(server);
  const lines = await (await server.call("/admin/v1/runs/export")).text();
  const rows = lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: string });
  expect(rows.map(({ id }) => id).toSorted()).toEqual([root, model].toSorted());
  const file = await (
    await server.call("/admin/v1/runs/export?format=parquet&type=llm")
  ).arrayBuffer();
  const read = await parquetReadObjects({ file });
  expect(read).toMatchObject([
    {
      id: model,
      model: "gpt-5-mini",
      inputTokens: 1000n,
      start: new Date(START),
      tags: '["prod"]',
    },
  ]);
});

it("deletes a user's runs with their texts, and says who looked at texts", async () => {
  const server = await startServer();
  const { root, model } = await sendTrace(server);
  await get(server, `/admin/v1/runs/${root}`);
  await get(server, `/api/v1/runs/${model}`);
  const gone = await server.call("/admin/v1/users/ann/runs", undefined, { method: "DELETE" });
  expect(await gone.json()).toEqual({ removed: 2 });
  for (const id of [root, model]) {
    expect((await server.call(`/admin/v1/runs/${id}`)).status).toBe(404);
  }
  expect(await get(server, "/admin/v1/runs?search=parcel")).toMatchObject({ runs: [] });
  const { reads } = await get<{ reads: object[] }>(server, "/admin/v1/reads");
  expect(reads).toContainEqual(
    expect.objectContaining({ what: "run", subject: root, who: expect.any(String) }),
  );
  expect(reads).toContainEqual(
    expect.objectContaining({ what: "langsmith", subject: `GET /api/v1/runs/${model}` }),
  );
});
