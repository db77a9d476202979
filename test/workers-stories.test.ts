import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { eventually } from "./support/server.ts";
import { HI, ask, chat, metric, startWorkers } from "./support/workers.ts";

/** What a user does with one process works with several: whichever of them a connection meets. */

const TIMES = [1, 2, 3, 4, 5, 6];

async function json<T>(answer: Response | Promise<Response>, status = 200): Promise<T> {
  const got = await answer;
  const text = await got.text();
  expect([got.status, text.slice(0, 300)]).toEqual([status, expect.any(String)]);
  return JSON.parse(text) as T;
}

it("speaks every protocol in every worker, with its headers", async () => {
  const { server, mock } = await startWorkers("limits: { perKey: { requestsPerMinute: 1000 } }", {
    tokens: 5,
  });
  const message = { ...HI, max_tokens: 9 };
  for (const _ of TIMES) {
    const answer = await ask(server.url, "/v1/messages", message);
    expect(answer.headers.get("x-ratelimit-limit-requests")).toBe("1000");
    expect(await json(answer)).toMatchObject({ type: "message", role: "assistant" });
    const vectors = await ask(server.url, "/v1/embeddings", { model: "chat", input: "Hi" });
    expect(vectors.headers.get("x-ratelimit-limit-requests")).toBe("1000");
    expect(await json(vectors)).toMatchObject({ object: "list" });
    expect((await chat(server.url)).headers.get("ratelimit")).toMatch(
      /perKey\.requestsPerMinute";r=\d+/,
    );
  }
  expect(mock.calls.length).toBeGreaterThanOrEqual(18);
  const { data } = await json<{ data: unknown[] }>(ask(server.url, "/v1/models"));
  expect(data).toHaveLength(2);
});

it("remembers responses, runs them in the background, and goes on with a stream", async () => {
  const { server } = await startWorkers("", { tokens: 40, tokenMs: 10 });
  const say = (body: object) => ask(server.url, "/v1/responses", { model: "chat", ...body });
  const first = await json<{ id: string }>(say({ input: "Hi" }));
  for (const _ of TIMES) {
    const next = await say({ input: "And?", previous_response_id: first.id });
    expect(await json(next)).toMatchObject({ previous_response_id: first.id });
  }
  const { id } = await json<{ id: string }>(say({ input: "Hi", background: true }));
  await eventually(
    () => json<{ status: string }>(ask(server.url, `/v1/responses/${id}`)),
    ({ status }) => status === "completed",
  );
  const headers = { "x-weir-resume": "1" };
  const stream = await chat(server.url, { ...HI, stream: true }, { headers });
  const reader = stream.body?.getReader();
  let seen = "";
  while (!seen.includes("word3")) {
    seen += new TextDecoder().decode((await reader?.read())?.value);
  }
  await reader?.cancel();
  seen = seen.slice(0, seen.lastIndexOf("\n\n") + 2);
  const last = [...seen.matchAll(/^id: (\S+)$/gm)].at(-1)?.[1] ?? "";
  const rest = await chat(
    server.url,
    { ...HI, stream: true },
    { headers: { "last-event-id": last } },
  );
  const words = [...(seen + (await rest.text())).matchAll(/"content":"(word\d+ )"/g)];
  expect(words.map(([, word]) => word)).toEqual(
    Array.from({ length: 40 }, (_, index) => `word${index} `),
  );
});

it("takes files and runs batches, whichever worker a part of it meets", async () => {
  const { server } = await startWorkers("", { tokens: 5 });
  const lines = TIMES.map((number) =>
    JSON.stringify({
      custom_id: `line-${number}`,
      method: "POST",
      url: "/v1/chat/completions",
      body: HI,
    }),
  );
  const form = new FormData();
  form.set("purpose", "batch");
  form.set("file", new Blob([lines.join("\n")]), "in.jsonl");
  const upload = await fetch(new URL("/v1/files", server.url), {
    method: "POST",
    headers: { authorization: "Bearer wk-test-admin-key", connection: "close" },
    body: form,
  });
  const file = await json<{ id: string }>(upload);
  const batch = await json<{ id: string }>(
    ask(server.url, "/v1/batches", {
      input_file_id: file.id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    }),
  );
  const done = await eventually(
    () =>
      json<{ status: string; output_file_id?: string }>(ask(server.url, `/v1/batches/${batch.id}`)),
    ({ status }) => status === "completed",
  );
  const output = await ask(server.url, `/v1/files/${done.output_file_id}/content`);
  expect((await output.text()).trim().split("\n")).toHaveLength(6);
});

it("holds an address to its limit over all workers, and both lanes", async () => {
  const { server } = await startWorkers("limits: { perIp: { requestsPerMinute: 30 } }");
  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const answer = await (index % 2 === 0 ? chat(server.url) : ask(server.url, "/v1/models"));
      await answer.text();
      return answer.status;
    }),
  );
  expect(answers.filter((status) => status === 200)).toHaveLength(30);
  expect(answers.filter((status) => status === 429)).toHaveLength(30);
});

it("cancels the embedded engine for a client that leaves, and upstreams too", async () => {
  const { server, mock } = await startWorkers("", { tokens: 500, tokenMs: 20 });
  await eventually(
    async () => (await ask(server.url, "/ready")).status,
    (status) => status === 200,
  );
  const leaving = new AbortController();
  const { signal } = leaving;
  const local = { ...HI, model: "local", max_tokens: 1500, stream: true, ignore_eos: true };
  await Promise.all([
    chat(server.url, local, { signal }),
    chat(server.url, local, { signal }),
    chat(server.url, { ...HI, stream: true }, { signal }),
    ask(server.url, "/v1/messages", { ...HI, max_tokens: 400, stream: true }, { signal }),
  ]);
  leaving.abort();
  await eventually(
    () => metric(server.url, /^weir_engine_running/),
    (running) => running === 0,
  );
  expect(
    await eventually(
      () => Promise.resolve(mock.aborted()),
      (count) => count >= 2,
    ),
  ).toBe(2);
});

