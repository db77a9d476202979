import { gzipSync, zstdCompressSync, brotliCompressSync, deflateSync } from "node:zlib";
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { startServer } from "../support/server.ts";
import {
  type PythonPart,
  type PythonRequest,
  dottedOrder,
  pythonMultipart,
  pythonPatch,
  pythonPost,
  pythonTime,
} from "../support/python-bodies.ts";
import { type Wire, keyOf, read, send, sendParts } from "./clients.ts";

/** Bodies as SDKs send them, kept by a real server and read back by its API. */

const START = new Date("2026-11-23T10:37:18.123Z");
const END = new Date("2026-11-23T10:37:20.623Z");

it("keeps a run that Python posts and patches in one zstd body, whose size header is no length", async () => {
  const server = await startServer();
  const run = {
    id: randomUUID(),
    name: "agent",
    start: START,
    project: "shop",
    tags: ["a", "b"],
    metadata: { user_id: "ada", thread_id: "t1" },
  };
  const answer = await sendParts(server, [
    ...pythonPost(run, { question: "why?" }),
    ...pythonPatch(run, END, { outputs: { answer: "because" } }),
  ]);
  expect(answer.status).toBe(202);
  expect(await read(server, `/runs/${run.id}`)).toMatchObject({
    id: run.id,
    name: "agent",
    run_type: "chain",
    status: "success",
    start_time: "2026-11-23T10:37:18.123000",
    end_time: "2026-11-23T10:37:20.623000",
    inputs: { question: "why?" },
    outputs: { answer: "because" },
    error: null,
    tags: ["a", "b"],
    trace_id: run.id,
    parent_run_id: null,
    parent_run_ids: [],
    dotted_order: dottedOrder([run]),
    thread_id: "t1",
    extra: { metadata: { user_id: "ada" }, runtime: { sdk: "langsmith-py" } },
    app_path: expect.stringContaining(`/r/${run.id}`),
  });
});

it.each(["identity", "gzip", "zstd", "deflate", "br"])(
  "takes bodies encoded by %s",
  async (encoding) => {
    const server = await startServer();
    const id = randomUUID();
    const { headers, body } = pythonMultipart(pythonPost({ id, start: START }, { q: 1 }), {
      zstd: false,
    });
    const encode = {
      identity: (plain: Buffer) => plain,
      gzip: gzipSync,
      zstd: zstdCompressSync,
      deflate: deflateSync,
      br: brotliCompressSync,
    }[encoding];
    const sent = {
      path: "/runs/multipart",
      headers: { ...headers, "content-encoding": encoding },
      body: encode?.(body) ?? body,
    } as PythonRequest;
    expect((await send(server, sent)).status).toBe(202);
    expect(await read(server, `/runs/${id}`)).toMatchObject({
      inputs: { q: 1 },
      status: "pending",
    });
  },
);

it("refuses an encoding that nobody knows, bytes that are not what they are said to be, and strangers", async () => {
  const server = await startServer();
  const sent = pythonMultipart(pythonPost({ id: randomUUID(), start: START }, {}));
  const as = (headers: Record<string, string>) =>
    send(server, { ...sent, headers: { ...sent.headers, ...headers } });
  const unknown = await as({ "content-encoding": "lzma" });
  expect([unknown.status, await unknown.json()]).toMatchObject([415, { detail: /lzma/ }]);
  expect((await as({ "content-encoding": "gzip" })).status).toBe(400);
  expect((await as({ "x-api-key": "wk-none" })).status).toBe(401);
  const viewer = await keyOf(server, { scopes: ["viewer"] });
  expect((await as({ "x-api-key": viewer })).status).toBe(403);
  const tracer = await keyOf(server, { scopes: ["traces"] });
  const noKey = { "x-api-key": "" };
  expect((await as({ ...noKey, authorization: `Bearer ${tracer}` })).status).toBe(202);
  const { "x-api-key": _none, ...headers } = sent.headers;
  const service = await fetch(`${server.url}/runs/multipart`, {
    method: "POST",
    headers: { ...headers, "x-service-key": tracer, "x-tenant-id": randomUUID() },
    body: sent.body,
  });
  expect(service.status).toBe(202);
});

