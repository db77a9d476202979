import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { serve, weir } from "./support/process.ts";
import { missing } from "./support/missing.ts";
import { mountTmpfs } from "./support/tmpfs.ts";
import { ADMIN_KEY, eventually, temporaryFolder } from "./support/server.ts";

/** The server as a process: how it starts, how it ends, and what it keeps when it is killed. */

const HI = { model: "chat", messages: [{ role: "user", content: "Hi" }] };

async function withUpstream(options: Parameters<typeof createMockUpstream>[0] = {}) {
  const mock = await createMockUpstream(options);
  onTestFinished(() => mock.close());
  const folder = temporaryFolder();
  const yaml = `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }\n`;
  writeFileSync(join(folder, "weir.yaml"), yaml);
  return { mock, folder, yaml };
}

function call(url: string, path: string, body?: unknown): Promise<Response> {
  return fetch(new URL(path, url), {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function countCalls(url: string): Promise<number> {
  const answer = (await (await call(url, "/admin/v1/calls?limit=500")).json()) as {
    calls: unknown[];
  };
  return answer.calls.length;
}

it("prints its URL, an admin key and a call that works, once", async () => {
  const { folder } = await withUpstream();
  const first = weir(["serve", "--port", "0"], { cwd: folder });
  const [, key = ""] = await first.says(/Admin key {2}(wk-\w{40})/);
  const [, url = ""] = await first.says(/listens at (http:\S+)/);
  await first.says(/curl .*\n.*\n.*-d '.*'/);
  const answer = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  expect(answer.status).toBe(200);
  first.child.kill("SIGTERM");
  expect(await first.ended).toBe(0);
  const second = weir(["serve", "--port", "0"], { cwd: folder });
  await second.says(/printed at the first start/);
  expect(second.output()).not.toContain(key);
  expect(readFileSync(join(folder, ".weir", "control.db")).includes(key)).toBe(false);
});

it("lets running streams finish at SIGTERM, turns new calls away, and ends with 0", async () => {
  const { folder } = await withUpstream({ tokens: 40, tokenMs: 10 });
  const server = await serve(folder);
  const running = await call(server.url, "/v1/chat/completions", { ...HI, stream: true });
  server.child.kill("SIGTERM");
  await server.says(/"event":"stopping"/);
  const text = await running.text();
  expect(text).toContain("word39");
  expect(text).toContain("[DONE]");
  expect(await server.ended).toBe(0);
});

it("loses nothing that was settled more than a flush ago when it is killed", async () => {
  const { folder } = await withUpstream();
  const first = await serve(folder);
  for (let count = 0; count < 5; count++)
    await (await call(first.url, "/v1/chat/completions", HI)).text();
  await eventually(
    () => countCalls(first.url),
    (count) => count === 5,
  );
  first.child.kill("SIGKILL");
  await first.ended;
  const second = await serve(folder);
  expect(await countCalls(second.url)).toBe(5);
});

it("says which port is taken and what to do", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo; // a TCP server that listens has one
  const { folder } = await withUpstream();
  const server = weir(["serve", "--port", String(port)], { cwd: folder });
  expect(await server.ended).toBe(1);
  expect(server.output()).toMatch(new RegExp(`Port ${port} .* taken.*--port ${port + 1}`));
});

it("refuses a data folder that another server uses", async () => {
  const { folder } = await withUpstream();
  await serve(folder);
  const second = weir(["serve", "--port", "0"], { cwd: folder });
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(/Another Weir server uses the data folder .*--data/);
});

it("takes a changed config over, and keeps the old one when the new one is bad", async () => {
  const { folder, yaml } = await withUpstream();
  const server = await serve(folder);
  const file = join(folder, "weir.yaml");
  writeFileSync(file, "models: { chat: { targets: [] } }");
  await server.says(/"event":"config_rejected".*at least one target/);
  expect((await call(server.url, "/v1/chat/completions", HI)).status).toBe(200);
  writeFileSync(file, yaml.replace("chat:", "renamed:"));
  await server.says(/"event":"config_applied"/);
  expect((await call(server.url, "/v1/chat/completions", HI)).status).toBe(404);
});

it("keeps secrets and prompts out of its log", async () => {
  const { folder } = await withUpstream({ failRate: 1 });
  const server = await serve(folder, {}, ["--log-level", "debug"]);
  const secret = `sk-proj-${"a1B2".repeat(8)}`;
  await call(server.url, "/v1/chat/completions", {
    ...HI,
    messages: [{ role: "user", content: `quokka ${secret}` }],
  });
  server.child.kill("SIGTERM");
  await server.ended;
  expect(server.output()).not.toMatch(/quokka|sk-proj|wk-test-admin-key/);
});

it("says what to do with a data folder that is read-only", async (context) => {
  const disk = mountTmpfs("size=1m,ro");
  if (disk === undefined) missing(context, "the right to mount a tmpfs");
  const { folder } = await withUpstream();
  const server = weir(["serve", "--port", "0", "--data", join(disk, "data")], { cwd: folder });
  expect(await server.ended).toBe(1);
  expect(server.output()).toMatch(/Cannot use .*--data/s);
});

it("goes on serving when the disk is full, counts what it holds, and keeps it once there is room", async (context) => {
  const disk = mountTmpfs("size=1m");
  if (disk === undefined) missing(context, "the right to mount a tmpfs");
  const { folder } = await withUpstream({ tokens: 200 });
  const server = await serve(folder, {}, ["--data", disk]);
  const filler = join(disk, "filler");
  const fill = () => {
    try {
      writeFileSync(filler, Buffer.alloc(1024 * 1024));
    } catch {
      // Full is what was wanted: the file has taken all there was.
    }
  };
  fill();
  for (let count = 0; count < 50; count++) {
    const answer = await call(server.url, "/v1/chat/completions", HI);
    expect(answer.status).toBe(200);
    await answer.text();
  }
  await server.says(/"event":"(traces_not_kept|trace_store_trouble)"/);
  writeFileSync(filler, "");
  await eventually(
    () => countCalls(server.url),
    (count) => count === 50,
  );
});

it("answers --help everywhere, and says what is wrong with a command", async () => {
  const overview = weir(["--help"]);
  expect(await overview.ended).toBe(0);
  const names = Array.from(overview.output().matchAll(/^ {2}(\w+) {2}/gm), ([, name = ""]) => name);
  expect(names).toEqual(
    [
      "serve",
      "chat",
      "init",
      "check",
      "doctor",
      "keys",
      "tenants",
      "model",
      "targets",
      "release",
      "autoscale",
      "watch",
      "cost",
      "trace",
      "guard",
      "mock",
      "completion",
    ].map((name) => expect.stringContaining(name)),
  );
  const unknown = weir(["fly"]);
  expect(await unknown.ended).toBe(2);
  expect(unknown.output()).toContain("weir --help");
  const wrong = weir(["serve", "--colour"]);
  expect(await wrong.ended).toBe(2);
  expect(wrong.output()).toMatch(/Unknown option '--colour'.*weir serve --help/);
});

it("scaffolds a config that checks, and does not overwrite", async () => {
  const folder = temporaryFolder();
  expect(await weir(["init"], { cwd: folder }).ended).toBe(0);
  const check = weir(["check", "--json"], { cwd: folder });
  expect(await check.ended).toBe(0);
  expect(JSON.parse(check.output())).toMatchObject({ config: { models: { chat: {} } } });
  const again = weir(["init"], { cwd: folder });
  expect(await again.ended).toBe(1);
  expect(again.output()).toContain("--force");
});

it("makes, lists and revokes keys that a running server takes over", async () => {
  const { folder } = await withUpstream();
  const server = await serve(folder);
  const made = weir(["keys", "create", "app", "--json"], { cwd: folder });
  expect(await made.ended).toBe(0);
  const { id, key } = JSON.parse(made.output()) as { id: string; key: string };
  const ask = async () =>
    (await fetch(`${server.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } }))
      .status;
  await eventually(ask, (status) => status === 200);
  expect(await weir(["keys", "revoke", id], { cwd: folder }).ended).toBe(0);
  await eventually(ask, (status) => status === 401);
});
