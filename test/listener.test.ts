import { type Socket, connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { ADMIN_KEY, eventually, startServer } from "./support/server.ts";

/** What a connection can do wrong: each gets the right status or a clean close, and leaves nothing behind. */

type MockOptions = Parameters<typeof createMockUpstream>[0];

async function setUp(server = "", options: MockOptions = {}) {
  const mock = await createMockUpstream(options);
  onTestFinished(() => mock.close());
  const weir = await startServer(
    `server: { ${server} }\nmodels: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  const gauge = async (name: string) => {
    const text = await (await weir.call("/metrics")).text();
    return Number(new RegExp(`^${name} ([\\d.]+)`, "m").exec(text)?.[1]);
  };
  return { mock, weir, gauge };
}

const BODY = JSON.stringify({ model: "chat", messages: [{ role: "user", content: "Hi" }] });
const KEY = `authorization: Bearer ${ADMIN_KEY}`;
const STREAM = BODY.replace("{", '{"stream":true,');

/** A request's bytes: a line, headers, an empty line, a body. */
function message(line: string, headers: readonly string[], body = ""): string {
  return [line, "host: x", KEY, ...headers, "", body].join("\r\n");
}

const CHAT = "POST /v1/chat/completions HTTP/1.1";
const plain = (body = BODY) => message(CHAT, [`content-length: ${body.length}`], body);

function open(url: string) {
  const socket: Socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" });
  onTestFinished(() => void socket.destroy());
  let text = "";
  const heard = new Set<() => void>();
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
    for (const listener of heard) listener();
  });
  socket.on("error", () => undefined);
  const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  const says = (pattern: RegExp) =>
    new Promise<string>((resolve) => {
      const look = () => {
        if (!pattern.test(text)) return;
        heard.delete(look);
        resolve(text);
      };
      heard.add(look);
      look();
    });
  return { socket, closed, says, text: () => text };
}

/** Sends the bytes, waits for the close, gives what came. */
async function ask(url: string, bytes: string): Promise<string> {
  const { socket, closed } = open(url);
  socket.write(bytes, "latin1");
  return closed;
}

const error = (answer: string) => JSON.parse(answer.slice(answer.indexOf("{"))) as unknown;

it.each<[string, string, number, string]>([
  [
    "headers beyond 16 KiB",
    message(CHAT, [`x-long: ${"a".repeat(17_000)}`, "content-length: 2"], "{}"),
    431,
    "headers_too_large",
  ],
  [
    "Content-Length beside Transfer-Encoding",
    message(CHAT, ["content-length: 2", "transfer-encoding: chunked"], "0\r\n\r\n"),
    400,
    "invalid_request",
  ],
  [
    "two lengths",
    message(CHAT, ["content-length: 2", "content-length: 3"], "{}"),
    400,
    "invalid_request",
  ],
  ["a null byte in a header", message(CHAT, ["x-odd: a\0b"], ""), 400, "invalid_request"],
  ["a null byte in the path", message("POST /v1/chat\0 HTTP/1.1", [], ""), 400, "invalid_request"],
  ["a lone line feed", `${CHAT}\nhost: x\r\n bad\r\n\r\n`, 400, "invalid_request"],
  ["something that is not HTTP", "\x16\x03\x01\x02\x00 hello\r\n\r\n", 400, "invalid_request"],
  [
    "a chunk whose size is none",
    message(CHAT, ["transfer-encoding: chunked"], "zz\r\n{}\r\n0\r\n\r\n"),
    400,
    "invalid_request",
  ],
])("refuses %s", async (_name, bytes, status, code) => {
  const { weir, mock, gauge } = await setUp();
  const answer = await ask(weir.url, bytes);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer).toMatch(/connection: close/i);
  expect(error(answer)).toMatchObject({ error: { code } });
  expect(mock.requests).toEqual([]);
  expect(await gauge("weir_request_body_bytes")).toBe(0);
});

it("answers HTTP/1.0, whole and streamed, and closes", async () => {
  const { weir } = await setUp();
  const old = CHAT.replace("1.1", "1.0");
  const whole = await ask(weir.url, message(old, [`content-length: ${BODY.length}`], BODY));
  expect(whole).toMatch(/^HTTP\/1\.1 200 /);
  expect(whole).toMatch(/connection: close/i);
  const streamed = await ask(weir.url, message(old, [`content-length: ${STREAM.length}`], STREAM));
  expect(streamed).not.toMatch(/transfer-encoding/i);
  expect(streamed).toContain("data: [DONE]");
});

it("takes an absolute address, Expect: 100-continue, and requests one behind the other", async () => {
  const { weir, mock } = await setUp();
  const absolute = CHAT.replace("/v1", "http://elsewhere.example/v1");
  const length = `content-length: ${BODY.length}`;
  expect(await ask(weir.url, message(absolute, [length, "connection: close"], BODY))).toMatch(
    /^HTTP\/1\.1 200 /,
  );
  const models = message("GET http://x/v1/models?a=b HTTP/1.1", ["connection: close"]);
  expect(await ask(weir.url, models)).toMatch(/^HTTP\/1\.1 200 /);
  const patient = open(weir.url);
  patient.socket.write(message(CHAT, [length, "expect: 100-continue", "connection: close"]));
  await patient.says(/^HTTP\/1\.1 100 Continue/);
  patient.socket.write(BODY);
  expect(await patient.closed).toMatch(/HTTP\/1\.1 200 OK/);
  const last = message(CHAT, [length, "connection: close"], BODY);
  const many = await ask(weir.url, plain() + plain() + last);
  expect(many.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
  expect(mock.requests).toHaveLength(5);
});

it("closes a connection after as many requests as it may have", async () => {
  const { weir } = await setUp("maxRequestsPerConnection: 2");
  const answer = await ask(weir.url, plain() + plain() + plain());
  expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  expect(answer).toMatch(/connection: close/i);
});

it("waits only so long for a head, a body, and the next piece of it", async () => {
  const limits = "headerTimeout: 1s, bodyTimeout: 3s, bodyIdleTimeout: 1s";
  const { weir, mock, gauge } = await setUp(limits);
  const head = open(weir.url);
  head.socket.write(`${CHAT}\r\nhost: x\r\n`);
  const silent = open(weir.url);
  silent.socket.write(plain().slice(0, -5));
  const chunked = open(weir.url);
  chunked.socket.write(message(CHAT, ["transfer-encoding: chunked"], '5\r\n{"mod\r\n'));
  const dripping = open(weir.url);
  dripping.socket.write(plain().slice(0, -BODY.length));
  const drip = setInterval(() => dripping.socket.write(" "), 200);
  onTestFinished(() => clearInterval(drip));
  for (const { closed } of [head, silent, chunked, dripping]) {
    const answer = await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(error(answer)).toMatchObject({ error: { code: "request_timed_out" } });
  }
  expect(mock.requests).toEqual([]);
  expect(await gauge("weir_request_body_bytes")).toBe(0);
  expect(await gauge("weir_active_calls")).toBe(0);
});

it("forgets a body that is cut short, on either lane", async () => {
  const { weir, mock, gauge } = await setUp();
  const big = "x".repeat(300_000);
  for (const framing of ["content-length: 900000", "transfer-encoding: chunked"]) {
    const client = open(weir.url);
    client.socket.write(
      message(CHAT, [framing], framing.startsWith("c") ? big : `493e0\r\n${big}`),
    );
    await eventually(
      () => gauge("weir_request_body_bytes"),
      (bytes) => bytes >= 300_000,
    );
    client.socket.resetAndDestroy();
    await eventually(
      () => gauge("weir_request_body_bytes"),
      (bytes) => bytes === 0,
    );
  }
  const { calls } = (await (await weir.call("/admin/v1/calls")).json()) as { calls: unknown[] };
  expect(calls).toEqual([]);
  expect(mock.requests).toEqual([]);
});

it("stops the upstream for a client that closes its half", async () => {
  const { weir, mock, gauge } = await setUp("", { tokens: 5000, tokenMs: 5 });
  const client = open(weir.url);
  client.socket.write(plain(STREAM));
  await client.says(/word1/);
  client.socket.end();
  await client.closed;
  await eventually(
    () => Promise.resolve(mock.aborted()),
    (count) => count === 1,
  );
  expect(await gauge("weir_active_calls")).toBe(0);
});

it.each([
  ["the socket reader", CHAT],
  ["node:http", CHAT.replace("1.1", "1.0")],
])("holds the upstream for a slow reader, and cuts one that stands still (%s)", async (_, line) => {
  const { weir, mock, gauge } = await setUp("slowReader: 1s", { tokens: 2_000_000 });
  const client = open(weir.url);
  client.socket.pause();
  client.socket.write(message(line, [`content-length: ${STREAM.length}`], STREAM));
  await eventually(
    () => Promise.resolve(mock.stalled()),
    (count) => count === 1,
  );
  await eventually(
    () => gauge("weir_active_calls"),
    (count) => count === 0,
  );
  expect(mock.aborted()).toBe(1);
  const { calls } = (await (await weir.call("/admin/v1/calls")).json()) as {
    calls: { status: string; outputTokens: number }[];
  };
  expect(calls).toMatchObject([{ status: "canceled" }]);
});

it("goes on for a reader that is slow and reads", async () => {
  const { weir, mock } = await setUp("slowReader: 1s", { tokens: 60_000 });
  const client = open(weir.url);
  client.socket.write(
    message(CHAT, [`content-length: ${STREAM.length}`, "connection: close"], STREAM),
  );
  // Every now and then it takes what is there: more than a second in all.
  for (let round = 0; round < 12; round++) {
    client.socket.pause();
    await wait(150);
    client.socket.resume();
    await wait(5);
  }
  expect(await client.closed).toContain("data: [DONE]");
  expect(mock.aborted()).toBe(0);
});