it("merges a patch that comes before its post, whose empty outputs erase nothing", async () => {
  const server = await startServer();
  const run = { id: randomUUID(), name: "late", start: START };
  await sendParts(server, pythonPatch(run, END, { outputs: { answer: 42 }, extra: {} }));
  expect(await read(server, `/runs/${run.id}`)).toMatchObject({ status: "success", name: "late" });
  await sendParts(server, pythonPost({ ...run, metadata: { kept: "yes" } }, { question: "?" }));
  expect(await read(server, `/runs/${run.id}`)).toMatchObject({
    status: "success",
    inputs: { question: "?" },
    outputs: { answer: 42 },
    end_time: "2026-11-23T10:37:20.623000",
    extra: { metadata: { kept: "yes" }, runtime: { sdk: "langsmith-py" } },
  });
});

it("loses nothing of extra when a patch sends an empty one, and merges the rest deeply", async () => {
  const server = await startServer();
  const run = { id: randomUUID(), start: START, metadata: { first: 1 } };
  await sendParts(server, pythonPost(run, {}));
  await sendParts(server, pythonPatch(run, END, { extra: {} }));
  await sendParts(server, [{ name: `patch.${run.id}.extra`, value: { metadata: { second: 2 } } }]);
  expect(await read(server, `/runs/${run.id}`)).toMatchObject({
    extra: { metadata: { first: 1, second: 2 }, runtime: { sdk: "langsmith-py" } },
  });
});

it("keeps a run once, however often its bytes are sent", async () => {
  const server = await startServer();
  const run = { id: randomUUID(), start: START, project: "twice" };
  const sent = pythonMultipart([...pythonPost(run, {}), ...pythonPatch(run, END)]);
  for (let time = 0; time < 3; time += 1) expect((await send(server, sent)).status).toBe(202);
  const { runs } = (await read(server, "/runs/query", {})) as { runs: Wire[] };
  expect(runs).toHaveLength(1);
  expect(await read(server, "/runs/stats", {})).toMatchObject({ run_count: 1 });
});

it("takes the parts of a trace from requests in any order, and shows it in order", async () => {
  const server = await startServer();
  const root = { id: randomUUID(), name: "root", start: START };
  const child = {
    id: randomUUID(),
    name: "child",
    start: new Date(+START + 5),
    parents: [root],
    type: "llm",
  };
  const leaf = {
    id: randomUUID(),
    name: "leaf",
    start: new Date(+START - 1000),
    parents: [root, child],
    type: "tool",
  };
  for (const run of [leaf, child, root]) {
    await sendParts(server, [...pythonPost(run, {}), ...pythonPatch(run, END)]);
  }
  const { runs } = (await read(server, "/runs/query", { trace: root.id })) as { runs: Wire[] };
  const sorted = runs.toSorted((a, b) =>
    String(a["dotted_order"]).localeCompare(String(b["dotted_order"])),
  );
  expect(sorted.map(({ name }) => name)).toEqual(["root", "child", "leaf"]);
  expect(await read(server, `/runs/${leaf.id}`)).toMatchObject({
    parent_run_ids: [root.id, child.id],
  });
});

