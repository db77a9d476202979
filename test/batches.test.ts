import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import OpenAI, { toFile } from "openai";
import { expect, it, onTestFinished } from "vitest";
import type { Caller } from "../src/core/call.ts";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { newId } from "../src/core/ids.ts";
import { silentLog } from "../src/core/log.ts";
import { createApp } from "../src/http/app.ts";
import { identify } from "../src/http/identify.ts";
import { listen } from "../src/http/listen.ts";
import { batchRoutes } from "../src/http/routes/batches.ts";
import { fileRoutes } from "../src/http/routes/files.ts";
import { createBatches } from "../src/serve/batch/batches.ts";
import type { LineResult } from "../src/serve/batch/needs.ts";
import { createFiles } from "../src/serve/files/files.ts";
import { createFileFolder } from "../src/store/file-folder.ts";
import { openControlStore } from "../src/store/sqlite/control.ts";
import { PLAIN_LISTENER } from "./support/listener.ts";
import { missing } from "./support/missing.ts";
import { serve } from "./support/process.ts";
import { ADMIN_KEY, eventually, temporaryFolder } from "./support/server.ts";

/** Files and batches: the real client, HTTP, store and disk, and calls that the test answers. */

type Run = (body: { text: string }, signal: AbortSignal) => Promise<LineResult>;

interface World {
  readonly run?: Run;
  readonly folder?: string;
  readonly now?: () => number;
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly isBusy?: () => boolean;
  readonly isRevoked?: () => boolean;
}

const good: Run = async ({ text }) => ({
  status: 200,
  body: { said: text, usage: { prompt_tokens: 2, completion_tokens: 1 } },
});

/** As a real pause, but a hundred times as fast, and never longer than a moment. */
const briefly = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (ms > 3_600_000) {
      signal.addEventListener("abort", () => resolve());
      return;
    }
    setTimeout(resolve, Math.min(20, ms / 100));
  });

async function start(world: World = {}) {
  const { run = good, folder = temporaryFolder(), now = Date.now } = world;
  const control = openControlStore(join(folder, "control.db"), now);
  const contents = createFileFolder(join(folder, "files"));
  const callers = new Map<string, Caller>(
    ["one", "two"].map((name) => [name, { keyId: name, keyName: name, scopes: ["inference"] }]),
  );
  const files = createFiles({ shelf: control.files, contents, now, newId });
  const batches = createBatches({
    shelf: control.batches,
    files: { ...contents, find: control.files.find, add: control.files.add },
    run: (_url, body, _caller, signal) => run(body as { text: string }, signal),
    caller: (id) => (world.isRevoked?.() ? undefined : callers.get(id)),
    isBusy: world.isBusy ?? (() => false),
    concurrency: () => 4,
    pause: world.pause ?? briefly,
    now,
    newId,
    log: silentLog,
  });
  const credentials = { key: (secret: string) => callers.get(secret), session: () => undefined };
  const authorise = (request: Parameters<typeof identify>[0]) =>
    identify(request, credentials, "inference");
  const app = createApp(() => false, PLAIN_LISTENER, silentLog);
  fileRoutes(app.fastify, { authorise, files });
  batchRoutes(app.fastify, { authorise, batches });
  const url = await listen(app, "127.0.0.1", 0);
  batches.resume();
  onTestFinished(async () => {
    await batches.close();
    app.server.closeAllConnections();
    await app.fastify.close();
  });
  const client = (apiKey: string) => new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
  return { client: client("one"), other: client("two"), batches, folder, control, app, url };
}

const line = (id: string, more: object = {}) =>
  JSON.stringify({
    custom_id: id,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model: "chat", text: id },
    ...more,
  });
const linesOf = (count: number) => Array.from({ length: count }, (_, at) => line(`line-${at}`));

