import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { type Socket, connect } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { Overhead } from "../src/http/trace-schemas.ts";
import { missing } from "./support/missing.ts";
import { type Cli, serve } from "./support/process.ts";
import { ADMIN_KEY, eventually, startServer, temporaryFolder } from "./support/server.ts";
import { mountTmpfs } from "./support/tmpfs.ts";

/** How the server ends, is reloaded and says how it is: with real processes, under load. */

const HI = { model: "chat", messages: [{ role: "user", content: "Hi" }] };

type MockOptions = Parameters<typeof createMockUpstream>[0];

async function mocked(options: MockOptions = {}) {
  const mock = await createMockUpstream(options);
  onTestFinished(() => mock.close());
  return mock;
}

interface Ready {
  readonly status: string;
  readonly reasons: string[];
}

const targetAt = (url: string, model = "up") =>
  `{ provider: openai-compatible, url: "${url}", model: ${model} }`;

/** `weir serve` with one model on a mock upstream; `server` is that section of weir.yaml. */
async function started(server: string, options: MockOptions = {}) {
  const mock = await mocked(options);
  const folder = temporaryFolder();
  const yaml = `server: { ${server} }\nmodels: { chat: { targets: [${targetAt(mock.url)}] } }\n`;
  writeFileSync(join(folder, "weir.yaml"), yaml);
  return { mock, folder, yaml, server: await serve(folder) };
}

function call(url: string, body: unknown = HI): Promise<Response> {
  return fetch(new URL("/v1/chat/completions", url), {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify(body),
  });
}

const stream = (url: string) => call(url, { ...HI, stream: true });

/** What came over a bare socket so far, and when it closed. */
function raw(url: string) {
  const socket: Socket = connect(Number(new URL(url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
  socket.on("error", () => undefined);
  const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  return { socket, closed, text: () => text };
}

it("loses no running call at SIGTERM: whole answers, streams, and those that still wait", async () => {
  const { server, mock } = await started("drain: 60s", { tokens: 60 });
  const letEnd = mock.hold();
  const answers = Array.from({ length: 24 }, async (_, index) => {
    const answer = await (index % 2 === 0 ? stream(server.url) : call(server.url));
    return { status: answer.status, text: await answer.text() };
  });
  const active = async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(/^weir_active_calls (\d+)/m.exec(text)?.[1]);
  };
  await eventually(active, (count) => count === 24);
  server.child.kill("SIGTERM");
  await server.says(/"event":"stopping"/);
  letEnd();
  for (const { status, text } of await Promise.all(answers)) {
    expect(status).toBe(200);
    expect(text).toContain("word59");
  }
  expect(await server.ended).toBe(0);
});

it("says that it is not ready before it stops listening, and lets connections go", async () => {
  const { server } = await started("drainDelay: 4s");
  expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  server.child.kill("SIGTERM");
  await server.says(/"event":"stopping"/);
  const ready = await fetch(`${server.url}/ready`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({
    status: "not_ready",
    reasons: ["the server is shutting down"],
  });
  expect(ready.headers.get("connection")).toBe("close");
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  const answer = await call(server.url);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("connection")).toBe("close");
  await answer.text();
  expect(await server.ended).toBe(0);
});

it("turns a call away that comes on an open connection while it drains", async () => {
  const { server, mock } = await started("drain: 60s");
  const letEnd = mock.hold();
  const running = await stream(server.url);
  const open = raw(server.url);
  open.socket.write("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n");
  // A second request on it would be needed to see that the first part was read: one round trip is enough.
  await (await fetch(`${server.url}/health`)).text();
  server.child.kill("SIGTERM");
  await server.says(/"event":"stopping"/);
  open.socket.write(`authorization: Bearer ${ADMIN_KEY}\r\ncontent-length: 2\r\n\r\n{}`);
  const answer = await open.closed;
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer).toMatch(/retry-after: \d/i);
  expect(answer).toMatch(/connection: close/i);
  expect(answer).toContain("shutting_down");
  letEnd();
  expect(await running.text()).toContain("[DONE]");
});

it("cuts what does not end in time with the protocol's own error, and accounts for it", async () => {
  const endless = await mocked({ tokens: 100_000, tokenMs: 10 });
  const silent = await mocked({ firstMs: 60_000 });
  const folder = temporaryFolder();
  const models = `chat: { targets: [${targetAt(endless.url)}] }, late: { targets: [${targetAt(silent.url)}] }`;
  writeFileSync(join(folder, "weir.yaml"), `server: { drain: 300ms }\nmodels: { ${models} }\n`);
  const server = await serve(folder);
  const running = await stream(server.url);
  const whole = call(server.url, { ...HI, model: "late" });
  await eventually(
    async () => (await fetch(`${server.url}/metrics`)).text(),
    (text) => text.includes("weir_active_calls 2"),
  );
  server.child.kill("SIGTERM");
  const text = await running.text();
  expect(text).toMatch(/data: \{"error":\{.*"code":"shutting_down"/);
  const refused = await whole;
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ error: { code: "shutting_down" } });
  expect(await server.ended).toBe(0);
  const again = await serve(folder);
  const { calls } = (await (
    await fetch(`${again.url}/admin/v1/calls`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    })
  ).json()) as { calls: { status: string; errorCode: string; outputTokens: number }[] };
  expect(calls).toHaveLength(2);
  expect(calls.map(({ errorCode }) => errorCode)).toEqual(["shutting_down", "shutting_down"]);
  expect(calls.some(({ outputTokens }) => outputTokens > 0)).toBe(true);
});

