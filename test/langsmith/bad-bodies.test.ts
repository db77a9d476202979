import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { pythonMultipart, pythonPatch, pythonPost } from "../support/python-bodies.ts";
import { startServer } from "../support/server.ts";
import { keyOf, read, send, sendParts } from "./clients.ts";

/** Bodies that are wrong, too large, or of somebody who may not. */

const START = new Date("2026-11-23T10:37:18.123Z");
const END = new Date("2026-11-23T10:37:20.623Z");

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
