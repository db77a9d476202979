import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { serve, weir } from "./support/process.ts";
import { eventually, temporaryFolder } from "./support/server.ts";
import { HI, ask, chat, metric, startWorkers } from "./support/workers.ts";

/** Several processes that take calls: they count together, stand in for each other, and end together. */

it("counts exactly across workers, and shows their sums", async () => {
  const { server, mock } = await startWorkers("limits: { perKey: { requestsPerMinute: 50 } }");
  const answers = await Promise.all(
    Array.from({ length: 120 }, async () => {
      const answer = await chat(server.url);
      await answer.text();
      return answer.status;
    }),
  );
  expect(answers.filter((status) => status === 200)).toHaveLength(50);
  expect(answers.filter((status) => status === 429)).toHaveLength(70);
  expect(mock.requests).toHaveLength(50);
  await eventually(
    () => metric(server.url, /^weir_calls_total\{.*status="ok"/),
    (count) => count === 50,
  );
  await eventually(
    () => metric(server.url, /^weir_limit_refusals_total/),
    (count) => count === 70,
  );
  await eventually(
    () => metric(server.url, /^weir_target_attempts_total/),
    (count) => count === 50,
  );
  await eventually(
    async () =>
      ((await (await ask(server.url, "/admin/v1/calls?limit=500")).json()) as { calls: unknown[] })
        .calls.length,
    (count) => count === 120,
  );
});

it("answers from an embedded model through any worker, and cancels it from there", async () => {
  const { server } = await startWorkers("");
  await eventually(
    async () => (await ask(server.url, "/ready")).status,
    (status) => status === 200,
  );
  const local = { ...HI, model: "local", max_tokens: 8 };
  for (let count = 0; count < 4; count++) {
    const answer = await chat(server.url, local);
    expect(answer.status).toBe(200);
    const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
    expect(choices[0]?.message.content).not.toBe("");
  }
  const vectors = await ask(server.url, "/v1/models");
  expect(vectors.status).toBe(200);
  const leaving = new AbortController();
  const long = { ...local, max_tokens: 1500, stream: true, ignore_eos: true };
  const answer = await chat(server.url, long, { signal: leaving.signal });
  expect(answer.status).toBe(200);
  leaving.abort();
  await eventually(
    () => metric(server.url, /^weir_engine_running/),
    (running) => running === 0,
  );
});

it("goes on when a worker is killed, puts another in its place, and frees what it had reserved", async () => {
  const { server, workers } = await startWorkers("limits: { perKey: { concurrency: 40 } }", {
    tokens: 30,
    tokenMs: 10,
  });
  const state = { isOver: false };
  const failures: string[] = [];
  let answered = 0;
  const clients = Array.from({ length: 12 }, async () => {
    while (!state.isOver) {
      try {
        const text = await (await chat(server.url, { ...HI, stream: true })).text();
        if (text.includes("[DONE]")) answered += 1;
        else failures.push(text);
      } catch (cause) {
        failures.push(String(cause));
      }
    }
  });
  await eventually(
    () => Promise.resolve(answered),
    (count) => count > 20,
  );
  const [victim = 0] = workers();
  process.kill(victim, "SIGKILL");
  await server.says(/"event":"worker_died"/);
  const before = answered;
  await eventually(
    () => Promise.resolve(workers()),
    (pids) => pids.length === 2 && !pids.includes(victim),
  );
  await eventually(
    () => Promise.resolve(answered),
    (count) => count > before + 40,
  );
  state.isOver = true;
  await Promise.all(clients);
  // Only calls that ran in the killed process were lost: no more than all clients had under way.
  expect(failures.length).toBeLessThanOrEqual(12);
  await eventually(
    () => metric(server.url, /^weir_active_calls/),
    (count) => count === 0,
  );
  const all = await Promise.all(Array.from({ length: 40 }, () => chat(server.url)));
  expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
});

it("drains all workers at SIGTERM, and hands over what they recorded", async () => {
  const { server, folder, mock } = await startWorkers("");
  const letEnd = mock.hold();
  const running = Array.from({ length: 8 }, async () =>
    (await chat(server.url, { ...HI, stream: true })).text(),
  );
  await eventually(
    () => metric(server.url, /^weir_active_calls/),
    (count) => count === 8,
  );
  server.child.kill("SIGTERM");
  await server.says(/"event":"stopping"/);
  letEnd();
  for (const text of await Promise.all(running)) expect(text).toContain("[DONE]");
  expect(await server.ended).toBe(0);
  const again = await serve(folder);
  const { calls } = (await (await ask(again.url, "/admin/v1/calls")).json()) as {
    calls: unknown[];
  };
  expect(calls).toHaveLength(8);
});

it("takes a changed configuration, a drained target and stored responses to every worker", async () => {
  const { server, folder, yaml } = await startWorkers("");
  writeFileSync(join(folder, "weir.yaml"), yaml.replace("chat:", "renamed:"));
  await server.says(/"event":"config_applied"/);
  const statuses = async (body: object) => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => chat(server.url, body)));
    return answers.map(({ status }) => status).join();
  };
  await eventually(
    () => statuses({ ...HI, model: "renamed" }),
    (all) => all === "200,200,200,200",
  );
  expect(await statuses(HI)).toBe("404,404,404,404");
  const made = await ask(server.url, "/v1/responses", { model: "renamed", input: "Hi" });
  const { id } = (await made.json()) as { id: string };
  for (let count = 0; count < 3; count++)
    expect((await ask(server.url, `/v1/responses/${id}`)).status).toBe(200);
  const drained = await ask(server.url, "/admin/v1/targets/actions", {
    model: "renamed",
    target: "openai-compatible/up",
    action: "drain",
  });
  expect(drained.status).toBeLessThan(300);
  await eventually(
    () => statuses({ ...HI, model: "renamed" }),
    (all) => all === "503,503,503,503",
  );
});

it("says why it cannot start, and leaves no process behind", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo; // a TCP server that listens has one
  const folder = temporaryFolder();
  writeFileSync(join(folder, "weir.yaml"), "models: {}\n");
  const server = weir(["serve", "--port", String(port), "--workers", "2"], { cwd: folder });
  expect(await server.ended).toBe(1);
  expect(server.output()).toMatch(new RegExp(`Port ${port} .* taken`));
});

it("ends its workers with it when it is killed", async () => {
  const { server, workers } = await startWorkers("");
  const pids = workers();
  expect(pids).toHaveLength(2);
  server.child.kill("SIGKILL");
  const isAlive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  await eventually(
    () => Promise.resolve(pids.filter(isAlive)),
    (left) => left.length === 0,
  );
});
