import { type ServerResponse, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { ADMIN_KEY, type TestServer, eventually, startServer } from "./support/server.ts";

/** Far beyond the 50 ms that are promised, and far below what a poll or a timeout would take. */
const MOST_MS = 1_000;

interface Upstream {
  readonly url: string;
  readonly arrived: () => number;
  /** When each request's connection was closed before its answer had ended. */
  readonly leftAt: number[];
}

/** Takes requests and tells when they are given up. `answer` says how far it answers them. */
async function openUpstream(answer: (response: ServerResponse) => void): Promise<Upstream> {
  let arrived = 0;
  const leftAt: number[] = [];
  const server = createServer((asked, response) => {
    asked.resume();
    asked.on("end", () => {
      arrived += 1;
      response.on("close", () => {
        if (!response.writableFinished) leftAt.push(performance.now());
      });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return { url: `http://127.0.0.1:${port}`, arrived: () => arrived, leftAt };
}

const CHUNK = `data: ${JSON.stringify({
  id: "c",
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta: { content: "word " }, finish_reason: null }],
})}\n\n`;

function streaming(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const timer = setInterval(() => response.write(CHUNK), 5);
  response.on("close", () => clearInterval(timer));
}

function silent(): void {
  // Not even a head.
}

/** A call that can be left: resolves when the first byte of its answer is there. */
function open(server: TestServer, path: string, body: object, headers = {}) {
  const asking = request(new URL(path, server.url), {
    method: "POST",
    headers: {
      authorization: `Bearer ${ADMIN_KEY}`,
      "content-type": "application/json",
      ...headers,
    },
  });
  asking.on("error", () => undefined);
  const answered = new Promise<string>((resolve) => {
    asking.on("response", (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
        resolve(text);
      });
      response.on("error", () => undefined);
    });
  });
  asking.end(JSON.stringify(body));
  return { answered, leave: () => asking.destroy() };
}

const chat = (stream: boolean, more = {}) => ({
  model: "chat",
  stream,
  messages: [{ role: "user", content: "Tell me a long story about a river." }],
  ...more,
});

interface Row {
  readonly id: string;
  readonly status: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

async function lastCall(server: TestServer): Promise<Row> {
  const calls = await eventually(
    async () => (await (await server.call("/admin/v1/calls")).json()) as { calls: Row[] },
    ({ calls: [first] }) => first !== undefined,
  );
  const [first] = calls.calls;
  if (!first) throw new Error("no call was recorded");
  return first;
}

const target = (url: string, more = "") =>
  `models: { chat: { targets: [{ provider: openai-compatible, url: "${url}", model: up${more} }] } }`;

it.each([
  ["a stream", streaming, "/v1/chat/completions", chat(true), 1],
  ["a stream before its first content", silent, "/v1/chat/completions", chat(true), 0],
  ["an answer that is not streamed", silent, "/v1/chat/completions", chat(false), 0],
  ["embeddings", silent, "/v1/embeddings", { model: "chat", input: "river" }, 0],
  ["a ranking", silent, "/v1/rerank", { model: "chat", query: "a", documents: ["b"] }, 0],
] as const)(
  "stops the upstream when the client leaves %s",
  async (what, answer, path, body, leastTokens) => {
    const upstream = await openUpstream(answer);
    const server = await startServer(target(upstream.url));
    const call = open(server, path, body);
    await expect.poll(upstream.arrived).toBe(1);
    if (answer === streaming) await call.answered;
    const leftAt = performance.now();
    call.leave();
    await expect.poll(() => upstream.leftAt.length, { interval: 2 }).toBe(1);
    const ms = (upstream.leftAt[0] ?? Infinity) - leftAt;
    process.stdout.write(`cancel of ${what} reached the upstream in ${ms.toFixed(1)} ms\n`);
    expect(ms).toBeLessThan(MOST_MS);
    const { status, inputTokens, outputTokens } = await lastCall(server);
    expect(status).toBe("canceled");
    // What was sent is paid for, and what came back.
    const isChat = path === "/v1/chat/completions";
    expect(inputTokens).toBeGreaterThanOrEqual(isChat ? 5 : 0);
    expect(outputTokens).toBeGreaterThanOrEqual(leastTokens);
  },
);

it.each([
  ["streamed", true, streaming, "word"],
  ["whole", false, silent, "deadline_exceeded"],
])("stops the upstream when a %s call's deadline passes", async (what, stream, answer, told) => {
  const upstream = await openUpstream(answer);
  const server = await startServer(target(upstream.url));
  const startedAt = performance.now();
  const call = open(server, "/v1/chat/completions", chat(stream), { "x-weir-deadline": "200ms" });
  await expect.poll(() => upstream.leftAt.length, { interval: 2 }).toBe(1);
  const late = (upstream.leftAt[0] ?? Infinity) - startedAt - 200;
  process.stdout.write(
    `deadline of a ${what} call reached the upstream ${late.toFixed(1)} ms late\n`,
  );
  expect(late).toBeLessThan(MOST_MS);
  expect(await call.answered).toContain(told);
  expect((await lastCall(server)).status).toBe("error");
});

it("never sends a call upstream whose client left while it waited for room", async () => {
  const upstream = await openUpstream(streaming);
  const server = await startServer(target(upstream.url, ", concurrency: 1"));
  const first = open(server, "/v1/chat/completions", chat(true));
  await first.answered;
  const second = open(server, "/v1/chat/completions", chat(true));
  await eventually(
    async () => (await (await server.call("/admin/v1/models")).json()) as Waiting,
    ({ models: [model] }) => model?.routing.waiting === 1,
  );
  second.leave();
  await eventually(
    async () => (await (await server.call("/admin/v1/models")).json()) as Waiting,
    ({ models: [model] }) => model?.routing.waiting === 0,
  );
  first.leave();
  await expect.poll(() => upstream.leftAt.length).toBe(1);
  expect(upstream.arrived()).toBe(1);
});

interface Waiting {
  readonly models: readonly { readonly routing: { readonly waiting: number } }[];
}

/** The demo model would end by itself soon. */
const ENDLESS = 'root ::= ("la "){1000}';

it.each([true, false])("stops the embedded engine, streamed: %s", async (stream) => {
  const server = await startServer(
    "models: { chat: { targets: [{ provider: llama, file: demo }] } }",
  );
  await server.ready();
  const running = async () => {
    const list = (await (await server.call("/admin/v1/models")).json()) as Engines;
    return list.models[0]?.targets[0]?.engine?.running ?? -1;
  };
  const call = open(
    server,
    "/v1/chat/completions",
    chat(stream, { max_tokens: 1500, grammar: ENDLESS }),
  );
  if (stream) await call.answered;
  else await eventually(running, (count) => count === 1);
  const leftAt = performance.now();
  call.leave();
  await expect.poll(running, { interval: 5 }).toBe(0);
  process.stdout.write(
    `cancel of an embedded call (streamed: ${stream}) seen within ${(performance.now() - leftAt).toFixed(1)} ms\n`,
  );
  const { status, outputTokens } = await lastCall(server);
  expect(["canceled", "ok"]).toContain(status);
  expect(outputTokens).toBeLessThan(1500);
});

interface Engines {
  readonly models: readonly {
    readonly targets: readonly { readonly engine: { readonly running: number } | null }[];
  }[];
}
