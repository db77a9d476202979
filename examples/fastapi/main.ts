/** The FastAPI app in front of Weir in front of a double of vLLM: whole, streamed, wrong, and left early. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { at, createCaller, show, step, until } from "../lab.ts";
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

const upstream = await createMockUpstream({ kind: "vllm", tokens: 6 });
const slow = await createMockUpstream({ kind: "vllm", tokens: 2000, tokenMs: 10 });
const config = (url: string, model: string) =>
  `models: { chat: { targets: [{ provider: vllm, url: "${url}", model: ${model} }] } }`;

await withApp(config(upstream.url, "mock"), async (url) => {
  const api = createCaller({ url });
  step("A typed question, a typed answer, and the request's id");
  const id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const traceparent = `00-${id}-00f067aa0ba902b7-01`;
  const whole = await api.post("/answers", { text: "What is a weir?" }, { traceparent });
  show(`HTTP ${whole.status}`, whole.json);
  show("x-request-id", whole.headers.get("x-request-id"));
  assert.equal(at(whole.json, "text"), "word0 word1 word2 word3 word4 word5");
  assert.equal(whole.headers.get("x-request-id"), id);

  step("The same, streamed");
  const streamed = await api.post("/answers/stream", { text: "What is a weir?" });
  const [first = "", ...more] = streamed.text.split("\n\n");
  show(`HTTP ${streamed.status} ${streamed.headers.get("content-type")}`, first);
  show("events", more.length);
  assert.match(streamed.text, /word0 .*word5.*data: \[DONE\]/s);

  step("Wrong input ends in the app: no model is asked");
  const asked = upstream.requests.length;
  for (const body of [
    { text: "" },
    { text: "Hi", temperature: 9 },
    { text: "Hi", colour: "red" },
  ]) {
    const wrong = await api.post("/answers", body);
    show(`HTTP ${wrong.status}`, at(wrong.json, "detail", 0));
    assert.equal(wrong.status, 422);
  }
  assert.equal(upstream.requests.length, asked);
});

await withApp(config(slow.url, "mock"), async (url) => {
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
  await until("the upstream to be let go", () => slow.aborted() === 1);
  show("generations broken off upstream", slow.aborted());
});

await withApp(config(upstream.url, "status-429"), async (url) => {
  step("Weir's errors keep their status and their id");
  for (const path of ["/answers", "/answers/stream"]) {
    const busy = await createCaller({ url }).post(path, { text: "Hi" });
    show(`HTTP ${busy.status} ${busy.headers.get("x-request-id")}`, busy.json);
    assert.equal(busy.status, 429);
    assert.match(String(busy.headers.get("x-request-id")), /^[0-9a-f]{32}$/);
  }
});
await Promise.all([upstream.close(), slow.close()]);

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
