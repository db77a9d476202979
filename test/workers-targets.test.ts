import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import type { ModelList } from "../src/http/admin-schemas.ts";
import { serve } from "./support/process.ts";
import { freePort } from "./support/redis.ts";
import { eventually, temporaryFolder } from "./support/server.ts";
import { HI, ask, chat, startWorkers } from "./support/workers.ts";

/** What several processes of one server know of their targets: one page, one drain, one breaker. */

const UP = "openai-compatible/up";

type Row = ModelList["models"][number]["targets"][number]["routing"];

async function models(url: string): Promise<ModelList["models"]> {
  const answer = await ask(url, "/admin/v1/models");
  return ((await answer.json()) as ModelList).models;
}

async function row(url: string, model = "chat"): Promise<Row> {
  const found = (await models(url)).find(({ name }) => name === model)?.targets[0]?.routing;
  if (!found) throw new Error("no such target");
  return found;
}

async function act(url: string, action: string, model = "chat"): Promise<void> {
  const target = { model, target: UP, action };
  expect((await ask(url, "/admin/v1/targets/actions", target)).status).toBeLessThan(300);
}

async function statuses(url: string, model = "chat"): Promise<string> {
  const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => chat(url, { ...HI, model })));
  return [...new Set(answers.map(({ status }) => status))].join();
}

it("shows the sums of all workers, also of those that have ended", async () => {
  const { server, workers } = await startWorkers("", { tokens: 200, tokenMs: 20 });
  const leaving = new AbortController();
  const streams = Array.from({ length: 12 }, () =>
    chat(server.url, { ...HI, stream: true }, { signal: leaving.signal }),
  );
  await Promise.all(streams);
  const busy = await eventually(
    () => row(server.url),
    ({ inFlight }) => inFlight === 12,
  );
  expect(busy.attempts).toBe(12);
  expect(busy.firstContentMs).toBeGreaterThan(0);
  leaving.abort();
  await eventually(
    () => row(server.url),
    ({ inFlight }) => inFlight === 0,
  );
  const [victim = 0] = workers();
  process.kill(victim, "SIGKILL");
  await server.says(/"event":"worker_died"/);
  expect((await row(server.url)).attempts).toBe(12);
});

it("drains and enables a target in every worker, also in one that starts later", async () => {
  const { server, workers } = await startWorkers("");
  await act(server.url, "drain");
  expect((await row(server.url)).isDrained).toBe(true);
  await eventually(
    () => statuses(server.url),
    (all) => all === "503",
  );
  const [victim = 0] = workers();
  process.kill(victim, "SIGKILL");
  await eventually(
    () => Promise.resolve(workers()),
    (pids) => pids.length === 2 && !pids.includes(victim),
  );
  for (let count = 0; count < 4; count++) expect(await statuses(server.url)).toBe("503");
  await act(server.url, "enable");
  await eventually(
    () => statuses(server.url),
    (all) => all === "200",
  );
});

it("drains the target that was named, and no other of the same name", async () => {
  const [one, other] = [await createMockUpstream(), await createMockUpstream()];
  onTestFinished(() => Promise.all([one.close(), other.close()]).then(() => undefined));
  const target = (url: string) =>
    `{ targets: [{ provider: openai-compatible, url: "${url}", model: up }] }`;
  const folder = temporaryFolder();
  const yaml = `models: { chat: ${target(one.url)}, other: ${target(other.url)} }\n`;
  writeFileSync(join(folder, "weir.yaml"), yaml);
  const { url } = await serve(folder, {}, ["--workers", "2"]);
  await act(url, "drain");
  await eventually(
    () => statuses(url),
    (all) => all === "503",
  );
  expect(await statuses(url, "other")).toBe("200");
});

it("tells all workers of an outage that one saw, and of a test call that shows it is over", async () => {
  const port = await freePort();
  const folder = temporaryFolder();
  const target = `{ provider: openai-compatible, url: "http://127.0.0.1:${port}", model: up }`;
  const routing = "{ breaker: { failures: 1, pause: 10m, longestPause: 10m } }";
  const yaml = `models: { chat: { targets: [${target}], routing: ${routing} } }\n`;
  writeFileSync(join(folder, "weir.yaml"), yaml);
  const { url } = await serve(folder, {}, ["--workers", "3"]);
  // Nobody listens there.
  expect((await chat(url)).status).toBeGreaterThanOrEqual(500);
  await eventually(
    () => row(url),
    ({ breaker }) => breaker === "open",
  );
  const text = await (await ask(url, "/metrics")).text();
  expect(text).toMatch(/weir_target_breaker_state\{[^}]*\} 2/);
  const mock = await createMockUpstream({ port });
  onTestFinished(() => mock.close());
  const body = { model: "chat", target: UP };
  const tested = (await (await ask(url, "/admin/v1/targets/test", body)).json()) as { ok: boolean };
  expect(tested.ok).toBe(true);
  await eventually(
    () => row(url),
    ({ breaker }) => breaker === "closed",
  );
});