it.each([1, 2])("ends at once at a second signal (%s worker)", async (workers) => {
  const endless = await mocked({ tokens: 100_000, tokenMs: 10 });
  const folder = temporaryFolder();
  const yaml = `server: { drain: 10m }\nmodels: { chat: { targets: [${targetAt(endless.url)}] } }\n`;
  writeFileSync(join(folder, "weir.yaml"), yaml);
  const server = await serve(folder, {}, ["--workers", String(workers)]);
  const running = await stream(server.url);
  server.child.kill("SIGTERM");
  await server.says(/"event":"stopping"/);
  server.child.kill("SIGTERM");
  expect(await server.ended).toBe(130);
  await expect(running.text()).rejects.toThrow("terminated");
  await eventually(
    () => Promise.resolve(endless.aborted()),
    (count) => count === 1,
  );
});

/** Calls without a pause from several clients until `stop`; gives every answer that was not whole. */
function load(url: string, clients: number) {
  const state = { isOver: false };
  let count = 0;
  const failures: string[] = [];
  const workers = Array.from({ length: clients }, async (_, index) => {
    while (!state.isOver) {
      try {
        const answer = await (index % 2 === 0 ? stream(url) : call(url));
        const text = await answer.text();
        count += 1;
        if (answer.status !== 200 || !text.includes("word19")) failures.push(text);
      } catch (cause) {
        failures.push(String(cause));
      }
    }
  });
  return {
    count: () => count,
    async stop() {
      state.isOver = true;
      await Promise.all(workers);
      return failures;
    },
  };
}

const applied = (server: Cli): number =>
  server.output().split('"event":"config_applied"').length - 1;

it("drops no call when its configuration changes under load, also when a target goes", async () => {
  const options = { tokens: 20, tokenMs: 5 };
  const { server, folder, mock, yaml } = await started("", options);
  const other = await mocked(options);
  const running = load(server.url, 8);
  const yamls = [
    yaml.replace(mock.url, other.url),
    yaml.replace("targets: [", `targets: [${targetAt(other.url)}, `),
    yaml.replace("{  }", "{ heartbeat: 1s }"),
    yaml,
  ];
  for (const [index, next] of [...yamls, ...yamls].entries()) {
    const before = running.count();
    writeFileSync(join(folder, "weir.yaml"), `${next}# ${index}\n`);
    await eventually(
      () => Promise.resolve(applied(server)),
      (count) => count === index + 1,
    );
    await eventually(
      () => Promise.resolve(running.count()),
      (count) => count > before + 8,
    );
  }
  expect(await running.stop()).toEqual([]);
  expect(other.requests.length).toBeGreaterThan(0);
  expect(mock.aborted() + other.aborted()).toBe(0);
});

it("lets a running stream end on a target that is gone from the configuration", async () => {
  const { server, folder, yaml, mock } = await started("", { tokens: 150 });
  const letEnd = mock.hold();
  const running = await stream(server.url);
  writeFileSync(join(folder, "weir.yaml"), yaml.replace("chat:", "other:"));
  await server.says(/"event":"config_applied"/);
  expect((await call(server.url)).status).toBe(404);
  letEnd();
  const text = await running.text();
  expect(text).toContain("word149");
  expect(text).toContain("[DONE]");
  expect(mock.aborted()).toBe(0);
});

it("reloads at SIGHUP, and says what needs a restart", async () => {
  const { server, folder, yaml } = await started("");
  server.child.kill("SIGHUP");
  await server.says(/"event":"config_applied"/);
  const other = `${yaml.replace("{  }", "{ host: 127.0.0.2 }")}\nredis: { url: redis://127.0.0.1:1 }\ntraces: { maxBodyMiB: 7 }\n`;
  writeFileSync(join(folder, "weir.yaml"), other);
  await server.says(/"event":"restart_needed".*"server\.host","redis","traces\.maxBodyMiB"/);
  expect((await call(server.url)).status).toBe(200);
});

it("is not ready while its disk is full, lives on, and is ready again", async (context) => {
  const disk = mountTmpfs("size=1m");
  if (disk === undefined) missing(context, "the right to mount a tmpfs");
  const { folder } = await started("");
  const server = await serve(folder, {}, ["--data", disk]);
  const filler = join(disk, "filler");
  try {
    writeFileSync(filler, Buffer.alloc(1024 * 1024));
  } catch {
    // Full is what was wanted: the file has taken all there was.
  }
  const ready = async () => (await fetch(`${server.url}/ready`)).json() as Promise<Ready>;
  const full = await eventually(ready, ({ status }) => status === "not_ready");
  expect(full.reasons.join()).toMatch(/data folder cannot be written/);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  writeFileSync(filler, "");
  await eventually(ready, ({ status }) => status === "ready");
});

