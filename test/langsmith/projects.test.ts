import { randomUUID } from "node:crypto";
import type { Client } from "langsmith";
import { expect, it } from "vitest";
import { pythonMultipart, pythonPatch, pythonPost } from "../support/python-bodies.ts";
import { type Wire, keyOf, read, send, sendParts, start } from "./clients.ts";

/** Projects and feedback as SDKs and scripts use them. */

const START = new Date(Date.now() - 10_000);
const END = new Date(START.getTime() + 1500);

it("gives a fresh server's tenants one project each, from which SDKs learn their workspace", async () => {
  const { server } = await start();
  const [first] = (await read(server, "/sessions?limit=1")) as unknown as Wire[];
  expect(first).toMatchObject({
    name: "default",
    tenant_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    reference_dataset_id: null,
  });
  const again = (await read(server, "/sessions?limit=1")) as unknown as Wire[];
  expect(again).toMatchObject([{ id: first?.["id"] }]);
  await server.call("/admin/v1/tenants", { id: "other" });
  const headers = { "x-api-key": await keyOf(server, { scopes: ["traces"], tenant: "other" }) };
  const [theirs] = (await (
    await fetch(`${server.url}/sessions?limit=1`, { headers })
  ).json()) as Wire[];
  expect(theirs?.["tenant_id"]).not.toBe(first?.["tenant_id"]);
  // Its first run belongs there.
  const run = { id: randomUUID(), start: START };
  await sendParts(server, pythonPost(run, {}));
  expect(await read(server, `/runs/${run.id}`)).toMatchObject({ session_id: first?.["id"] });
});

it("knows the default project by one id, whether a run or a question made it", async () => {
  const { server } = await start();
  const run = { id: randomUUID(), start: START };
  await sendParts(server, pythonPost(run, {}));
  const { session_id: ofRun } = await read(server, `/runs/${run.id}`);
  expect(await read(server, "/sessions")).toMatchObject([{ name: "default", id: ofRun }]);
  const other = await start();
  const [asked] = (await read(other.server, "/sessions")) as unknown as Wire[];
  expect(asked?.["id"]).toBe(ofRun);
});

it("makes, changes, lists and deletes projects", async () => {
  const { server, client } = await start();
  const made = await client.createProject({
    projectName: "shop",
    description: "Of the shop",
    metadata: { team: "a" },
  });
  expect(made).toMatchObject({
    name: "shop",
    description: "Of the shop",
    extra: { metadata: { team: "a" } },
  });
  await expect(client.createProject({ projectName: "shop" })).rejects.toMatchObject({
    name: "LangSmithConflictError",
  });
  expect(
    await client.createProject({ projectName: "shop", upsert: true, description: "Again" }),
  ).toMatchObject({ id: made.id, description: "Again" });
  expect(await client.hasProject({ projectName: "shop" })).toBe(true);
  expect(await client.hasProject({ projectName: "none" })).toBe(false);
  await client.createProject({ projectName: "other shop" });
  const names = async (asked: Parameters<Client["listProjects"]>[0]) =>
    Array.fromAsync(client.listProjects(asked), ({ name }) => name);
  expect(new Set(await names({ nameContains: "SHOP" }))).toEqual(new Set(["other shop", "shop"]));
  expect(await names({ metadata: { team: "a" } })).toEqual(["shop"]);
  expect(await names({ projectIds: [made.id] })).toEqual(["shop"]);
  await client.updateProject(made.id, { name: "shop 2", endTime: END.toISOString() });
  expect(await client.readProject({ projectId: made.id })).toMatchObject({
    name: "shop 2",
    end_time: END.toISOString().replace("Z", "000"),
  });
  const taken = await server.call(
    `/api/v1/sessions/${made.id}`,
    { name: "other shop" },
    { method: "PATCH" },
  );
  expect(taken.status).toBe(409);
  const run = { id: randomUUID(), start: START, project: "shop 2" };
  await sendParts(server, pythonPost(run, {}));
  await client.deleteProject({ projectName: "shop 2" });
  expect((await server.call(`/api/v1/runs/${run.id}`)).status).toBe(404);
  expect((await server.call(`/api/v1/sessions/${made.id}`)).status).toBe(404);
});