async function begin(client: OpenAI, lines: readonly string[], more: object = {}) {
  const file = await toFile(Buffer.from(lines.join("\n")), "in.jsonl");
  const { id } = await client.files.create({ file, purpose: "batch" });
  return client.batches.create({
    input_file_id: id,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
    ...more,
  });
}

const over = (client: OpenAI, id: string) =>
  eventually(
    () => client.batches.retrieve(id),
    ({ status }) => ["completed", "failed", "expired", "cancelled"].includes(status),
  );

interface OutputLine {
  readonly custom_id: string;
  readonly response: { status_code: number; body: { said?: string } } | null;
  readonly error: { code: string } | null;
}

async function read(client: OpenAI, fileId: string | null | undefined): Promise<OutputLine[]> {
  const text = await (await client.files.content(fileId ?? "")).text();
  return text
    .trimEnd()
    .split("\n")
    .map((text) => JSON.parse(text) as OutputLine);
}

/** Lets lines wait until the test opens the gate. */
function gated() {
  const waiting: (() => void)[] = [];
  let isOpen = false;
  const run: Run = async (body, signal) => {
    if (!isOpen) {
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve);
        signal.addEventListener("abort", () => reject(new Error("cut")));
      });
    }
    return good(body, signal);
  };
  return {
    run,
    waiting,
    open() {
      isOpen = true;
      for (const go of waiting) go();
    },
  };
}

it("keeps files: uploads, lists, gives them back, deletes them; for one key only", async () => {
  const { client, other, folder } = await start();
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 251));
  const file = await client.files.create({
    file: await toFile(bytes, "a b.bin"),
    purpose: "user_data",
    expires_after: { anchor: "created_at", seconds: 3600 },
  });
  expect(file).toMatchObject({
    object: "file",
    bytes: 200_000,
    filename: "a b.bin",
    purpose: "user_data",
    status: "processed",
    expires_at: file.created_at + 3600,
  });
  const content = await (await client.files.content(file.id)).arrayBuffer();
  expect(Buffer.from(content).equals(bytes)).toBe(true);
  for (const name of ["b", "c"]) {
    await client.files.create({ file: await toFile(Buffer.from("x"), name), purpose: "batch" });
  }
  const names = [];
  for await (const { filename } of client.files.list({ limit: 1, order: "asc" })) {
    names.push(filename);
  }
  expect(names).toEqual(["a b.bin", "b", "c"]);
  expect((await client.files.list({ purpose: "batch" })).data).toHaveLength(2);
  expect((await other.files.list()).data).toEqual([]);
  const notFound = expect.objectContaining({ status: 404 });
  await expect(other.files.retrieve(file.id)).rejects.toEqual(notFound);
  await expect(other.files.content(file.id)).rejects.toEqual(notFound);
  await expect(other.files.delete(file.id)).rejects.toEqual(notFound);
  expect(await client.files.delete(file.id)).toMatchObject({ deleted: true });
  await expect(client.files.retrieve(file.id)).rejects.toEqual(notFound);
  expect(readdirSync(join(folder, "files"))).toHaveLength(2);
});

it("forgets a file when its time is over", async () => {
  let now = Date.now();
  const { client, folder } = await start({ now: () => now });
  const upload = async () =>
    client.files.create({
      file: await toFile(Buffer.from("x"), "x"),
      purpose: "user_data",
      expires_after: { anchor: "created_at", seconds: 3600 },
    });
  const { id } = await upload();
  now += 3_600_001;
  await expect(client.files.retrieve(id)).rejects.toMatchObject({ status: 404 });
  await upload();
  expect(readdirSync(join(folder, "files"))).toHaveLength(1);
});

