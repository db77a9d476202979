import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startServer, temporaryFolder } from "./support/server.ts";

/** Replicas of the embedded engine, in processes of their own. */

const yaml = (scale: string, more = "") => `
models:
  chat:
    targets: [{ provider: llama, file: demo, slots: 1, context: 256 }]
    scale: ${scale}
${more}`;

type Server = Awaited<ReturnType<typeof startServer>>;

interface Row {
  readonly model: string;
  readonly wanted: number;
  readonly ready: number;
  readonly draining: number;
  readonly asleep: boolean;
  readonly startDelayMs: number | null;
  readonly hold: { readonly replicas: number } | null;
  readonly trouble: string | null;
  readonly decisions: readonly { readonly kind: string; readonly why: string }[];
}

async function rowOf(server: Server): Promise<Row> {
  const answer = await server.call("/admin/v1/scaling");
  const { models } = (await answer.json()) as { models: Row[] };
  const row = models.find(({ model }) => model === "chat");
  if (!row) throw new Error("chat is not scaled");
  return row;
}

const ask = (server: Server, tokens = 8, more: Record<string, unknown> = {}) =>
  server.call("/v1/chat/completions", {
    model: "chat",
    messages: [{ role: "user", content: "Tell a story." }],
    max_tokens: tokens,
    ...more,
  });

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("starts as many engine processes as there should be, and calls run on all of them", async () => {
  const server = await startServer(yaml("{ min: 2, max: 3 }"));
  await server.ready();
  await expect.poll(async () => (await rowOf(server)).ready).toBe(2);
  expect(server.enginePids()).toHaveLength(2);

  const answers = await Promise.all([ask(server, 40), ask(server, 40)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  const models = (await (await server.call("/admin/v1/models")).json()) as {
    models: { targets: { id: string; routing: { attempts: number } }[] }[];
  };
  const attempts = models.models[0]?.targets.map(({ id, routing }) => [id, routing.attempts]);
  expect(attempts).toEqual([
    ["llama/demo", 1],
    ["llama/demo@2", 1],
  ]);
  expect((await rowOf(server)).startDelayMs).toBeGreaterThan(0);
});

it("lets a replica that goes finish what runs there, and then its process ends", async () => {
  const server = await startServer(yaml("{ min: 1, max: 2 }"));
  await server.ready();
  const hold = (replicas: number) =>
    server.call("/admin/v1/scaling", { action: "hold", model: "chat", replicas });
  expect((await hold(2)).status).toBe(200);
  await expect.poll(async () => (await rowOf(server)).ready).toBe(2);
  const [first, second] = server.enginePids();

  const streams = await Promise.all([1, 2].map(() => ask(server, 200, { stream: true })));
  await hold(1);
  await expect.poll(async () => (await rowOf(server)).ready).toBe(1);
  const texts = await Promise.all(streams.map((stream) => stream.text()));
  for (const text of texts) expect(text).toContain("data: [DONE]");
  await expect.poll(() => isAlive(second ?? 0)).toBe(false);
  expect(isAlive(first ?? 0)).toBe(true);
  await expect.poll(async () => (await rowOf(server)).draining).toBe(0);
});

it("survives that a replica's process is killed in the middle of its work", async () => {
  const server = await startServer(yaml("{ min: 2, max: 2 }"));
  await server.ready();
  await expect.poll(async () => (await rowOf(server)).ready).toBe(2);
  const [, second = 0] = server.enginePids();
  process.kill(second, "SIGKILL");
  const answers = await Promise.all([1, 2, 3, 4].map(() => ask(server)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  await expect.poll(async () => (await rowOf(server)).ready).toBe(2);
  expect(server.enginePids()).not.toContain(second);
});

it("ends the last process when nobody calls, holds the next call while it starts, and answers it", async () => {
  const server = await startServer(yaml("{ min: 0, max: 1, interval: 5s, idle: { after: 1s } }"));
  await server.ready();
  await ask(server);
  const [pid = 0] = server.enginePids();
  await expect.poll(async () => (await rowOf(server)).asleep, { timeout: 30_000 }).toBe(true);
  await expect.poll(() => isAlive(pid)).toBe(false);
  expect(server.enginePids()).toEqual([]);
  expect((await server.call("/ready")).status).toBe(200);

  const answers = await Promise.all([
    ask(server, 1, { stream: true }),
    ask(server, 1),
    ask(server, 1),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(await answers[0]?.text()).toContain("data: [DONE]");
  const row = await rowOf(server);
  expect(row).toMatchObject({ asleep: false, ready: 1 });
  const kinds = row.decisions.map(({ kind }) => kind);
  expect(kinds).toContain("idle");
  expect(kinds).toContain("wake");
}, 90_000);

it("refuses held calls after their time, and keeps what was decided over a restart", async () => {
  const folder = temporaryFolder();
  const scale = "{ min: 0, max: 2, interval: 5s, idle: { after: 1s, hold: 1ms } }";
  const server = await startServer(yaml(scale), { folder });
  await server.ready();
  await expect.poll(async () => (await rowOf(server)).asleep, { timeout: 30_000 }).toBe(true);
  const answer = await ask(server);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    error: { code: "model_unavailable", message: expect.stringMatching(/slept and was not awake/) },
  });
  await server.call("/admin/v1/scaling", { action: "hold", model: "chat", replicas: 1 });
  const before = await rowOf(server);
  await server.close();
  expect(readFileSync(join(folder, "data", "scaling.json"), "utf8")).not.toContain("story");

  const again = await startServer(yaml(scale), { folder });
  const after = await rowOf(again);
  expect(after.hold).toMatchObject({ replicas: 1, by: "WEIR_ADMIN_KEY" });
  expect(after.decisions.at(-1)).toEqual(before.decisions.at(-1));
}, 90_000);

it("follows a changed weir.yaml: fewer replicas, other bounds, none at all", async () => {
  const { parseConfig } = await import("../src/config/load.ts");
  const server = await startServer(yaml("{ min: 2, max: 2 }"));
  await server.ready();
  await expect.poll(async () => (await rowOf(server)).ready).toBe(2);
  const [first] = server.enginePids();
  await server.apply(parseConfig(yaml("{ min: 1, max: 1 }"), "test.yaml"));
  await expect.poll(() => server.enginePids()).toEqual([first]);
  expect(await (await server.call("/admin/v1/scaling")).json()).toEqual({ models: [] });
  expect((await ask(server)).status).toBe(200);
  await server.apply(parseConfig(yaml("{ min: 2, max: 2 }"), "test.yaml"));
  await expect.poll(() => server.enginePids().length).toBe(2);
  expect(server.enginePids()[0]).toBe(first);
});

it("tells KEDA's metrics-api trigger how many replicas a model should have", async () => {
  const server = await startServer(yaml("{ min: 1, max: 3, driver: none }"));
  await expect.poll(async () => (await rowOf(server)).wanted).toBe(1);
  const path = "/admin/v1/scaling/replicas";
  const answer = await server.call(`${path}?model=chat`);
  expect(await answer.json()).toEqual({ model: "chat", replicas: 1 });
  expect((await server.call(`${path}?model=other`)).status).toBe(404);
  expect((await server.call(path)).status).toBe(400);
});

it("refuses to hold what weir.yaml does not allow, and says what it does", async () => {
  const server = await startServer(
    yaml("{ min: 1, max: 3 }", "  other: { targets: [{ provider: llama, file: demo }] }"),
  );
  const post = async (body: unknown) => {
    const answer = await server.call("/admin/v1/scaling", body);
    return [answer.status, ((await answer.json()) as { error: { message: string } }).error.message];
  };
  expect(await post({ action: "hold", model: "chat", replicas: 4 })).toEqual([
    400,
    'The model "chat" may have 1 to 3 replicas, as weir.yaml says, not 4.',
  ]);
  expect((await post({ action: "hold", model: "chat", replicas: 0 }))[0]).toBe(400);
  expect((await post({ action: "fly", model: "chat" }))[0]).toBe(400);
  const [status, message] = await post({ action: "resume", model: "other" });
  expect(status).toBe(400);
  expect(message).toContain('The model "other" is not scaled');
  expect((await post({ action: "resume", model: "none" }))[0]).toBe(404);
});
