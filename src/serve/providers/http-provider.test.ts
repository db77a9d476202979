import { type AddressInfo, type Socket, createServer } from "node:net";
import { afterEach, expect, it } from "vitest";
import type { ChatEvent, ChatRequest } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import type { Provider } from "../provider.ts";
import { httpProvider } from "./http-provider.ts";
import { openAiWire } from "./openai-wire.ts";

const ASK: ChatRequest = {
  kind: "chat",
  model: "up",
  messages: [{ role: "user", content: "Hi" }],
  sampling: {},
  stop: [],
  n: 1,
  stream: true,
};
const SSE = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A target whose upstream does this with every request. */
async function target(answer: (socket: Socket) => void): Promise<Provider> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return provider(`http://127.0.0.1:${port}`);
}

function provider(url: string, limits = {}): Provider {
  const settings = {
    timeoutMs: 5000,
    firstContentMs: 5000,
    answerMs: 5000,
    stallMs: 5000,
    ...limits,
  };
  const made = httpProvider({
    name: "vllm",
    url: new URL(url),
    headers: {},
    wire: openAiWire("openai-compatible", "/v1"),
    ...settings,
  });
  closers.push(() => void made.close());
  return made;
}

function generate(
  from: Provider,
  request: ChatRequest = ASK,
): Promise<{ batches: (readonly ChatEvent[])[]; error?: WeirError }> {
  const batches: (readonly ChatEvent[])[] = [];
  return new Promise((resolve) => {
    from.generate(request, {
      events: (events) => batches.push(events),
      done: () => resolve({ batches }),
      failed: (error) => resolve({ batches, error }),
    });
  });
}

const delta = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
const stop = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`;

it("hands over what one network read brought in one batch", async () => {
  const from = await target((socket) => socket.end(SSE + delta("Bon") + delta("jour") + stop));
  const { batches, error } = await generate(from);
  expect(error).toBeUndefined();
  expect(batches).toEqual([
    [
      { type: "text-delta", index: 0, text: "Bon" },
      { type: "text-delta", index: 0, text: "jour" },
      { type: "finish", index: 0, reason: "stop" },
    ],
  ]);
  expect(from.health()).toEqual({ state: "ready" });
});

it("keeps a character whole that two reads bring", async () => {
  const bytes = Buffer.from(SSE + delta("🌊") + stop);
  const cut = bytes.indexOf(0xf0) + 2;
  const from = await target((socket) => {
    socket.write(bytes.subarray(0, cut));
    setTimeout(() => socket.end(bytes.subarray(cut)), 20);
  });
  expect((await generate(from)).batches.flat()[0]).toMatchObject({ text: "🌊" });
});

it("reads a whole answer that came in pieces", async () => {
  const json = JSON.stringify({
    choices: [{ message: { content: "é🌊" }, finish_reason: "length" }],
    usage: { prompt_tokens: 1, completion_tokens: 2 },
  });
  const bytes = Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
  );
  const cut = bytes.indexOf(0xf0) + 1;
  const from = await target((socket) => {
    socket.write(bytes.subarray(0, cut));
    setTimeout(() => socket.write(bytes.subarray(cut)), 20);
  });
  expect((await generate(from, { ...ASK, stream: false })).batches).toEqual([
    [
      { type: "text-delta", index: 0, text: "é🌊" },
      { type: "finish", index: 0, reason: "length" },
      { type: "usage", usage: { inputTokens: 1, outputTokens: 2 } },
    ],
  ]);
});

const body = '{"error":{"message":"slow down"}}';
const FAILURES: [string, string, Partial<WeirError>][] = [
  [
    "a limit",
    `HTTP/1.1 429 No\r\nretry-after: 3\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    { code: "rate_limited", message: "vllm is at its limit: slow down", retryAfterMs: 3000 },
  ],
  [
    "a broken stream",
    SSE + delta("half"),
    { code: "provider_failed", message: "vllm broke off its answer." },
  ],
  [
    "a stream without content",
    `${SSE}data: [DONE]\n\n`,
    { code: "provider_failed", message: "vllm broke off its answer." },
  ],
  ["no JSON", `${SSE}data: {oops\n\n`, { code: "provider_failed" }],
  [
    "something that is not HTTP",
    "SSH-2.0\r\n",
    {
      code: "provider_failed",
      message: "vllm: sent a malformed HTTP answer: it is not HTTP/1",
    },
  ],
];

it.each(FAILURES)("says what failed: %s", async (_, answer, error) => {
  const from = await target((socket) => socket.end(answer));
  const got = await generate(from);
  expect(got.error).toBeInstanceOf(WeirError);
  expect(got.error).toMatchObject(error);
  expect(from.health()).toEqual({ state: "unknown", detail: got.error?.message });
});

it.each([
  ["vllm did not answer in time: no answer within 0.02 s.", { firstContentMs: 20 }],
  ["vllm took longer than 0.02 s.", { timeoutMs: 20 }],
])("times out: %s", async (message, limits) => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const from = provider(`http://127.0.0.1:${port}`, limits);
  const { error } = await generate(from);
  expect(error).toMatchObject({ code: "provider_timed_out", message });
  await from.close();
  server.close();
});

it.each(["http", "https"])("asks whether it is running when %s refuses", async (scheme) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  await new Promise((resolve) => server.close(resolve));
  const from = provider(`${scheme}://127.0.0.1:${port}`);
  const expected = {
    code: "provider_failed",
    message: "vllm: cannot be reached: is it running?",
  };
  expect((await generate(from)).error).toMatchObject(expected);
  const embedding = { kind: "embedding", model: "m", input: ["a"] } as const;
  await expect(from.embed(embedding, AbortSignal.timeout(5000))).rejects.toMatchObject(expected);
});

it("embeds, and leaves when its caller does", async () => {
  const json = '{"data":[{"index":0,"embedding":[1,2]}],"usage":{"prompt_tokens":3}}';
  let isSilent = false;
  const from = await target((socket) => {
    if (!isSilent) socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${json.length}\r\n\r\n${json}`);
  });
  const embedding = { kind: "embedding", model: "m", input: ["a"] } as const;
  expect(await from.embed(embedding, AbortSignal.timeout(5000))).toEqual({
    vectors: [[1, 2]],
    usage: { inputTokens: 3, outputTokens: 0 },
  });
  isSilent = true;
  await expect(from.embed(embedding, AbortSignal.timeout(20))).rejects.toBeInstanceOf(WeirError);
});