it("says what is wrong with an upload, and keeps nothing of it", async () => {
  const { url, folder } = await start();
  const send = (body: FormData | string, key = "one") =>
    fetch(`${url}/v1/files`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body,
    });
  const form = (parts: Record<string, string | Blob>) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(parts)) data.append(name, value);
    return data;
  };
  const file = new Blob(["x"]);
  for (const [body, param] of [
    [form({ file }), "purpose"],
    [form({ file, purpose: "fun" }), "purpose"],
    [form({ purpose: "batch" }), "file"],
    [form({ file, purpose: "batch", "expires_after[seconds]": "5" }), "expires_after[seconds]"],
  ] as const) {
    const answer = await send(body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { param } });
  }
  expect((await send(form({ file, purpose: "batch" }), "nobody")).status).toBe(401);
  expect((await send("text")).status).toBeGreaterThanOrEqual(400);
  expect(readdirSync(join(folder, "files"))).toEqual([]);
});

it("runs every line, four at a time, and parts the good from the failed", async () => {
  let running = 0;
  let most = 0;
  const { client } = await start({
    async run(body, signal) {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (body.text === "line-7") return { status: 400, body: { error: { code: "bad" } } };
      return good(body, signal);
    },
  });
  const begun = await begin(client, [...linesOf(20), "", line("\u2028odd")], {
    metadata: { for: "me" },
    output_expires_after: { anchor: "created_at", seconds: 7200 },
  });
  expect(begun).toMatchObject({ object: "batch", status: "validating", metadata: { for: "me" } });
  const done = await over(client, begun.id);
  expect(done).toMatchObject({
    status: "completed",
    request_counts: { total: 21, completed: 20, failed: 1 },
    usage: { input_tokens: 40, output_tokens: 20, total_tokens: 60 },
    errors: null,
  });
  expect(most).toBe(4);
  const output = await read(client, done.output_file_id);
  expect(new Set(output.map(({ custom_id: id }) => id)).size).toBe(20);
  expect(output.every(({ custom_id: id, response }) => response?.body.said === id)).toBe(true);
  expect(await read(client, done.error_file_id)).toMatchObject([
    { custom_id: "line-7", response: { status_code: 400 }, error: null },
  ]);
  const file = await client.files.retrieve(done.output_file_id ?? "");
  expect(file).toMatchObject({ purpose: "batch_output", expires_at: file.created_at + 7200 });
  await expect(client.batches.cancel(begun.id)).rejects.toMatchObject({ status: 409 });
  expect((await client.batches.list()).data).toMatchObject([{ id: begun.id }]);
});

it("refuses an input with faults before anything runs, line by line", async () => {
  const { client } = await start({ run: () => Promise.reject(new Error("must not run")) });
  const begun = await begin(client, [
    line("a"),
    "{oops",
    line("a"),
    line("b", { method: "GET" }),
    line("c", { url: "/v1/embeddings" }),
    line("d", { body: { model: "chat", stream: true } }),
    line("e", { custom_id: undefined }),
  ]);
  const failed = await over(client, begun.id);
  expect(failed.status).toBe("failed");
  expect(failed.errors?.data).toMatchObject([
    { line: 2, code: "invalid_json_line" },
    { line: 3, code: "duplicate_custom_id" },
    { line: 4, param: "method" },
    { line: 5, code: "mismatched_url" },
    { line: 6, param: "body.stream" },
    { line: 7, param: "custom_id" },
  ]);
  const empty = await begin(client, ["", ""]);
  expect((await over(client, empty.id)).errors?.data).toMatchObject([{ code: "empty_file" }]);
});

it("takes only its own key's batch files", async () => {
  const { client, other } = await start();
  const begun = await begin(client, linesOf(1));
  const notFound = expect.objectContaining({ status: 404 });
  await expect(other.batches.retrieve(begun.id)).rejects.toEqual(notFound);
  await expect(other.batches.cancel(begun.id)).rejects.toEqual(notFound);
  expect((await other.batches.list()).data).toEqual([]);
  const ask = (who: OpenAI, id: string) =>
    who.batches.create({
      input_file_id: id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    });
  await expect(ask(other, begun.input_file_id)).rejects.toMatchObject({
    status: 404,
    param: "input_file_id",
  });
  const file = await toFile(Buffer.from("x"), "x");
  const { id } = await client.files.create({ file, purpose: "user_data" });
  await expect(ask(client, id)).rejects.toMatchObject({ status: 400, param: "input_file_id" });
});

