import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { startServer } from "./support/server.ts";

/** Self-hosted servers that can go on with an answer that another one began. */
const ENGINES = ["vllm", "sglang", "tgi", "llama-server"] as const;
const STORY = "Once upon a time a river met a weir and slowed down to look around.";

async function upstream(kind: string, fault?: string) {
  const mock = await createMockUpstream({
    kind,
    reply: STORY,
    ...(fault !== undefined && { fault, failRate: 1 }),
  });
  onTestFinished(() => mock.close());
  return mock;
}

interface Chunk {
  readonly error?: unknown;
  readonly usage?: { readonly completion_tokens: number } | null;
  readonly choices: readonly {
    readonly delta: { readonly content?: string };
    readonly finish_reason: string | null;
  }[];
}

async function chunksOf(answer: Response): Promise<Chunk[]> {
  const lines = (await answer.text()).split("\n");
  const data = lines.flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []));
  expect(data.at(-1)).toBe("[DONE]");
  return data.slice(0, -1).map((one) => JSON.parse(one) as Chunk);
}

const textOf = (chunks: readonly Chunk[]) =>
  chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");

it.each(ENGINES)(
  "a stream that breaks off goes on at %s, and the client sees one answer",
  async (kind) => {
    const broken = await upstream("vllm", "break");
    const sound = await upstream(kind);
    const targets = [
      `{ provider: vllm, url: "${broken.url}", model: mock }`,
      `{ provider: ${kind}, url: "${sound.url}", model: mock, fallback: true }`,
    ];
    const server = await startServer(
      `models: { chat: { routing: { continue: true }, targets: [${targets.join(", ")}] } }`,
    );
    const body = {
      model: "chat",
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: "user", content: "Tell me a story." }],
    };
    const chunks = await chunksOf(await server.call("/v1/chat/completions", body));
    expect(textOf(chunks).trimEnd()).toBe(STORY);
    expect(chunks.some(({ error }) => error)).toBe(false);
    const ends = chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? []);
    expect(ends).toEqual(["stop"]);
    expect(chunks.findLast(({ usage }) => usage)?.usage?.completion_tokens).toBe(
      STORY.split(" ").length,
    );
    const asked = sound.requests.at(-1) as { messages: { role: string; content: string }[] };
    expect(asked.messages.at(-1)).toMatchObject({ role: "assistant" });
    expect(STORY.startsWith(asked.messages.at(-1)?.content.trimEnd() ?? "?")).toBe(true);
  },
);

it("goes on at the embedded engine, with a text completion too", async () => {
  const broken = await upstream("vllm", "break");
  const server = await startServer(
    `models: { chat: { routing: { continue: true }, targets: [{ provider: vllm, url: "${broken.url}", model: mock }, { provider: llama, file: demo, fallback: true }] } }`,
  );
  await server.ready();
  for (const [path, prompt] of [
    ["/v1/chat/completions", { messages: [{ role: "user", content: "What is a KV cache?" }] }],
    ["/v1/completions", { prompt: "A river" }],
  ] as const) {
    const answer = await server.call(path, {
      model: "chat",
      stream: true,
      max_tokens: 12,
      ...prompt,
    });
    const text = await answer.text();
    expect(text).not.toContain('"error"');
    expect(text).toContain("Once ");
    expect(text.match(/\[DONE\]/g)).toHaveLength(1);
    expect(text.match(/"finish_reason":"(stop|length)"/g)).toHaveLength(1);
  }
  const { calls } = (await (await server.call("/admin/v1/calls")).json()) as {
    calls: { attempts: number; status: string }[];
  };
  expect(calls.map(({ attempts, status }) => [attempts, status])).toEqual([
    [2, "ok"],
    [2, "ok"],
  ]);
});

it("ends such a stream with its error where nobody can go on with it", async () => {
  const broken = await upstream("vllm", "break");
  const cloud = await upstream("openai-compatible");
  const server = await startServer(
    `models: { chat: { routing: { continue: true }, targets: [{ provider: vllm, url: "${broken.url}", model: mock }, { provider: openai-compatible, url: "${cloud.url}", model: m, fallback: true }] } }`,
  );
  const messages = [{ role: "user", content: "Tell me a story." }];
  const answer = await server.call("/v1/chat/completions", {
    model: "chat",
    stream: true,
    messages,
  });
  expect(await answer.text()).toContain('"error"');
  expect(cloud.requests).toHaveLength(0);
});
