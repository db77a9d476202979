import { type TestContext, beforeEach, expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { type TestRedis, startRedis } from "./support/redis.ts";
import { type TestServer, startServer } from "./support/server.ts";

let context: TestContext;
beforeEach((own) => {
  context = own;
});

async function upstream(options = {}) {
  const mock = await createMockUpstream({ tokens: 6, ...options });
  onTestFinished(() => mock.close());
  return mock;
}

const config = (url: string, cache = "{}", more = "") =>
  `models: { chat: { cache: ${cache}, targets: [{ provider: openai-compatible, url: "${url}", model: up, price: { input: 1 USD, output: 2 USD } }] } }\n${more}`;

const chat = (content: string, more = {}) => ({
  model: "chat",
  messages: [{ role: "user", content }],
  ...more,
});

const ask = (server: TestServer, body: object, headers = {}) =>
  server.call("/v1/chat/completions", body, { headers });

it("answers an identical call from memory: for nothing, and with the whole answer", async () => {
  const mock = await upstream();
  const server = await startServer(config(mock.url));
  const first = await ask(server, chat("Hi"));
  const again = await ask(server, chat("Hi"));
  expect([first, again].map(({ headers }) => headers.get("x-weir-cache"))).toEqual(["miss", "hit"]);
  expect(again.headers.get("age")).toBe("0");
  // Each answer has an id of its own.
  const { id: _, ...answer } = (await first.json()) as Record<string, unknown>;
  expect(await again.json()).toMatchObject(answer);
  expect(mock.requests).toHaveLength(1);
  const { calls } = (await (await server.call("/admin/v1/calls")).json()) as {
    calls: { costNanos: number; target: string | null; inputTokens: number }[];
  };
  expect(calls).toMatchObject([{ costNanos: 0, target: null }, { costNanos: expect.any(Number) }]);
  expect(calls[1]?.costNanos).toBeGreaterThan(0);
});

it("replays a stream as a stream, also for a client that asks for it whole, and the reverse", async () => {
  const mock = await upstream();
  const server = await startServer(config(mock.url));
  const stream = chat("Hi", { stream: true, stream_options: { include_usage: true } });
  const first = await (await ask(server, stream)).text();
  const again = await ask(server, stream);
  expect(again.headers.get("content-type")).toContain("text/event-stream");
  const replayed = await again.text();
  expect(contentOf(replayed)).toBe(contentOf(first));
  expect(replayed.match(/^data: /gm)?.length).toBe(first.match(/^data: /gm)?.length);
  expect(replayed).toContain("data: [DONE]");
  const whole = await ask(server, chat("Hi"));
  expect(whole.headers.get("x-weir-cache")).toBe("hit");
  const { choices } = (await whole.json()) as { choices: { message: { content: string } }[] };
  expect(choices[0]?.message.content).toBe(contentOf(first));
  expect(mock.requests).toHaveLength(1);
});

function contentOf(sse: string): string {
  return sse
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => {
      const chunk = JSON.parse(line.slice(6)) as { choices?: { delta?: { content?: string } }[] };
      return chunk.choices?.[0]?.delta?.content ?? "";
    })
    .join("");
}

it("sends fifty identical calls upstream once", async () => {
  const mock = await upstream({ firstMs: 100, tokenMs: 5 });
  const server = await startServer(config(mock.url));
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, call) => ask(server, chat("Hi", { stream: call % 2 === 0 }))),
  );
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  expect(mock.requests).toHaveLength(1);
  const kinds = answers.map(({ headers }) => headers.get("x-weir-cache"));
  expect(kinds.filter((kind) => kind === "miss")).toHaveLength(1);
  expect(texts.every((text) => text.includes("word5"))).toBe(true);
});

it("finishes an answer that others wait for, though its own client has left", async () => {
  const mock = await upstream();
  const letEnd = mock.hold();
  const server = await startServer(config(mock.url));
  const left = new AbortController();
  const body = chat("Hi", { stream: true });
  const first = await server.call("/v1/chat/completions", body, { signal: left.signal });
  const second = ask(server, body);
  const reader = first.body?.getReader();
  await reader?.read();
  const joined = await second;
  expect(joined.headers.get("x-weir-cache")).toBe("joined");
  left.abort();
  letEnd();
  expect(await joined.text()).toContain("word5");
  expect([mock.requests.length, mock.aborted()]).toEqual([1, 0]);
});

it("generates by itself when the call that it waited for fails", async () => {
  const mock = await upstream();
  const letEnd = mock.hold();
  const server = await startServer(config(mock.url));
  const left = new AbortController();
  const body = chat("Hi");
  const first = server.call("/v1/chat/completions", body, {
    signal: left.signal,
    headers: { "x-weir-deadline": "3s" },
  });
  await expect.poll(() => mock.requests.length).toBe(1);
  const second = ask(server, body);
  expect((await first).status).toBe(504);
  letEnd();
  expect((await second).status).toBe(200);
  expect(mock.requests).toHaveLength(2);
});