it("goes on after a kill at any moment: no recorded line is lost or run again", async () => {
  const gate = gated();
  const ran: string[] = [];
  const first = await start({
    run: (body, signal) =>
      ran.length < 5 ? (ran.push(body.text), good(body, signal)) : gate.run(body, signal),
  });
  const { id } = await begin(first.client, linesOf(12));
  await eventually(
    () => first.client.batches.retrieve(id),
    ({ request_counts: counts }) => counts?.completed === 5,
  );
  // The disk as a kill -9 would leave it now, in the middle of writing a sixth line.
  const folder = temporaryFolder();
  cpSync(first.folder, folder, { recursive: true });
  const journal = readdirSync(join(folder, "files")).find(
    (name) => name.endsWith(".journal") && readFileSync(join(folder, "files", name)).length > 0,
  );
  appendFileSync(join(folder, "files", journal ?? ""), '{"id":"batch_req_x","custom_id":"line-');
  const again: string[] = [];
  const second = await start({
    folder,
    run(body, signal) {
      again.push(body.text);
      return good(body, signal);
    },
  });
  const done = await over(second.client, id);
  expect(done).toMatchObject({
    status: "completed",
    request_counts: { total: 12, completed: 12, failed: 0 },
    usage: { input_tokens: 24 },
  });
  const ids = (await read(second.client, done.output_file_id)).map((line) => line.custom_id);
  expect(ids.toSorted()).toEqual(
    linesOf(12)
      .map((text) => (JSON.parse(text) as OutputLine).custom_id)
      .toSorted(),
  );
  expect(again).toHaveLength(7);
  expect(again.filter((text) => ran.includes(text))).toEqual([]);
});

it("stops with its process and goes on with the next one, also from the very end", async () => {
  const gate = gated();
  const first = await start({ run: gate.run });
  const { id } = await begin(first.client, linesOf(6));
  await expect.poll(() => gate.waiting.length).toBe(4);
  await first.batches.close();
  expect(first.control.batches.find("one", id)).toMatchObject({ status: "in_progress" });
  const second = await start({ folder: first.folder });
  const done = await over(second.client, id);
  expect(done.request_counts).toMatchObject({ completed: 6 });
  // As if the last commits had been lost with the power: the file is published, the row says otherwise.
  const kept = second.control.batches.find("one", id);
  if (!kept) throw new Error("the batch is gone");
  second.control.batches.put({ ...kept, status: "in_progress" });
  const third = await start({
    folder: first.folder,
    run: () => Promise.reject(new Error("must not run")),
  });
  expect(await over(third.client, id)).toMatchObject({
    status: "completed",
    output_file_id: done.output_file_id,
    request_counts: { completed: 6, failed: 0 },
  });
  expect(await read(third.client, done.output_file_id)).toHaveLength(6);
});

it("does not take the lines of a deleted input for done", async () => {
  const gate = gated();
  const first = await start({
    run: (body, signal) => (body.text === "line-0" ? good(body, signal) : gate.run(body, signal)),
  });
  const { id, input_file_id: input } = await begin(first.client, linesOf(6));
  await eventually(
    () => first.client.batches.retrieve(id),
    ({ request_counts: counts }) => counts?.completed === 1,
  );
  await first.batches.close();
  await first.client.files.delete(input);
  const second = await start({ folder: first.folder });
  const done = await over(second.client, id);
  expect(done).toMatchObject({
    status: "failed",
    errors: { data: [{ code: "input_file_missing" }] },
    request_counts: { completed: 1 },
  });
  expect(await read(second.client, done.output_file_id)).toHaveLength(1);
});