it("writes one access line for each request, whichever process answered", async () => {
  const { server } = await startWorkers("server: { accessLog: all }");
  await (await chat(server.url)).text();
  await (await ask(server.url, "/v1/responses", { model: "chat", input: "quokka" })).text();
  await (await ask(server.url, "/admin/v1/calls?limit=1")).text();
  await (await chat(server.url, HI, { headers: { authorization: "Bearer wk-wrong" } })).text();
  const lines = () =>
    server
      .output()
      .split("\n")
      .filter((line) => line.includes('"event":"access"'))
      .map((line) => JSON.parse(line) as { route: string; status: number; client: string });
  await eventually(
    () => Promise.resolve(lines()),
    ({ length }) => length >= 4,
  );
  expect(lines().map(({ route, status }) => `${route} ${status}`)).toEqual(
    expect.arrayContaining([
      "/v1/chat/completions 200",
      "/v1/responses 200",
      "/admin/v1/calls 200",
      "/v1/chat/completions 401",
    ]),
  );
  expect(lines()).toHaveLength(4);
  expect(new Set(lines().map(({ client }) => client))).toEqual(new Set(["127.0.0.1"]));
  expect(server.output()).not.toContain("quokka");
});

it("lets calls end on a model that the configuration no longer has", async () => {
  const { server, folder, yaml, mock } = await startWorkers("");
  const letEnd = mock.hold();
  const streams = await Promise.all(TIMES.map(() => chat(server.url, { ...HI, stream: true })));
  writeFileSync(join(folder, "weir.yaml"), yaml.replace("chat:", "renamed:"));
  await server.says(/"event":"config_applied"/);
  await eventually(
    async () => Promise.all(TIMES.map(async () => (await chat(server.url)).status)),
    (all) => all.every((status) => status === 404),
  );
  letEnd();
  for (const answer of streams) expect(await answer.text()).toContain("[DONE]");
  expect(mock.aborted()).toBe(0);
});

it("drops no call while its configuration changes under load, embedded models' too", async () => {
  const { server, folder, yaml } = await startWorkers("", { tokens: 20, tokenMs: 5 });
  const state = { isOver: false, answered: 0 };
  const wrong: string[] = [];
  const clients = ["chat", "chat", "chat", "local", "local"].map(async (model) => {
    while (!state.isOver) {
      const answer = await chat(server.url, { ...HI, model, max_tokens: 6 });
      const text = await answer.text();
      if (answer.status === 200) state.answered += 1;
      else wrong.push(`${model} ${answer.status} ${text.slice(0, 300)}`);
    }
  });
  const applied = () => server.output().split('"event":"config_applied"').length - 1;
  for (const slots of [2, 3, 4]) {
    const before = state.answered;
    const next = yaml.replace("file: demo", `file: demo, slots: ${slots}`);
    writeFileSync(join(folder, "weir.yaml"), next);
    await eventually(
      () => Promise.resolve(applied()),
      (count) => count === slots - 1,
    );
    await eventually(
      () => Promise.resolve(state.answered),
      (count) => count > before + 30,
    );
  }
  state.isOver = true;
  await Promise.all(clients);
  expect(wrong).toEqual([]);
});

it("starts a worker anew with what it runs on, whatever the file says by now", async () => {
  const { server, folder, workers } = await startWorkers("");
  writeFileSync(join(folder, "weir.yaml"), "models: [no\n");
  await server.says(/"event":"config_rejected"/);
  const [victim = 0] = workers();
  process.kill(victim, "SIGKILL");
  await eventually(
    () => Promise.resolve(workers()),
    (pids) => pids.length === 2 && !pids.includes(victim),
  );
  for (const _ of TIMES) expect((await chat(server.url)).status).toBe(200);
});

it("loses no call at SIGTERM: neither a worker's, nor one that was handed on", async () => {
  const { server, mock } = await startWorkers("server: { drainDelay: 4s }");
  const letEnd = mock.hold();
  const stream = { model: "chat", input: "Hi", stream: true };
  const running = await Promise.all([
    ...TIMES.map(() => chat(server.url, { ...HI, stream: true })),
    ...TIMES.map(() => ask(server.url, "/v1/responses", stream)),
    chat(server.url, { ...HI, stream: true }, { headers: { "x-weir-resume": "1" } }),
  ]);
  server.child.kill("SIGTERM");
  await eventually(
    async () => (await ask(server.url, "/ready")).status,
    (status) => status === 503,
  );
  letEnd();
  expect((await chat(server.url)).status).toBe(200);
  for (const answer of running) {
    expect(await answer.text()).toMatch(/\[DONE\]|response\.completed/);
  }
  expect(await server.ended).toBe(0);
});

it("cuts what does not end in time with the protocol's own error, on both ways", async () => {
  const { server } = await startWorkers("server: { drain: 300ms }", { tokens: 5000, tokenMs: 20 });
  const body = { model: "chat", input: "Hi", stream: true };
  const worker = await chat(server.url, { ...HI, stream: true });
  const handedOn = await ask(server.url, "/v1/responses", body);
  server.child.kill("SIGTERM");
  expect(await worker.text()).toMatch(/"error":\{/);
  expect(await handedOn.text()).toMatch(/event: (error|response\.failed)/);
  expect(await server.ended).toBe(0);
});