it("tells a project's figures where they are asked for", async () => {
  const { server, client } = await start();
  const root = { id: randomUUID(), start: START, project: "shop" };
  const usage = { input_tokens: 7, output_tokens: 3, total_tokens: 10, total_cost: 0.5 };
  const model = {
    id: randomUUID(),
    type: "llm",
    start: START,
    parents: [root],
    project: "shop",
    metadata: { usage_metadata: usage },
  };
  const failed = { id: randomUUID(), start: START, project: "shop" };
  await sendParts(server, [
    ...[root, model, failed].flatMap((run) => pythonPost(run, {})),
    ...pythonPatch(root, END),
    ...pythonPatch(model, END),
    ...pythonPatch(failed, END, { error: "no" }),
  ]);
  await client.createFeedback(root.id, "quality", { score: 0.5 });
  expect(await client.readProject({ projectName: "shop", includeStats: true })).toMatchObject({
    run_count: 2,
    total_tokens: 10,
    prompt_tokens: 7,
    total_cost: "0.5",
    error_rate: 0.5,
    latency_p50: expect.closeTo(1.5, 1),
    last_run_start_time: expect.any(String),
  });
  expect(await client.readProject({ projectName: "shop" })).not.toHaveProperty("run_count");
  const listed = await Array.fromAsync(client.sessions.listV2({ name_contains: "shop" }));
  expect(listed).toMatchObject([
    { name: "shop", type: "PROJECT", start_time: expect.stringMatching(/Z$/) },
  ]);
});

it("makes a project of an agent's environment, and finds it by its address", async () => {
  const { server, client } = await start();
  const id = randomUUID();
  const value = {
    id,
    name: "turn",
    run_type: "chain",
    start_time: START.toISOString(),
    trace_id: id,
    address: "lrn:agents/support/environments/production",
  };
  await sendParts(server, [{ name: `post.${id}`, value }]);
  const { session_id: project } = await read(server, `/runs/${id}`);
  const address = { kind: "AGENT", id: "support", environment: "PRODUCTION" } as const;
  expect(await client.sessions.resolve(address)).toEqual({ session_id: project });
  await expect(client.sessions.resolve({ ...address, id: "none" })).rejects.toThrow(/404/);
});

it("keeps feedback, changes it, finds it by run, key and source, and deletes it", async () => {
  const { server, client } = await start();
  const run = { id: randomUUID(), start: START, project: "shop" };
  await sendParts(server, [...pythonPost(run, {}), ...pythonPatch(run, END)]);
  const given = await client.createFeedback(run.id, "quality", {
    score: 0.123456,
    comment: "so so",
    feedbackSourceType: "api",
    sourceInfo: { by: "ada" },
  });
  await client.createFeedback(run.id, "label", { value: "red", feedbackSourceType: "model" });
  const list = async (asked: Parameters<Client["listFeedback"]>[0]) =>
    Array.fromAsync(client.listFeedback(asked), ({ key }) => key);
  expect(new Set(await list({ runIds: [run.id] }))).toEqual(new Set(["label", "quality"]));
  expect(await list({ runIds: [run.id], feedbackKeys: ["quality"] })).toEqual(["quality"]);
  expect(await list({ runIds: [run.id], feedbackSourceTypes: ["model"] })).toEqual(["label"]);
  expect(await client.readFeedback(given.id)).toMatchObject({
    score: 0.1235,
    run_id: run.id,
    trace_id: run.id,
    feedback_source: { type: "api", metadata: { by: "ada" } },
  });
  await client.updateFeedback(given.id, { score: 1, comment: "good" });
  expect(await client.readFeedback(given.id)).toMatchObject({
    score: 1,
    comment: "good",
    feedback_source: { type: "api" },
  });
  expect(await read(server, `/runs/${run.id}`)).toMatchObject({
    feedback_stats: {
      quality: { n: 1, avg: 1, comments: ["good"] },
      label: { n: 1, avg: null, values: { red: 1 } },
    },
  });
  const found = (await read(server, "/runs/query", {
    filter: 'and(eq(feedback_key, "quality"), gte(feedback_score, 1))',
  })) as { runs: Wire[] };
  expect(found.runs).toHaveLength(1);
  await client.deleteFeedback(given.id);
  expect(await list({ runIds: [run.id] })).toEqual(["label"]);
});

