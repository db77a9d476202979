import { randomUUID } from "node:crypto";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { expect, it } from "vitest";
import {
  type PythonPart,
  type PythonRequest,
  dottedOrder,
  pythonMultipart,
  pythonPatch,
  pythonPost,
  pythonTime,
} from "../support/python-bodies.ts";
import { startServer } from "../support/server.ts";
import { type Wire, read, send, sendParts } from "./clients.ts";

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

it("keeps inputs that a later patch leaves out, and outputs that a later post has empty", async () => {
  const server = await startServer();
  const run = { id: randomUUID(), start: START };
  await sendParts(server, pythonPost(run, { question: "?" }));
  await sendParts(server, pythonPatch(run, END, { outputs: { answer: 1 } }));
  await sendParts(server, pythonPost(run, { question: "?" }));
  expect(await read(server, `/runs/${run.id}`)).toMatchObject({
    inputs: { question: "?" },
    outputs: { answer: 1 },
    status: "success",
  });
});

it("takes a patch alone for a run: it repeats what the post said", async () => {
  const server = await startServer();
  const run = { id: randomUUID(), name: "alone", start: START, project: "shop", tags: ["a"] };
  await sendParts(server, pythonPatch(run, END, { outputs: { answer: 1 } }));
  expect(await read(server, `/runs/${run.id}`)).toMatchObject({
    name: "alone",
    tags: ["a"],
    status: "success",
    start_time: "2026-11-23T10:37:18.123000",
  });
});

it("gives runs of one thread its name, by whichever key their SDK says it", async () => {
  const server = await startServer();
  const keys = ["thread_id", "session_id", "conversation_id"];
  const parts = keys.flatMap((key) =>
    pythonPost({ id: randomUUID(), name: key, start: START, metadata: { [key]: "t-1" } }, {}),
  );
  await sendParts(server, parts);
  const asked = { filter: 'eq(thread_id, "t-1")' };
  const { runs } = (await read(server, "/runs/query", asked)) as { runs: Wire[] };
  expect(new Set(runs.map(({ name }) => name))).toEqual(new Set(keys));
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