it("cancels: what runs ends and is kept, nothing more begins", async () => {
  const gate = gated();
  const { client } = await start({ run: gate.run });
  const { id } = await begin(client, linesOf(30));
  await expect.poll(() => gate.waiting.length).toBe(4);
  expect(await client.batches.cancel(id)).toMatchObject({ status: "cancelling" });
  gate.open();
  const done = await over(client, id);
  expect(done).toMatchObject({
    status: "cancelled",
    request_counts: { total: 30, completed: 4, failed: 0 },
  });
  expect(await read(client, done.output_file_id)).toHaveLength(4);
});

it("expires after its window, and says which lines were not run", async () => {
  const gate = gated();
  let now = Date.now();
  let windowEnds: () => void = () => undefined;
  const { client } = await start({
    run: (body, signal) => (body.text === "line-0" ? good(body, signal) : gate.run(body, signal)),
    now: () => now,
    pause: (_ms, signal) =>
      new Promise((resolve) => {
        windowEnds = resolve;
        signal.addEventListener("abort", () => resolve());
      }),
  });
  const { id } = await begin(client, linesOf(8));
  await expect.poll(() => gate.waiting.length).toBe(4);
  now += 86_400_000;
  windowEnds();
  const done = await over(client, id);
  expect(done).toMatchObject({
    status: "expired",
    request_counts: { total: 8, completed: 1, failed: 7 },
  });
  expect(await read(client, done.error_file_id)).toMatchObject(
    Array.from({ length: 7 }, () => ({ response: null, error: { code: "batch_expired" } })),
  );
});

it("expires also while no server ran", async () => {
  const gate = gated();
  const first = await start({
    run: (body, signal) => (body.text === "line-0" ? good(body, signal) : gate.run(body, signal)),
  });
  const { id } = await begin(first.client, linesOf(8));
  await eventually(
    () => first.client.batches.retrieve(id),
    ({ request_counts: counts }) => counts?.completed === 1,
  );
  await first.batches.close();
  const second = await start({
    folder: first.folder,
    now: () => Date.now() + 86_400_001,
    run: () => Promise.reject(new Error("must not run")),
  });
  expect(await over(second.client, id)).toMatchObject({
    status: "expired",
    request_counts: { total: 8, completed: 1, failed: 7 },
  });
});

it("tries again what may succeed later, and lets callers go first", async () => {
  const tries = new Map<string, number>();
  let busyFor = 3;
  const { client } = await start({
    isBusy: () => busyFor-- > 0,
    async run(body, signal) {
      const count = (tries.get(body.text) ?? 0) + 1;
      tries.set(body.text, count);
      if (count < 3) return { status: 429, body: {}, retryAfterMs: 100 };
      return good(body, signal);
    },
  });
  const { id } = await begin(client, linesOf(5));
  expect((await over(client, id)).request_counts).toMatchObject({ completed: 5, failed: 0 });
  expect([...tries.values()]).toEqual([3, 3, 3, 3, 3]);
  expect(busyFor).toBeLessThanOrEqual(0);
});

it("runs nothing for a key that was revoked", async () => {
  const { client } = await start({
    isRevoked: () => true,
    run: () => Promise.reject(new Error("must not run")),
  });
  const { id } = await begin(client, linesOf(2));
  const done = await over(client, id);
  expect(done).toMatchObject({ output_file_id: null, request_counts: { failed: 2 } });
  expect(await read(client, done.error_file_id)).toMatchObject([
    { response: { status_code: 401 } },
    { response: { status_code: 401 } },
  ]);
});

/** A disk of one megabyte; undefined where this user may not mount one. */
function smallDisk(): string | undefined {
  const folder = join(temporaryFolder(), "disk");
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => {
    execFileSync("umount", ["-l", folder]);
  });
  return folder;
}