it("counts tokens from where each SDK puts them, and adds them up for the runs above", async () => {
  const server = await startServer();
  const root = { id: randomUUID(), name: "root", start: START };
  const usage = {
    input_tokens: 10,
    output_tokens: 5,
    total_tokens: 15,
    input_token_details: { cache_read: 4 },
    output_token_details: { reasoning: 2 },
  };
  const places: [outputs: unknown, metadata: Record<string, unknown>][] = [
    [{ ok: 1 }, { usage_metadata: usage }],
    [{ usage_metadata: usage }, {}],
    [{ choices: [], usage: { prompt_tokens: 10, completion_tokens: 5 } }, {}],
    [{ llmOutput: { tokenUsage: { promptTokens: 10, completionTokens: 5 } } }, {}],
    [{ generations: [[{ message: { kwargs: { usage_metadata: usage } } }]] }, {}],
  ];
  const parts: PythonPart[] = [...pythonPost(root, {}), ...pythonPatch(root, END)];
  for (const [outputs, metadata] of places) {
    const run = { id: randomUUID(), type: "llm", start: START, parents: [root], metadata };
    parts.push(...pythonPost(run, {}), ...pythonPatch(run, END, { outputs }));
  }
  await sendParts(server, parts);
  const { runs } = (await read(server, "/runs/query", { run_type: "llm" })) as { runs: Wire[] };
  expect(runs.map((run) => [run["prompt_tokens"], run["completion_tokens"]])).toEqual(
    Array.from({ length: 5 }, () => [10, 5]),
  );
  expect(await read(server, `/runs/${root.id}`)).toMatchObject({
    prompt_tokens: 50,
    completion_tokens: 25,
    total_tokens: 75,
  });
});

it("takes token counts that are negative or none at all for no tokens", async () => {
  const server = await startServer();
  const run = {
    id: randomUUID(),
    type: "llm",
    start: START,
    metadata: { usage_metadata: { input_tokens: -5, output_tokens: "many", total_tokens: -1 } },
  };
  await sendParts(server, [...pythonPost(run, {}), ...pythonPatch(run, END)]);
  expect(await read(server, `/runs/${run.id}`)).toMatchObject({
    prompt_tokens: 0,
    completion_tokens: 0,
    total_tokens: 0,
  });
});

it("shows an error with its whole text, and outputs that are null in it", async () => {
  const server = await startServer();
  const run = { id: randomUUID(), start: START };
  const error = `ValueError('x')Traceback (most recent call last):\n${"  frame\n".repeat(200)}`;
  await sendParts(server, [
    ...pythonPost(run, {}),
    ...pythonPatch(run, END, { error, outputs: { output: null } }),
  ]);
  expect(await read(server, `/runs/${run.id}`)).toMatchObject({ status: "error", error });
  for (const [asked, count] of [
    [{ error: true }, 1],
    [{ error: false }, 0],
    [{ filter: "neq(error, null)" }, 1],
    [{ filter: 'eq(status, "success")' }, 0],
  ] as const) {
    expect(((await read(server, "/runs/query", asked)) as { runs: Wire[] }).runs).toHaveLength(
      count,
    );
  }
});

it("takes clocks that are wrong: an end before its start, and a start in the year 2199", async () => {
  const server = await startServer();
  const run = { id: randomUUID(), start: END };
  const future = { id: randomUUID(), start: new Date("2199-01-01T00:00:00Z") };
  await sendParts(server, [
    ...pythonPost(run, {}),
    ...pythonPatch(run, START),
    ...pythonPost(future, {}),
  ]);
  expect(await read(server, `/runs/${run.id}`)).toMatchObject({ status: "success" });
  expect(await read(server, `/runs/${future.id}`)).toMatchObject({ status: "pending" });
  const stats = await read(server, "/runs/stats", {});
  expect(stats["latency_p50"] ?? 0).toBeGreaterThanOrEqual(0);
});

it("takes 50 MB of inputs, cut and marked, and refuses nothing of its batch", async () => {
  const server = await startServer();
  const [big, small] = [
    { id: randomUUID(), start: START },
    { id: randomUUID(), start: START },
  ];
  const answer = await sendParts(server, [
    ...pythonPost(big, { image: "x".repeat(50_000_000) }),
    ...pythonPost(small, { q: 1 }),
  ]);
  expect(answer.status).toBe(202);
  const run = await read(server, `/runs/${big.id}`);
  expect(run["truncated"]).toEqual(["inputs"]);
  expect(await read(server, `/runs/${small.id}`)).toMatchObject({ inputs: { q: 1 } });
});

