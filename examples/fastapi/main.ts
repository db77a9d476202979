/** The FastAPI app in front of Weir in front of a double of vLLM: whole, streamed, wrong, left early, and failing. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { type Caller, at, createCaller, show, step, until } from "../lab.ts";
import { startExampleServer } from "../server.ts";

/** Debian's own comes first: python3-fastapi is not seen by a Python of another place. */
const PYTHONS = ["/usr/bin/python3", "python3"];
const python = PYTHONS.find(
  (command) => spawnSync(command, ["-c", "import fastapi, uvicorn, httpx"]).status === 0,
);
if (python === undefined) {
  console.log("skipped: needs Debian's python3-fastapi, uvicorn and python3-httpx");
  // In CI they were to be installed.
  process.exit(process.env["CI"] === "true" ? 1 : 0);
}

const upstream = await createMockUpstream({ kind: "vllm", tokens: 200, tokenMs: 5 });
await withApp(
  `models: { chat: { targets: [{ provider: vllm, url: "${upstream.url}", model: mock }] } }`,
  async (url) => {
    const api = createCaller({ url });
    await asksWhole(api);
    await streams(api);
    await asksWrongly(api);
    await leaves(url);
    await meetsAFailure(api);
  },
);

async function asksWhole(api: Caller): Promise<void> {
  step("A typed question, a typed answer, and the request's id");
  const id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const traceparent = `00-${id}-00f067aa0ba902b7-01`;
  const whole = await api.post("/answers", { text: "What is a weir?" }, { traceparent });
  show(`HTTP ${whole.status}`, whole.json);
  show("x-request-id", whole.headers.get("x-request-id"));
  assert.match(String(at(whole.json, "text")), /^word0 .* word199$/);
  // Its own id, whose first half is the trace's.
  assert.match(
    String(whole.headers.get("x-request-id")),
    new RegExp(`^${id.slice(0, 16)}[0-9a-f]{16}$`),
  );
}

async function streams(api: Caller): Promise<void> {
  step("The same, streamed");
  const { status, headers, text } = await api.post("/answers/stream", { text: "What is a weir?" });
  const events = text.split("\n\n");
  show(`HTTP ${status} ${headers.get("content-type")}`, events[1]);
  show("events", events.length - 1);
  assert.match(text, /word0 .*word199.*data: \[DONE\]/s);
}

async function asksWrongly(api: Caller): Promise<void> {
  step("Wrong input ends in the app: no model is asked");
  const before = upstream.requests.length;
  for (const more of [{ text: "" }, { temperature: 9 }, { colour: "red" }]) {
    const wrong = await api.post("/answers", { text: "Hi", ...more });
    show(`HTTP ${wrong.status}`, at(wrong.json, "detail", 0));
    assert.equal(wrong.status, 422);
  }
  assert.equal(upstream.requests.length, before);
}

async function leaves(url: string): Promise<void> {
  step("The client leaves: the app lets go of Weir, and Weir of the upstream");
  const leaving = new AbortController();
  const response = await fetch(`${url}/answers/stream`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: "Tell me everything" }),
    signal: leaving.signal,
  });
  const first = await response.body?.getReader().read();
  assert.equal(first?.done, false);
  leaving.abort();
  await until("the upstream to be let go", () => upstream.aborted() === 1);
  show("generations broken off upstream", upstream.aborted());
}

async function meetsAFailure(api: Caller): Promise<void> {
  step("Weir's errors keep their status and their id");
  await upstream.close();
  for (const path of ["/answers", "/answers/stream"]) {
    const failed = await api.post(path, { text: "Hi" });
    show(`HTTP ${failed.status} ${failed.headers.get("x-request-id")}`, failed.json);
    assert.equal(failed.status, 502);
    assert.match(String(failed.headers.get("x-request-id")), /^[0-9a-f]{32}$/);
  }
}

/** A Weir with this configuration, and the app in front of it. */
async function withApp(yaml: string, run: (url: string) => Promise<void>): Promise<void> {
  await using weir = await startExampleServer(yaml);
  const port = await freePort();
  const log: string[] = [];
  const app = spawn(
    python ?? "",
    ["-m", "uvicorn", "app:app", "--port", String(port), "--log-level", "warning"],
    {
      cwd: import.meta.dirname,
      env: {
        ...process.env,
        WEIR_URL: weir.url,
        WEIR_API_KEY: weir.key,
        PYTHONDONTWRITEBYTECODE: "1",
      },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  app.stderr.setEncoding("utf8").on("data", (text: string) => log.push(text));
  const url = `http://127.0.0.1:${port}`;
  try {
    await until("the app", async () => {
      assert.equal(app.exitCode, null, log.join(""));
      const answer = await fetch(`${url}/openapi.json`).catch(() => undefined);
      return answer?.ok ?? false;
    });
    await run(url);
  } catch (cause) {
    process.stderr.write(log.join(""));
    throw cause;
  } finally {
    await stop(app);
  }
}

async function stop(app: ChildProcess): Promise<void> {
  if (app.exitCode !== null) return;
  const ended = new Promise((resolve) => app.once("exit", resolve));
  app.kill("SIGTERM");
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert(address !== null && typeof address === "object");
  return address.port;
}