it("refuses an upload that the disk has no room for, and leaves nothing behind", async (context) => {
  const folder = smallDisk();
  if (folder === undefined) missing(context, "the right to mount a tmpfs");
  const { client } = await start({ folder });
  const file = await toFile(Buffer.alloc(2 * 1024 * 1024), "big");
  await expect(client.files.create({ file, purpose: "user_data" })).rejects.toMatchObject({
    status: 507,
    code: "storage_full",
  });
  expect(readdirSync(join(folder, "files"))).toEqual([]);
  const small = await toFile(Buffer.from("x"), "small");
  expect(await client.files.create({ file: small, purpose: "user_data" })).toMatchObject({
    bytes: 1,
  });
});

it("waits with a full disk until there is room, and loses no result", async (context) => {
  const folder = smallDisk();
  if (folder === undefined) missing(context, "the right to mount a tmpfs");
  const gate = gated();
  let runs = 0;
  let pauses = 0;
  const filler = join(folder, "filler");
  const { client } = await start({
    folder,
    pause: (ms, signal) => {
      if (ms === 10_000 && (pauses += 1) === 5) writeFileSync(filler, "");
      return briefly(ms, signal);
    },
    run(body, signal) {
      runs += 1;
      return gate.run(body, signal);
    },
  });
  const { id } = await begin(client, linesOf(6));
  await expect.poll(() => gate.waiting.length).toBe(4);
  try {
    writeFileSync(filler, Buffer.alloc(1024 * 1024));
  } catch {
    // Full is what was wanted: the file has taken all there was.
  }
  gate.open();
  const done = await over(client, id);
  expect(pauses).toBeGreaterThanOrEqual(5);
  expect(done).toMatchObject({ status: "completed", request_counts: { completed: 6, failed: 0 } });
  expect(runs).toBe(6);
  expect(await read(client, done.output_file_id)).toHaveLength(6);
});

it("describes its routes", async () => {
  const { app } = await start();
  const paths = new Set(app.operations.map(({ method, path }) => `${method} ${path}`));
  for (const path of [
    "post /v1/files",
    "get /v1/files",
    "get /v1/files/{id}/content",
    "post /v1/batches",
    "post /v1/batches/{id}/cancel",
  ]) {
    expect([...paths]).toContain(path);
  }
});

it("survives kill -9 of the whole server in the middle of a batch", async () => {
  const mock = await createMockUpstream({ tokens: 3, firstMs: 20 });
  onTestFinished(() => mock.close());
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, "weir.yaml"),
    `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  const connect = async () => {
    const server = await serve(folder);
    return { server, client: new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${server.url}/v1` }) };
  };
  const ids = Array.from({ length: 40 }, (_, at) => `line-${at}`);
  const lines = ids.map((id) =>
    line(id, { body: { model: "chat", messages: [{ role: "user", content: id }] } }),
  );
  const first = await connect();
  const { id } = await begin(first.client, [
    ...lines,
    line("nobody", { body: { model: "nope", messages: [{ role: "user", content: "x" }] } }),
  ]);
  await eventually(
    () => first.client.batches.retrieve(id),
    ({ request_counts: counts }) => (counts?.completed ?? 0) >= 10,
  );
  first.server.child.kill("SIGKILL");
  await first.server.ended;
  const second = await connect();
  const done = await over(second.client, id);
  expect(done).toMatchObject({
    status: "completed",
    request_counts: { total: 41, completed: 40, failed: 1 },
  });
  const output = await read(second.client, done.output_file_id);
  expect(output.map((one) => one.custom_id).toSorted()).toEqual(ids.toSorted());
  expect(await read(second.client, done.error_file_id)).toMatchObject([
    { custom_id: "nobody", response: { status_code: 404 } },
  ]);
  // Every line ran, and at most those that were under way ran twice.
  expect(mock.requests.length).toBeGreaterThanOrEqual(40);
  expect(mock.requests.length).toBeLessThanOrEqual(44);
}, 60_000);