it("takes feedback as parts of a body, in a batch, and for a run that has not come yet", async () => {
  const { server } = await start();
  const runId = randomUUID();
  const part = {
    run_id: runId,
    trace_id: runId,
    key: "early",
    score: true,
    feedback_source: { type: "api" },
  };
  const sent = pythonMultipart([{ name: `feedback.${randomUUID()}`, value: part }]);
  expect((await send(server, sent)).status).toBe(202);
  const batch = [
    { id: randomUUID(), run_id: runId, key: "one", score: 1 },
    { run_id: runId, key: "two", value: { any: "thing" } },
  ];
  expect((await server.call("/api/v1/feedback/batch", batch)).status).toBe(202);
  await sendParts(server, pythonPost({ id: runId, start: START }, {}));
  const all = (await read(server, `/feedback?run=${runId}`)) as unknown as Wire[];
  expect(all.map(({ key }) => String(key)).toSorted()).toEqual(["early", "one", "two"]);
  for (const field of ["id", "created_at", "modified_at", "run_id", "trace_id", "key"])
    expect(all[0]).toHaveProperty(field);
});

it("scores an experiment as a whole", async () => {
  const { server, client } = await start();
  const { id } = await client.createProject({ projectName: "experiment" });
  await client.createFeedback(null, "mean", { score: 0.9, projectId: id });
  const [feedback] = (await read(server, `/feedback?session=${id}`)) as unknown as Wire[];
  expect(feedback).toMatchObject({ run_id: null, session_id: id, score: 0.9 });
  expect(await client.readProject({ projectId: id, includeStats: true })).toMatchObject({
    session_feedback_stats: { mean: { n: 1, avg: 0.9 } },
  });
});

it("lets people score a run by a link, without a key and from any page, until its time is over", async () => {
  const { server, client } = await start();
  const run = { id: randomUUID(), start: START };
  await sendParts(server, pythonPost(run, {}));
  const { url, id } = await client.createPresignedFeedbackToken(run.id, "thumbs", {
    expiration: { hours: 1 },
  });
  const clicked = await fetch(`${url}?score=1&comment=nice`, {
    headers: { accept: "text/html", origin: "https://elsewhere.example" },
  });
  expect([clicked.status, clicked.headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
  expect((await fetch(url, { method: "OPTIONS" })).status).toBe(204);
  expect((await fetch(url, { method: "POST", body: JSON.stringify({ score: 0 }) })).status).toBe(
    200,
  );
  const all = (await read(server, `/feedback?run=${run.id}&key=thumbs`)) as unknown as Wire[];
  expect(new Set(all.map(({ score }) => score))).toEqual(new Set([0, 1]));
  const listed = await Array.fromAsync(client.listPresignedFeedbackTokens(run.id));
  expect(listed.map((token) => token.id)).toEqual([id]);
  const over = await client.createPresignedFeedbackToken(run.id, "thumbs", {
    expiration: new Date(Date.now() - 1000).toISOString(),
  });
  expect((await fetch(`${over.url}?score=1`)).status).toBe(404);
  expect((await fetch(`${server.url}/feedback/tokens/${randomUUID()}?score=1`)).status).toBe(404);
  expect((await fetch(`${url}?score=high`)).status).toBe(422);
});

it("reads flags as Python writes them, and answers with every field that its models insist on", async () => {
  const { server, client } = await start();
  await client.createProject({ projectName: "shop" });
  const asked = "/sessions?name=shop&include_stats=True&reference_free=True";
  const [project] = (await read(server, asked)) as unknown as Wire[];
  expect(project).toMatchObject({ run_count: 0, reference_dataset_id: null, total_cost: "0" });
  for (const field of ["id", "tenant_id", "name", "start_time"]) {
    expect(project).toHaveProperty(field, expect.any(String));
  }
  const without = (await read(
    server,
    "/sessions?name=shop&include_stats=False",
  )) as unknown as Wire[];
  expect(without[0]).not.toHaveProperty("run_count");
  const upsert = { name: "shop", description: "Again" };
  expect(await read(server, "/sessions?upsert=True", upsert)).toMatchObject(upsert);
});