it("says which part of a body could not be taken, and keeps the rest", async () => {
  const server = await startServer();
  const id = randomUUID();
  const answer = await sendParts(server, [
    { name: "post.run-7", value: { name: "x" } },
    ...pythonPost({ id, start: START }, {}),
  ]);
  expect(answer.status).toBe(202);
  expect(await read(server, `/runs/${id}`)).toMatchObject({ id });
  const bad = await sendParts(server, [{ name: "post.run-7", value: { name: "x" } }]);
  expect([bad.status, await bad.json()]).toMatchObject([
    400,
    { detail: /post\.run-7/, param: "post.run-7" },
  ]);
  const form = await send(server, {
    path: "/runs/multipart",
    headers: { "content-type": "application/json" },
    body: Buffer.from("{}"),
  });
  expect([form.status, await form.json()]).toMatchObject([400, { detail: /boundary/ }]);
});

it("takes runs posted and patched alone, with times in milliseconds and with no trace", async () => {
  const server = await startServer();
  const id = randomUUID();
  const headers = { "content-type": "application/json" };
  const post = {
    id,
    name: "manual",
    run_type: "llm",
    inputs: { text: "x" },
    start_time: +START,
    session_name: "mine",
  };
  expect(
    (await send(server, { path: "/runs", headers, body: Buffer.from(JSON.stringify(post)) }))
      .status,
  ).toBe(202);
  const patch = { outputs: { done: true }, end_time: +END };
  const sent = { path: `/runs/${id}`, headers, body: Buffer.from(JSON.stringify(patch)) };
  expect((await send(server, sent, "PATCH")).status).toBe(202);
  expect(await read(server, `/runs/${id}`)).toMatchObject({
    name: "manual",
    outputs: { done: true },
    trace_id: id,
    start_time: "2026-11-23T10:37:18.123000",
  });
});

it("takes a batch of JSON, several projects in it, the default one where none is named", async () => {
  const server = await startServer();
  const ids = [randomUUID(), randomUUID(), randomUUID()];
  const post = ids.map((id, index) => ({
    id,
    name: `run ${index}`,
    run_type: "chain",
    start_time: pythonTime(START),
    trace_id: id,
    dotted_order: dottedOrder([{ id, start: START }]),
    ...(index > 0 && { session_name: `project ${index}` }),
  }));
  const body = Buffer.from(
    JSON.stringify({ post, patch: [{ id: ids[0], outputs: { a: 1 }, end_time: pythonTime(END) }] }),
  );
  expect(
    (
      await send(server, {
        path: "/runs/batch",
        headers: { "content-type": "application/json" },
        body,
      })
    ).status,
  ).toBe(202);
  expect(await read(server, `/runs/${ids[0]}`)).toMatchObject({ outputs: { a: 1 } });
  const projects = (await read(server, "/sessions")) as unknown as Wire[];
  expect(projects.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["default", "project 1", "project 2"]),
  );
});

it("keeps each tenant's traces to itself", async () => {
  const server = await startServer();
  await server.call("/admin/v1/tenants", { id: "other" });
  const other = await keyOf(server, { scopes: ["traces"], tenant: "other" });
  const run = { id: randomUUID(), start: START, project: "secret" };
  await sendParts(server, pythonPost(run, { secret: "of the default tenant" }));
  await read(server, `/runs/${run.id}`);
  const ask = (path: string, body?: unknown) =>
    server.call(`/api/v1${path}`, body, { headers: { authorization: `Bearer ${other}` } });
  expect((await ask(`/runs/${run.id}`)).status).toBe(404);
  expect(await (await ask("/runs/query", {})).json()).toMatchObject({ runs: [] });
  expect(await (await ask("/sessions?name=secret")).json()).toEqual([]);
  expect((await ask(`/runs/${run.id}/share`, {})).status).toBe(404);
  expect(await (await ask("/runs/stats", {})).json()).toMatchObject({ run_count: 0 });
  expect((await ask("/runs/delete", { ids: [run.id] })).status).toBe(202);
  expect(await read(server, `/runs/${run.id}`)).toMatchObject({ id: run.id });
});
