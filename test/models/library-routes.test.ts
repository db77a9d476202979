import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SHAPES, writeRandomModel } from "../../bench/engine/random-model.ts";
import type {
  FileContents,
  LibraryJob,
  LibraryList,
  LibraryMeasurement,
} from "../../src/http/library-schemas.ts";
import type { Log } from "../../src/core/log.ts";
import { silentLog } from "../../src/core/log.ts";
import { type TestServer, eventually, startServer, temporaryFolder } from "../support/server.ts";
import { startHub } from "./hub.ts";

/** The library as the dashboard uses it: jobs that pull, quantize and measure, begun and looked at over HTTP. */

const DEMO =
  "models: { chat: { targets: [{ provider: llama, file: demo, slots: 1, context: 256 }] } }";
const DEMO_REF = "served:chat:llama/demo";
const PATIENCE = { timeout: 240_000 };
const TEXT = readFileSync(join(import.meta.dirname, "..", "..", "models", "sample.txt"), "utf8");
const MEASURING = { text: TEXT.slice(0, 1500), windowTokens: 128 };

async function modelBytes(seed: number): Promise<Buffer> {
  const path = join(temporaryFolder(), "model.gguf");
  await writeRandomModel(path, SHAPES.tiny, seed);
  return readFileSync(path);
}

async function startWithHub({ yaml = DEMO, log = silentLog }: { yaml?: string; log?: Log } = {}) {
  const [q4, q8] = [await modelBytes(1), await modelBytes(2)];
  const hub = await startHub({ "org/tiny-GGUF": { "tiny-Q4_K_M.gguf": q4, "tiny-Q8_0.gguf": q8 } });
  const server = await startServer(yaml, { env: { HF_ENDPOINT: hub.endpoint }, log });
  return { hub, server, q4, q8 };
}

const PATH = "/admin/v1/library";

async function json<T>(answer: Promise<Response> | Response): Promise<T> {
  return (await (await answer).json()) as T;
}

async function begin(server: TestServer, what: string, wish: unknown): Promise<LibraryJob> {
  const answer = await server.call(`${PATH}/${what}`, wish);
  const text = await answer.text();
  expect({ status: answer.status, text }).toMatchObject({ status: 202 });
  return JSON.parse(text) as LibraryJob;
}

const look = (server: TestServer, id: string) =>
  json<LibraryJob>(server.call(`${PATH}/jobs/${id}`));

const ended = ({ state }: LibraryJob) => state !== "waiting" && state !== "running";