it("keeps tenants apart, and what the guard has cut out", async () => {
  const mock = await upstream({
    reply: "The key is sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEF",
  });
  const server = await startServer(config(mock.url));
  const first = await (await ask(server, chat("Hi"))).text();
  const again = await ask(server, chat("Hi"));
  expect(again.headers.get("x-weir-cache")).toBe("hit");
  for (const text of [first, await again.text()]) {
    expect(text).toContain("The key is [");
    expect(text).not.toContain("abcdefghijklmnop");
  }

  const made = await server.call("/admin/v1/tenants", { name: "Other", id: "other" });
  expect(made.status).toBe(201);
  const key = (await (
    await server.call("/admin/v1/keys", { name: "theirs", tenant: "other" })
  ).json()) as { key: string };
  const theirs = await ask(server, chat("Hi"), { authorization: `Bearer ${key.key}` });
  expect([theirs.status, theirs.headers.get("x-weir-cache")]).toEqual([200, "miss"]);
});

it("is not in the way of models that have none, and is off where a call says so", async () => {
  const mock = await upstream();
  const server = await startServer(config(mock.url));
  await ask(server, chat("Hi"));
  const off = await ask(server, chat("Hi"), { "x-weir-cache": "off" });
  expect(off.headers.get("x-weir-cache")).toBeNull();
  const wrong = await ask(server, chat("Hi"), { "x-weir-cache": "maybe" });
  expect(wrong.status).toBe(400);
  expect(await wrong.text()).toContain("x-weir-cache takes off or refresh");
  const metrics = await (await server.call("/metrics")).text();
  expect(metrics).toContain('weir_cache_lookups_total{model="chat",result="miss"} 1');
});

it("finds a coding agent's call again, whose attribution line differs each time", async () => {
  const mock = await upstream({ kind: "vllm" });
  const server = await startServer(
    config(mock.url).replace("openai-compatible", "vllm").replace("model: up", "model: mock"),
  );
  const agent = (nonce: string) => ({
    model: "chat",
    max_tokens: 9,
    system: [
      { type: "text", text: `x-anthropic-billing-header: cc_version=2.1; cch=${nonce};` },
      { type: "text", text: "You code." },
    ],
    messages: [{ role: "user", content: "Hi" }],
  });
  const kinds: (string | null)[] = [];
  for (const nonce of ["36ee5", "0aaa9"]) {
    kinds.push((await server.call("/v1/messages", agent(nonce))).headers.get("x-weir-cache"));
  }
  expect(kinds).toEqual(["miss", "hit"]);
  expect(JSON.stringify(mock.requests)).not.toContain("cch=");
});

it("asks anew once the configuration has changed what makes the answers", async () => {
  const mock = await upstream();
  const server = await startServer(config(mock.url));
  await ask(server, chat("Hi"));
  const { parseConfig } = await import("../src/config/load.ts");
  await server.apply(parseConfig(config(mock.url, "{}", "guard: { mode: monitor }"), "test.yaml"));
  expect((await ask(server, chat("Hi"))).headers.get("x-weir-cache")).toBe("miss");
});

it("compares questions by an embedding model of its own, where it is told to", async () => {
  const mock = await upstream();
  const server = await startServer(
    config(mock.url, "{ semantic: { threshold: 0.6, embeddings: local } }").replace(
      "models: {",
      "models: { local: { targets: [{ provider: llama, file: demo }] },",
    ),
  );
  await server.ready();
  await ask(server, chat("what is the capital of france"));
  const alike = await ask(server, chat("what is the capital city of france"));
  expect(alike.headers.get("x-weir-cache")).toBe("similar");
  expect(Number(alike.headers.get("x-weir-cache-likeness"))).toBeGreaterThan(0.6);
});

/** A server of its own folder over the given Redis. */
async function replica(redis: TestRedis, url: string) {
  return startServer(config(url, "{}", `redis: { url: "${redis.url}", timeout: 500ms }`));
}

it("is shared by replicas in Redis, and does without it while it is away", async () => {
  const redis = await startRedis(context);
  const mock = await upstream();
  const [one, two] = [await replica(redis, mock.url), await replica(redis, mock.url)];
  await (await ask(one, chat("Hi"))).text();
  await expect
    .poll(async () => (await ask(two, chat("Hi"))).headers.get("x-weir-cache"))
    .toBe("hit");
  redis.sleep();
  onTestFinished(() => redis.wake());
  const answer = await ask(two, chat("Hi"));
  expect([answer.status, answer.headers.get("x-weir-cache")]).toEqual([200, "miss"]);
});