it("is not ready while an embedded model cannot be loaded", async () => {
  const server = await startServer(
    "models: { chat: { targets: [{ provider: llama, file: nowhere.gguf }] } }",
  );
  const answer = await eventually(
    async () => (await fetch(`${server.url}/ready`)).json() as Promise<{ reasons: string[] }>,
    ({ reasons }) => reasons.some((reason) => reason.includes("failed")),
  );
  expect(answer.reasons[0]).toContain("nowhere");
});

/** The access log's lines so far. */
function lines(server: Cli): Record<string, unknown>[] {
  return server
    .output()
    .split("\n")
    .filter((line) => line.includes('"event":"access"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

it("writes a line for each request that ended, without prompts and queries", async () => {
  const { server } = await started("accessLog: all", { tokens: 5 });
  const prompt = { ...HI, messages: [{ role: "user", content: "quokka" }] };
  await (await call(server.url, prompt)).text();
  await (await call(server.url, { ...prompt, stream: true })).text();
  await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer wk-wrong" },
    body: "{}",
  });
  await fetch(`${server.url}/admin/v1/calls?secret=hunter2`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  });
  const all = await eventually(
    () => Promise.resolve(lines(server)),
    (found) => found.length >= 4,
  );
  expect(all[0]).toMatchObject({
    level: "info",
    method: "POST",
    route: "/v1/chat/completions",
    status: 200,
    tenant: "default",
    model: "chat",
    target: "openai-compatible/up",
    client: "127.0.0.1",
    httpVersion: "1.1",
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    durationMs: expect.any(Number),
    bytesIn: expect.any(Number),
    keyName: expect.any(String),
  });
  expect(Number(all[1]?.["bytesOut"])).toBeGreaterThan(300);
  expect(all[2]).toMatchObject({ status: 401, error: "unauthorized" });
  expect(all[2]).not.toHaveProperty("model");
  expect(all[3]).toMatchObject({ method: "GET", route: "/admin/v1/calls", status: 400 });
  expect(server.output()).not.toMatch(/quokka|hunter2|wk-wrong/);
});

it("writes only failures where it is not told otherwise, also those of broken streams", async () => {
  const { server, mock } = await started("", { tokens: 5000, tokenMs: 5 });
  await (await fetch(`${server.url}/v1/models`)).text();
  const body = JSON.stringify({ ...HI, stream: true });
  const left = request(new URL("/v1/chat/completions", server.url), {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  });
  left.on("response", (answer) => answer.once("data", () => left.destroy()));
  left.on("error", () => undefined);
  left.end(body);
  await eventually(
    () => Promise.resolve(mock.aborted()),
    (count) => count === 1,
  );
  const all = await eventually(
    () => Promise.resolve(lines(server)),
    (found) => found.length >= 2,
  );
  expect(all).toMatchObject([
    { route: "/v1/models", status: 401, error: "unauthorized" },
    { route: "/v1/chat/completions", status: 200, error: "client_closed", model: "chat" },
  ]);
});

it("says where an answer's time went, in headers and in metrics, unless it is told not to", async () => {
  const mock = await mocked({ firstMs: 30 });
  const yaml = `models: { chat: { targets: [${targetAt(mock.url)}] } }`;
  const server = await startServer(yaml);
  for (const body of [HI, { ...HI, stream: true }]) {
    const answer = await server.call("/v1/chat/completions", body);
    await answer.text();
    const timing = answer.headers.get("server-timing") ?? "";
    expect(timing).toMatch(
      /^auth;dur=[\d.]+, admit;dur=[\d.]+, guard;dur=[\d.]+, cache;dur=[\d.]+, route;dur=[\d.]+, upstream;dur=[\d.]+$/,
    );
    const upstream = Number(/upstream;dur=([\d.]+)/.exec(timing)?.[1]);
    expect(upstream).toBeGreaterThanOrEqual(29);
    expect(Number(answer.headers.get("x-weir-overhead-ms"))).toBeGreaterThanOrEqual(0);
  }
  const metrics = await (await server.call("/metrics")).text();
  expect(metrics).toContain('weir_overhead_seconds_count{stage="guard"} 2');
  const { stages } = Overhead.parse(await (await server.call("/admin/v1/overhead")).json());
  const counts = Object.fromEntries(stages.map(({ stage, ms }) => [stage, ms.count]));
  const each = { auth: 2, admit: 2, guard: 2, cache: 2, route: 2, settle: 2, together: 2 };
  expect(counts).toEqual(each);
  const quiet = await startServer(`server: { timingHeader: false }\n${yaml}`);
  const answer = await quiet.call("/v1/chat/completions", HI);
  expect(answer.headers.has("server-timing")).toBe(false);
});
