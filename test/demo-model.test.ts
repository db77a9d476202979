import { existsSync } from "node:fs";
import { copyFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { expect, it } from "vitest";
import {
  ADMIN_KEY,
  type TestServer,
  eventually,
  startServer,
  temporaryFolder,
} from "./support/server.ts";

/** The main job on real input: the built-in model through the embedded engine and the whole server. */

const DEMO = join(import.meta.dirname, "..", "models", "demo.gguf");
const YAML =
  "models: { chat: { targets: [{ provider: llama, file: demo, slots: 4, context: 512 }] } }";

async function setUp(yaml = YAML, folder = temporaryFolder()) {
  expect(existsSync(DEMO)).toBe(true);
  const server = await startServer(yaml, { folder });
  await server.ready();
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 0 });
  return { server, client };
}

const ask = (content: string) => ({
  model: "chat",
  temperature: 0,
  messages: [{ role: "user" as const, content }],
});

interface Engine {
  readonly running: number;
  readonly restarts: number;
}
async function engineOf(server: TestServer): Promise<Engine | null> {
  const { models } = (await (await server.call("/admin/v1/models")).json()) as {
    models: { targets: { engine: Engine | null }[] }[];
  };
  return models[0]?.targets[0]?.engine ?? null;
}

it("answers a question it was trained on, streamed and whole alike, with usage and a trace", async () => {
  const { server, client } = await setUp();
  const whole = await client.chat.completions.create(ask("What is a KV cache?"));
  const text = whole.choices[0]?.message.content ?? "";
  expect(text).toMatch(/keys and values/i);
  const stream = await client.chat.completions.create({
    ...ask("What is a KV cache?"),
    stream: true,
    stream_options: { include_usage: true },
  });
  let streamed = "";
  let usage;
  for await (const chunk of stream) {
    streamed += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  expect(streamed).toBe(text);
  expect(usage).toMatchObject({ prompt_tokens: whole.usage?.prompt_tokens });
  const { calls } = await eventually(
    async () =>
      (await (await server.call("/admin/v1/calls")).json()) as { calls: Record<string, unknown>[] },
    (answer) => answer.calls.length === 2,
  );
  expect(calls[0]).toMatchObject({
    target: "llama/demo",
    status: "ok",
    finishReason: "stop",
    outputTokens: whole.usage?.completion_tokens,
    ttftMs: expect.any(Number),
    costNanos: 0,
  });
  const metrics = await (await server.call("/metrics")).text();
  expect(metrics).toMatch(/weir_engine_kv_cache_usage\{engine="[^"]+"\} 0\n/);
  expect(metrics).toMatch(/weir_engine_kv_cache_kept\{engine="[^"]+"\} 0\.\d+/);
});

it("keeps to a JSON schema", async () => {
  const { client } = await setUp();
  const schema = {
    type: "object",
    properties: {
      topic: { type: "string", maxLength: 20 },
      level: { enum: ["low", "high"] },
      steps: { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 3 },
    },
    required: ["topic", "level", "steps"],
    additionalProperties: false,
  };
  const { choices } = await client.chat.completions.create({
    ...ask("What is a KV cache?"),
    response_format: { type: "json_schema", json_schema: { name: "answer", schema, strict: true } },
  });
  const answer = JSON.parse(choices[0]?.message.content ?? "") as Record<string, unknown>;
  expect(Object.keys(answer).toSorted()).toEqual(["level", "steps", "topic"]);
  expect(["low", "high"]).toContain(answer["level"]);
  expect(Array.isArray(answer["steps"])).toBe(true);
});

it("gives logprobs, several answers, stops and seeds", async () => {
  const { client } = await setUp();
  const { choices } = await client.chat.completions.create({
    ...ask("hello"),
    n: 2,
    temperature: 1,
    seed: 5,
    max_tokens: 4,
    logprobs: true,
    top_logprobs: 2,
  });
  expect(choices).toHaveLength(2);
  const content = choices[0]?.logprobs?.content ?? [];
  expect(content.length).toBeGreaterThan(0);
  for (const { logprob, top_logprobs: top } of content) {
    expect(logprob).toBeLessThanOrEqual(0);
    expect(top).toHaveLength(2);
  }
  const full = await client.chat.completions.create(ask("What is a KV cache?"));
  const stopped = await client.chat.completions.create({
    ...ask("What is a KV cache?"),
    stop: "cache",
  });
  expect(full.choices[0]?.message.content).toContain(`${stopped.choices[0]?.message.content}cache`);
});

it("embeds texts as unit vectors, in both encodings", async () => {
  const { client } = await setUp();
  const { data, usage } = await client.embeddings.create({
    model: "chat",
    input: ["a river", "a weir"],
  });
  expect(data).toHaveLength(2);
  const norm = Math.hypot(...(data[0]?.embedding ?? []));
  expect(norm).toBeCloseTo(1, 4);
  expect(usage.prompt_tokens).toBeGreaterThan(0);
  const asFloats = await client.embeddings.create({
    model: "chat",
    input: "a river",
    encoding_format: "float",
  });
  expect(asFloats.data[0]?.embedding[0]).toBeCloseTo(data[0]?.embedding[0] ?? 0, 5);
});

it("refuses a prompt longer than the context with both numbers", async () => {
  const { client } = await setUp();
  await expect(client.chat.completions.create(ask("word ".repeat(2000)))).rejects.toMatchObject({
    status: 400,
    code: "context_length_exceeded",
    message: expect.stringMatching(/\d+.*512/s),
  });
});

it("frees the engine when the client leaves", async () => {
  const { server, client } = await setUp();
  const stream = await client.chat.completions.create({
    ...ask("Tell me about yourself"),
    stream: true,
    logit_bias: { 2: -100 },
  });
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
  const idle = await eventually(
    () => engineOf(server),
    (engine) => engine?.running === 0,
  );
  expect(idle?.restarts).toBe(0);
  const { calls } = await eventually(
    async () =>
      (await (await server.call("/admin/v1/calls")).json()) as { calls: Record<string, unknown>[] },
    (answer) => answer.calls.length === 1,
  );
  // The engine's own count, not an estimate: the prompt's length is the tokenizer's.
  const whole = await client.chat.completions.create(ask("Tell me about yourself"));
  expect(calls[0]).toMatchObject({ status: "canceled", inputTokens: whole.usage?.prompt_tokens });
  expect(Number(calls[0]?.["outputTokens"])).toBeGreaterThan(0);
});

it("tells a stream that its engine died, and answers the next call from a new one", async () => {
  const { server, client } = await setUp();
  const pids = () => server.enginePids();
  const stream = await client.chat.completions.create({
    ...ask("Tell me about yourself"),
    stream: true,
    max_tokens: 400,
    logit_bias: { 2: -100 },
  });
  const failure = await (async () => {
    try {
      let isKilled = false;
      for await (const chunk of stream) {
        if (isKilled || !chunk.choices[0]?.delta.content) continue;
        isKilled = true;
        for (const pid of pids()) process.kill(pid, "SIGKILL");
      }
    } catch (cause) {
      return String(cause);
    }
    return "none";
  })();
  expect(failure).toMatch(/again|engine/i);
  const answer = await client.chat.completions.create(ask("What is a KV cache?"), {
    timeout: 20_000,
  });
  expect(answer.choices[0]?.message.content).toMatch(/keys and values/i);
  expect((await engineOf(server))?.restarts).toBeGreaterThan(0);
});

it.each<[string, (path: string) => void, RegExp]>([
  ["missing", () => undefined, /does not exist/],
  [
    "cut off",
    (path) => {
      copyFileSync(DEMO, path);
      truncateSync(path, 100_000);
    },
    /cut off|names/,
  ],
  ["no GGUF at all", (path) => writeFileSync(path, "hello, I am a text file"), /not a GGUF file/],
])(
  "serves the rest when a model's file is %s, and says why this one cannot",
  async (_name, spoil, message) => {
    const folder = temporaryFolder();
    spoil(join(folder, "bad.gguf"));
    const server = await startServer(
      "models: { chat: { targets: [{ provider: llama, file: bad.gguf }] } }",
      { folder },
    );
    await expect(server.ready()).rejects.toThrow(message);
    const answer = await server.call("/v1/chat/completions", ask("hi"));
    expect(answer.status).toBe(503);
    expect(await answer.text()).toMatch(message);
    const ready = await server.call("/ready");
    expect(ready.status).toBe(503);
  },
);
