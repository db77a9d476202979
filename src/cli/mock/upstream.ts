import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

export interface MockOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly tokens: number;
  readonly firstMs: number;
  readonly tokenMs: number;
  /** 0 to 1. */
  readonly failRate: number;
  /** `status`, `refuse`, `break`, `stall`, `malformed` or `empty`. */
  readonly fault: string;
  readonly reply: string | undefined;
}

export interface MockUpstream {
  readonly url: string;
  /** The bodies of the generation requests so far. */
  readonly requests: Body[];
  /** Answers that were written to their end. */
  readonly finished: () => number;
  /** Answers that wait for their reader now. */
  readonly stalled: () => number;
  /** Generations whose client left before their end. */
  readonly aborted: () => number;
  close(): Promise<void>;
}

export interface Body {
  readonly model?: string;
  readonly stream?: boolean;
  readonly stream_options?: { include_usage?: boolean };
  readonly n?: number;
  readonly max_tokens?: number;
  readonly input?: string | readonly unknown[];
  readonly [field: string]: unknown;
}

/** An upstream that answers as OpenAI's API does, and can fail in the ways that upstreams fail. */
export async function createMockUpstream(
  options: Partial<MockOptions> = {},
): Promise<MockUpstream> {
  const settings = {
    port: 0,
    tokens: 8,
    firstMs: 0,
    tokenMs: 0,
    failRate: 0,
    fault: "status",
    reply: undefined,
    ...options,
  };
  const requests: Body[] = [];
  let aborted = 0;
  let finished = 0;
  let stalled = 0;

  const server = createServer((request, response) => {
    void (async () => {
      const body = await readBody(request);
      if (request.method === "GET") {
        sendJson(response, 200, { object: "list", data: [{ id: "mock", object: "model" }] });
        return;
      }
      requests.push(body);
      response.on("close", () => {
        if (response.writableFinished) finished += 1;
        else aborted += 1;
      });
      const fault = faultFor(request, settings);
      if (request.url?.endsWith("/embeddings")) sendJson(response, 200, embeddings(body));
      else if (fault) await fail(fault, response, body);
      else if (body.stream) {
        const waiting = (change: 1 | -1) => void (stalled += change);
        await stream(response, body, { ...settings, waiting }, request.url ?? "");
      } else await answer(response, body, settings, request.url ?? "");
    })().catch(() => response.destroy());
  });
  server.listen(settings.port, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    aborted: () => aborted,
    finished: () => finished,
    stalled: () => stalled,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding was set
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? {} : (JSON.parse(text) as Body);
}

function faultFor(request: IncomingMessage, { failRate, fault }: MockOptions): string | undefined {
  const asked = request.headers["x-mock-fault"];
  if (typeof asked === "string") return asked;
  return Math.random() < failRate ? fault : undefined;
}

function wordsOf({ reply, tokens }: MockOptions, { max_tokens: most }: Body): string[] {
  const words =
    reply?.match(/\S+\s*/g) ?? Array.from({ length: tokens }, (_, index) => `word${index} `);
  return words.slice(0, most ?? words.length);
}

function usageOf(words: readonly string[], body: Body) {
  const prompt = Math.ceil(JSON.stringify(body["messages"] ?? body["prompt"] ?? "").length / 4);
  const completion = words.length * (body.n ?? 1);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
  };
}

async function answer(
  response: ServerResponse,
  body: Body,
  settings: MockOptions,
  url: string,
): Promise<void> {
  await wait(settings.firstMs);
  const words = wordsOf(settings, body);
  const text = words.join("").trimEnd();
  const isChat = url.endsWith("/chat/completions");
  sendJson(response, 200, {
    id: "chatcmpl-mock",
    object: isChat ? "chat.completion" : "text_completion",
    created: 1_700_000_000,
    model: body.model,
    choices: Array.from({ length: body.n ?? 1 }, (_, index) => ({
      index,
      ...(isChat ? { message: { role: "assistant", content: text } } : { text }),
      finish_reason: "stop",
    })),
    usage: usageOf(words, body),
  });
}

async function stream(
  response: ServerResponse,
  body: Body,
  settings: MockOptions & { waiting: (change: 1 | -1) => void },
  url: string,
): Promise<void> {
  await wait(settings.firstMs);
  const words = wordsOf(settings, body);
  const isChat = url.endsWith("/chat/completions");
  const answers = Array.from({ length: body.n ?? 1 }, (_, index) => index);
  const head = {
    id: "chatcmpl-mock",
    object: isChat ? "chat.completion.chunk" : "text_completion",
    created: 1_700_000_000,
    model: body.model,
  };
  const send = async (choices: unknown[], more = {}) => {
    const isFlowing = response.write(`data: ${JSON.stringify({ ...head, choices, ...more })}\n\n`);
    if (isFlowing || response.destroyed) return;
    settings.waiting(1);
    await drained(response);
    settings.waiting(-1);
  };
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const [position, word] of words.entries()) {
    const delta = isChat ? { delta: { content: word } } : { text: word };
    for (const index of answers) await send([{ index, ...delta, finish_reason: null }]);
    if (settings.tokenMs > 0 && position < words.length - 1) await wait(settings.tokenMs);
    if (response.destroyed) return;
  }
  const nothing = isChat ? { delta: {} } : { text: "" };
  for (const index of answers) await send([{ index, ...nothing, finish_reason: "stop" }]);
  if (body.stream_options?.include_usage) await send([], { usage: usageOf(words, body) });
  response.end("data: [DONE]\n\n");
}

/** Resolves when the reader has caught up, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}

async function fail(fault: string, response: ServerResponse, body: Body): Promise<void> {
  const chunk = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "half " }, finish_reason: null }] })}\n\n`;
  if (fault === "refuse") response.destroy();
  else if (fault === "empty")
    response
      .writeHead(200, { "content-type": body.stream ? "text/event-stream" : "application/json" })
      .end();
  else if (fault === "malformed")
    response.writeHead(200, { "content-type": "text/event-stream" }).end("data: {not json\n\n");
  else if (fault === "break") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunk);
    await wait(5);
    response.destroy();
  } else if (fault === "stall") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
  } else {
    const status = Number(fault) >= 400 ? Number(fault) : 503;
    sendJson(response, status, {
      error: { message: `mock failure ${status}`, type: "server_error", code: null },
    });
  }
}

function embeddings({ model, input }: Body) {
  const inputs = typeof input === "string" ? [input] : (input ?? []);
  return {
    object: "list",
    model,
    data: inputs.map((_, index) => ({ object: "embedding", index, embedding: [0.6, 0.8, 0] })),
    usage: { prompt_tokens: inputs.length, total_tokens: inputs.length },
  };
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