/** The job when it has ended; how long that takes is the machine's affair. */
async function ending(server: TestServer, id: string): Promise<LibraryJob> {
  for (;;) {
    const job = await look(server, id);
    if (ended(job)) return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function done(server: TestServer, what: string, wish: unknown): Promise<LibraryJob> {
  const { id } = await begin(server, what, wish);
  return ending(server, id);
}

async function refused(answer: Promise<Response>) {
  const given = await answer;
  const { error } = await json<{ error: { message: string; param: string | null } }>(given);
  return { status: given.status, ...error };
}

const list = (server: TestServer) => json<LibraryList>(server.call(PATH));

const filesIn = (server: TestServer) =>
  readdirSync(join(server.folder, "data", "library", "blobs"));

it("shows the built-in model before anything was pulled, and what is in it", async () => {
  const server = await startServer(DEMO);
  const { files, types, sample } = await list(server);
  expect(files).toMatchObject([
    { ref: DEMO_REF, name: "demo", inLibrary: false, usedBy: ["chat"], path: "demo" },
  ]);
  expect(files[0]?.facts).toMatchObject({ type: "Q8_0", quantized: true });
  expect(types).toContain("Q4_K_M");
  expect(sample.characters).toBe(TEXT.length);
  const contents = await json<FileContents>(
    server.call(`${PATH}/file?ref=${encodeURIComponent(DEMO_REF)}`),
  );
  expect(contents.tensors.length).toBeGreaterThan(10);
  expect(contents.types.map(({ type }) => type)).toEqual(["Q8_0", "F32"]);
  expect(contents.metadata).toContainEqual(
    expect.objectContaining({ key: "general.architecture", type: "string", count: null }),
  );
  expect(contents.chatTemplate).toContain("{%");
  const sizes = new Map(contents.sizes.map(({ type, bytes }) => [type, bytes]));
  expect(sizes.get("Q8_0")).toBeLessThan(sizes.get("F16") ?? 0);
});

it("pulls from the hub with progress, notes who asked, and says that it is used", async () => {
  const lines: [string, unknown][] = [];
  const log: Log = {
    ...silentLog,
    part: () => log,
    info: (event, fields) => lines.push([event, fields]),
  };
  const { hub, server, q4 } = await startWithHub({ log });
  const gate = Promise.withResolvers<void>();
  hub.gate = gate.promise;
  const { id } = await begin(server, "pull", { source: "hf:org/tiny-GGUF" });
  expect(await look(server, id)).toMatchObject({ kind: "pull", state: "running", unit: "bytes" });
  gate.resolve();
  hub.gate = undefined;
  const job = await ending(server, id);
  expect(job).toMatchObject({
    state: "done",
    done: q4.length,
    all: q4.length,
    result: { name: "org/tiny-GGUF/tiny-Q4_K_M" },
  });
  const file = (await list(server)).files.find(({ inLibrary }) => inLibrary);
  expect(file).toMatchObject({ license: "apache-2.0", bytes: q4.length, usedBy: [] });
  expect(readFileSync(file?.path ?? "").equals(q4)).toBe(true);
  expect(lines).toContainEqual([
    "model_pull_asked",
    expect.objectContaining({ subject: "hf:org/tiny-GGUF" }),
  ]);
});

it("cancels a pull, keeps what came, and goes on from there", async () => {
  const { hub, server, q4 } = await startWithHub();
  hub.breaks = { after: Math.floor(q4.length / 2), times: 1 };
  // The question for its length is answered, then one half; what is asked for next does not come.
  let answers = 0;
  const hold = new Promise<void>(() => undefined);
  const gate = { configurable: true, get: () => (++answers > 2 ? hold : undefined) };
  Object.defineProperty(hub, "gate", gate);
  const first = await begin(server, "pull", { source: "hf:org/tiny-GGUF" });
  await eventually(
    () => look(server, first.id),
    ({ done: bytes }) => bytes > 0,
  );
  await server.call(`${PATH}/jobs/${first.id}/cancel`, {});
  const job = await ending(server, first.id);
  expect(job).toMatchObject({ state: "canceled", error: null });
  expect((await list(server)).files.filter(({ inLibrary }) => inLibrary)).toEqual([]);
  Object.defineProperty(hub, "gate", { value: undefined });
  const before = hub.sent;
  expect(await done(server, "pull", { source: "hf:org/tiny-GGUF" })).toMatchObject({
    state: "done",
  });
  expect(hub.sent - before).toBeLessThan(q4.length * 0.9);
  const again = await refused(server.call(`${PATH}/jobs/${first.id}/cancel`, {}));
  expect(again).toMatchObject({ status: 409, message: "The job has ended already." });
});

it.each<[string, RegExp]>([
  ["hf:org/none", /There is no org\/none on the hub; check the name/],
  ["hf:org/tiny-GGUF:Q2_K", /has no Q2_K: Q4_K_M, Q8_0/],
])("says in plain words why %s cannot be pulled", async (source, message) => {
  const { server } = await startWithHub();
  const job = await done(server, "pull", { source });
  expect(job).toMatchObject({ state: "failed", error: { code: "invalid_request" } });
  expect(job.error?.message).toMatch(message);
});

it("says so where the hub lies, and keeps nothing", async () => {
  const { hub, server } = await startWithHub();
  hub.lies = { sha256: "0".repeat(64) };
  const job = await done(server, "pull", { source: "hf:org/tiny-GGUF" });
  expect(job.error?.message).toMatch(/its SHA-256 differs/);
  expect(filesIn(server)).toEqual([]);
});

it.each<[string, unknown, string, RegExp]>([
  ["pull", { source: "/etc/passwd" }, "source", /Expected hf:ORG\/REPO/],
  ["pull", { source: "file:///etc/passwd" }, "source", /Expected hf:ORG\/REPO/],
  ["pull", { source: "hf:nonsense" }, "source", /Expected hf:ORG/],
  ["pull", { source: "hf:a/b", name: "../../out" }, "name", /is no name for a model/],
  ["quantize", { ref: "x", type: "Q4_0" }, "ref", /There: served:chat:llama\/demo/],
  ["quantize", { ref: "../../etc/passwd", type: "Q4_0" }, "ref", /no model file/],
  ["quantize", { ref: "library:../x", type: "Q4_0" }, "ref", /no model file/],
  ["quantize", { ref: DEMO_REF, type: "Q9" }, "type", /There is no type "Q9"/],
  ["quantize", { ref: DEMO_REF, type: "Q4_0" }, "again", /is Q8_0 already/],
  ["quantize", { ref: DEMO_REF, type: "F16", again: true, name: "a/../b" }, "name", /is no name/],
  ["compare", { original: DEMO_REF, files: ["x"] }, "files[0]", /no model file/],
  ["compare", { original: DEMO_REF, files: [], text: "short" }, "text", /some hundred characters/],
  ["optimize", { original: "none" }, "original", /no model file/],
  ["optimize", { original: DEMO_REF, divergence: -1 }, "divergence", /0/],
])("refuses %s of %j", async (what, wish, param, message) => {
  const { server } = await startWithHub();
  const answer = await refused(server.call(`${PATH}/${what}`, wish));
  expect([400, 404]).toContain(answer.status);
  expect(answer.param).toBe(param);
  expect(answer.message).toMatch(message);
});

it("shows no file by its path", async () => {
  const { server } = await startWithHub();
  for (const ref of ["/etc/passwd", "library:../../../etc/passwd", "..%2f..%2fetc"]) {
    const answer = await refused(server.call(`${PATH}/file?ref=${encodeURIComponent(ref)}`));
    expect(answer).toMatchObject({ status: 404, param: "ref" });
    const gone = await server.call(`${PATH}/file?ref=${encodeURIComponent(ref)}`, undefined, {
      method: "DELETE",
    });
    expect(gone.status).toBe(404);
  }
});

it("asks no private address for a model, but the hub's own and what is allowed", async () => {
  const { hub, server } = await startWithHub();
  const other = await startHub({ "org/x": { "x.gguf": await modelBytes(3) } });
  const inner = other.endpoint.replace("127.0.0.1", "localhost");
  for (const source of [`${inner}/org/x/resolve/main/x.gguf`, "https://169.254.169.254/latest"]) {
    const job = await done(server, "pull", { source });
    expect(job).toMatchObject({ state: "failed", error: { code: "forbidden" } });
    expect(job.error?.message).toMatch(/library\.allowedHosts/);
  }
  expect(other.asked).toEqual([]);
  expect(hub.asked).toEqual([]);
  const allowing = `${DEMO}\nlibrary: { allowedHosts: [localhost, 127.0.0.1] }`;
  const open = await startServer(allowing, { env: { HF_ENDPOINT: hub.endpoint } });
  const url = `${inner}/org/x/resolve/main/x.gguf?token=secret`;
  const job = await done(open, "pull", { source: url });
  expect(job).toMatchObject({ state: "done", result: { name: "x" } });
  expect(JSON.stringify(await list(open)) + JSON.stringify(job)).not.toContain("secret");
});

it("quantizes, compares, optimizes, and serves what it chose", PATIENCE, async () => {
  const { server } = await startWithHub();
  const f16 = await done(server, "quantize", { ref: DEMO_REF, type: "F16", again: true });
  expect(f16).toMatchObject({ state: "done", result: { name: "demo-F16" } });
  const types = ["Q8_0", "Q5_K_M", "Q4_K_M", "Q4_0", "Q3_K_M"];
  for (const type of types) {
    const job = await done(server, "quantize", { ref: "library:demo-F16", type });
    expect(job).toMatchObject({ state: "done", result: { name: `demo-${type}` } });
  }
  const { files } = await list(server);
  expect(files.find(({ name }) => name === "demo-Q4_0")).toMatchObject({
    original: "demo-F16",
    source: "demo-F16 as Q4_0",
    facts: { type: "Q4_0" },
  });
  const taken = await refused(
    server.call(`${PATH}/quantize`, { ref: "library:demo-F16", type: "Q4_0" }),
  );
  expect(taken).toMatchObject({ status: 409, param: "name" });

  const wish = { original: "library:demo-F16", files: types.map((type) => `library:demo-${type}`) };
  const compared = await done(server, "compare", { ...wish, ...MEASURING });
  expect(compared).toMatchObject({ state: "done" });
  const best = await done(server, "optimize", {
    original: "library:demo-F16",
    divergence: 0.5,
    ...MEASURING,
  });
  expect(best).toMatchObject({ state: "done", result: { name: "demo-optimized" } });
  const { measurements } = await json<{ measurements: LibraryMeasurement[] }>(
    server.call(`${PATH}/measurements`),
  );
  expect(measurements.map(({ id }) => id)).toEqual([
    best.result?.measurement,
    compared.result?.measurement,
  ]);
  const [found, table] = measurements;
  expect(table?.rows.map(({ name }) => name)).toEqual([
    "demo-F16",
    ...types.map((type) => `demo-${type}`),
  ]);
  expect(table?.rows[0]).toMatchObject({ divergence: 0, sameTop: 1 });
  expect(table?.rows[4]?.divergence).toBeGreaterThan(table?.rows[1]?.divergence ?? Infinity);
  expect(found?.chosen?.card).toContain("the smallest type within 0.5 nats a token");
  expect(JSON.stringify(measurements)).not.toContain(MEASURING.text.slice(40, 80));
  expect(filesIn(server).filter((name) => !/^[0-9a-f]{64}$/.test(name))).toEqual([]);

  const path = (await list(server)).files.find(({ name }) => name === "demo-optimized")?.path;
  const serving = await startServer(
    `models: { m: { targets: [{ provider: llama, file: "${path}" }] } }`,
  );
  await serving.ready();
  const messages = [{ role: "user", content: "What is Weir?" }];
  const ask = { model: "m", messages, max_tokens: 8 };
  expect((await serving.call("/v1/chat/completions", ask)).status).toBe(200);
});

it("says so where no type is good enough, and keeps the figures", PATIENCE, async () => {
  const { server } = await startWithHub();
  // As long as a text may be, and each letter three bytes: it is taken.
  const wish = { original: DEMO_REF, memoryBytes: 1000, text: "水".repeat(600_000) };
  const job = await done(server, "optimize", wish);
  expect(job).toMatchObject({ state: "done", error: null });
  expect(job.result).not.toHaveProperty("name");
  const path = `${PATH}/measurements`;
  const { measurements } = await json<{ measurements: LibraryMeasurement[] }>(server.call(path));
  expect(measurements).toMatchObject([
    { id: job.result?.measurement, chosen: null, rows: [], bounds: { memoryBytes: 1000 } },
  ]);
  const drop = () =>
    server.call(`${path}/${job.result?.measurement}`, undefined, { method: "DELETE" });
  expect((await drop()).status).toBe(204);
  expect((await drop()).status).toBe(404);
  expect(filesIn(server)).toEqual([]);
});

it("keeps what is in use, removes the rest, and cleans up", PATIENCE, async () => {
  const { server, q8 } = await startWithHub();
  await done(server, "pull", { source: "hf:org/tiny-GGUF:Q8_0", name: "eight" });
  await done(server, "pull", { source: "hf:org/tiny-GGUF:Q4_K_M", name: "four" });
  await done(server, "pull", { source: "hf:org/tiny-GGUF:Q4_K_M", name: "the-same" });
  const drop = (ref: string) =>
    server.call(`${PATH}/file?ref=${encodeURIComponent(ref)}`, undefined, { method: "DELETE" });
  expect(await refused(drop(DEMO_REF))).toMatchObject({ status: 409 });
  expect((await drop("library:eight")).status).toBe(204);
  expect((await list(server)).unusedBytes).toBe(q8.length);
  const cleaned = await json(server.call(`${PATH}/clean`, undefined, { method: "POST" }));
  expect(cleaned).toEqual({ freedBytes: q8.length });

  const path = (await list(server)).files.find(({ name }) => name === "four")?.path ?? "";
  const folder = server.folder;
  await server.close();
  const yaml = `models: { four: { targets: [{ provider: llama, file: "${path}" }] } }`;
  const serving = await startServer(yaml, { folder });
  const { files } = await list(serving);
  expect(files).toMatchObject([
    { ref: "library:four", usedBy: ["four"] },
    { ref: "library:the-same", usedBy: [] },
  ]);
  const remove = `${PATH}/file?ref=${encodeURIComponent("library:four")}`;
  expect(await refused(serving.call(remove, undefined, { method: "DELETE" }))).toMatchObject({
    status: 409,
    message: expect.stringMatching(/answers for four: take it out of weir.yaml first/),
  });
});

it("ends what is under way with the server, and leaves nothing half done", async () => {
  const { server } = await startWithHub();
  const { id } = await begin(server, "quantize", { ref: DEMO_REF, type: "F16", again: true });
  const second = await begin(server, "optimize", {
    original: DEMO_REF,
    divergence: 0,
    ...MEASURING,
  });
  expect((await look(server, second.id)).state).toBe("waiting");
  const clash = await refused(server.call(`${PATH}/clean`, undefined, { method: "POST" }));
  expect(clash).toMatchObject({ status: 409 });
  await server.call(`${PATH}/jobs/${id}/cancel`, {});
  await ending(server, id);
  await eventually(
    () => look(server, second.id),
    ({ state }) => state === "running",
  );
  const { folder } = server;
  await server.close();
  const library = join(folder, "data", "library");
  const left = readdirSync(join(library, "blobs")).filter((name) => !/^[0-9a-f]{64}$/.test(name));
  expect(left).toEqual([]);
  expect(readdirSync(join(library, "measurements"))).toEqual([]);
});

it("cancels what waits at once, and says where a file cannot be read", async () => {
  const { server } = await startWithHub();
  const first = await begin(server, "optimize", {
    original: DEMO_REF,
    divergence: 0,
    ...MEASURING,
  });
  const second = await begin(server, "compare", { original: DEMO_REF, files: [], ...MEASURING });
  const canceled = await json<LibraryJob>(server.call(`${PATH}/jobs/${second.id}/cancel`, {}));
  expect(canceled).toMatchObject({ state: "canceled", startedAt: null });
  await server.call(`${PATH}/jobs/${first.id}/cancel`, {});
  expect(await ending(server, first.id)).toMatchObject({
    state: "canceled",
  });

  const broken = join(temporaryFolder(), "broken.gguf");
  writeFileSync(broken, "no model");
  const yaml = `models: { bad: { targets: [{ provider: llama, file: "${broken}" }] } }`;
  const other = await startServer(yaml);
  const { files } = await list(other);
  expect(files).toMatchObject([{ facts: null, problem: expect.stringMatching(/broken\.gguf/) }]);
  const ref = encodeURIComponent(files[0]?.ref ?? "");
  expect((await other.call(`${PATH}/file?ref=${ref}`)).status).toBe(400);
  expect(existsSync(join(other.folder, "data", "library", "entries"))).toBe(true);
});
