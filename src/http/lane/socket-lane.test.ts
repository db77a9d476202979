import { createServer, type Server } from "node:http";
import { type AddressInfo, type Socket, connect } from "node:net";
import { expect, it, onTestFinished, vi } from "vitest";
import { type Exchange, NodeExchange } from "./exchange.ts";
import type { Lane } from "./inference.ts";
import { createSocketLane } from "./socket-lane.ts";

/** The same lane behind the reader and behind plain `node:http`: both must tell a client the same. */

const PATHS: ReadonlySet<string> = new Set(["/v1/chat/completions", "/v1/embeddings"]);
const KEY = "Bearer right";

const MINUTE = () => 60_000;
const LIMITS = {
  bodyTimes: { totalMs: () => 120_000, idleMs: () => 120_000 },
  slowReaderMs: MINUTE,
  maxRequests: () => 0,
};

/** Answers with what it was sent; without the key before the body is read. */
const echo: Lane = (exchange) => {
  if (exchange.method !== "POST" || !PATHS.has(exchange.path)) return false;
  const headers = { "content-type": "text/plain" };
  if (exchange.headers["authorization"] !== KEY) {
    exchange.respond(401, headers, "who is it?");
    return true;
  }
  exchange.readBody(
    1024 * 1024,
    (body) => exchange.respond(200, headers, `${exchange.path} <${body.toString("latin1")}>`),
    (error) => exchange.respond(error.status, headers, error.code),
  );
  return true;
};

async function start(lane: Lane, isReader: boolean) {
  const server: Server = createServer((request, response) => {
    if (!lane(new NodeExchange(request, response, LIMITS))) {
      response.writeHead(404, { "content-length": 0 }).end();
      request.resume();
    }
  });
  const [listener] = server.listeners("connection");
  const reader = createSocketLane({
    paths: PATHS,
    lane,
    handOver: (socket) => {
      listener?.call(server, socket);
    },
    limits: LIMITS,
  });
  if (isReader) {
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => reader.accept(socket));
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    reader.closeAll();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return { reader, server, port };
}

/** Sends the parts one after the other and gives all that came back until the other side closed. */
function talk(port: number, parts: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
    socket.on("end", () => socket.end());
    void (async () => {
      for (const [index, part] of parts.entries()) {
        if (index > 0) await new Promise((next) => setTimeout(next, 2));
        socket.write(part, "latin1");
      }
      // What is still being answered would be dropped by a half-close: first let it arrive.
      setTimeout(() => socket.end(), 100);
    })();
  });
}

/** The answers without what may differ: dates, and the order and letter case of headers. */
function essence(answer: string): string[] {
  return answer.split(/(?=HTTP\/1\.1 \d{3} )/).map((one) => {
    const [head = "", body = ""] = one.split("\r\n\r\n");
    return `${head.split("\r\n")[0]} | ${body}`;
  });
}

function ask(
  headers: readonly string[],
  body: string,
  line = "POST /v1/chat/completions HTTP/1.1",
) {
  return [line, ...headers, "", body].join("\r\n");
}

const plain = (body: string, extra: readonly string[] = []) =>
  ask(["Host: x", `Authorization: ${KEY}`, `Content-Length: ${body.length}`, ...extra], body);

const HOST = "Host: x";
const AUTH = `Authorization: ${KEY}`;
const TAKEN: Record<string, string> = {
  "a plain request": plain("{}"),
  "an empty body": plain(""),
  "a body with line ends in it": plain("a\r\n\r\nPOST / HTTP/1.1\r\n\r\n"),
  "Connection: close": plain("{}", ["Connection: close"]),
  "Connection: keep-alive": plain("{}", ["connection: Keep-Alive", "accept: */*"]),
  "another path": ask([HOST, AUTH, "Content-Length: 2"], "{}", "POST /v1/embeddings HTTP/1.1"),
  "no key": ask([HOST, "Content-Length: 2"], "{}"),
  "a length without a space": ask([HOST, AUTH, "content-length:2"], "{}"),
  "an empty header": plain("{}", ["x-empty:", "x-spaces:   a  b  "]),
  "a body too large": ask([HOST, AUTH, "Content-Length: 2000000"], "x"),
};
const CL = "Content-Length: 2";
const HANDED_OVER: Record<string, string> = {
  "length and chunked": ask([HOST, AUTH, CL, "Transfer-Encoding: chunked"], "0\r\n\r\n"),
  chunked: ask([HOST, AUTH, "Transfer-Encoding: chunked"], "2\r\n{}\r\n0\r\n\r\n"),
  "two equal lengths": ask([HOST, AUTH, CL, CL], "{}"),
  "two lengths": ask([HOST, AUTH, CL, "content-length: 3"], "{}x"),
  "a list of lengths": ask([HOST, AUTH, "Content-Length: 2, 2"], "{}"),
  "a length with a sign": ask([HOST, AUTH, "Content-Length: +2"], "{}"),
  "a negative length": ask([HOST, AUTH, "Content-Length: -2"], "{}"),
  "a length with a space": ask([HOST, AUTH, "Content-Length: 0 2"], "{}"),
  "a length with a space behind": ask([HOST, AUTH, "Content-Length: 2 "], "{}"),
  "a hexadecimal length": ask([HOST, AUTH, "Content-Length: 0x2"], "{}"),
  "a length with a zero before": ask([HOST, AUTH, "Content-Length: 02"], "{}"),
  "an empty length": ask([HOST, AUTH, "Content-Length:"], "{}"),
  "a huge length": ask([HOST, AUTH, "Content-Length: 99999999999999999999"], "{}"),
  "no length": ask([HOST, AUTH], ""),
  "a space before the colon": ask([HOST, AUTH, "Content-Length : 2"], "{}"),
  "lone line feeds": plain("{}").replaceAll("\r\n", "\n"),
  "one lone line feed": plain("{}").replace("Host: x\r\n", "Host: x\n"),
  "a lone carriage return": plain("{}", ["x-a: b\rContent-Length: 9"]),
  folding: plain("{}", ["x-a: b\r\n c"]),
  "a NUL": plain("{}", ["x-a: b\0c"]),
  "a tab": plain("{}", ["x-a: b\tc"]),
  "a byte beyond ASCII": plain("{}", ["x-a: b\xe9c"]),
  "a header without a name": plain("{}", [": b"]),
  "a header without a colon": plain("{}", ["nothing"]),
  "a huge head": plain("{}", [`x-a: ${"b".repeat(9000)}`]),
  "two hosts": plain("{}", ["host: y"]),
  "no host": ask([AUTH, CL], "{}"),
  "a name that objects have": plain("{}", ["__proto__: 1", "constructor: 2"]),
  "any header twice": plain("{}", ["x-a: 1", "X-A: 2"]),
  Expect: plain("{}", ["Expect: 100-continue"]),
  Upgrade: plain("{}", ["Upgrade: websocket", "Connection: upgrade"]),
  "Connection of another kind": plain("{}", ["Connection: close, x"]),
  "Proxy-Connection": plain("{}", ["Proxy-Connection: close"]),
  "HTTP/1.0": ask([HOST, AUTH, CL], "{}", "POST /v1/chat/completions HTTP/1.0"),
  "a query": ask([HOST, AUTH, CL], "{}", "POST /v1/chat/completions?a=1 HTTP/1.1"),
  "another method": ask([HOST], "", "GET /v1/chat/completions HTTP/1.1"),
  "an unknown path": ask([HOST, CL], "{}", "POST /v1/other HTTP/1.1"),
  "two spaces": ask([HOST, AUTH, CL], "{}", "POST  /v1/chat/completions HTTP/1.1"),
  "a line end first": `\r\n${plain("{}")}`,
  nonsense: "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
};

it.each(Object.entries(TAKEN))("takes %s, and answers as node:http does", async (_name, text) => {
  const ours = await start(echo, true);
  const nodes = await start(echo, false);
  const answer = await talk(ours.port, [text]);
  expect(essence(answer)).toEqual(essence(await talk(nodes.port, [text])));
  expect(answer).toMatch(/^HTTP\/1\.1 \d{3} /);
  expect(ours.reader.counts).toEqual({ taken: 1, handedOver: 0 });
});

it.each(Object.entries(HANDED_OVER))("hands over %s", async (_name, text) => {
  const ours = await start(echo, true);
  const nodes = await start(echo, false);
  const answer = await talk(ours.port, [text]);
  expect(essence(answer)).toEqual(essence(await talk(nodes.port, [text])));
  expect(ours.reader.counts).toEqual({ taken: 0, handedOver: 1 });
  // The same behind a request that was taken; node:http may drop that one's answer for the 400.
  const [first, ...rest] = essence(await talk(ours.port, [plain("first") + text]));
  expect(first).toBe("HTTP/1.1 200 OK | /v1/chat/completions <first>");
  expect(rest).toEqual(essence(answer));
  expect(ours.reader.counts).toEqual({ taken: 1, handedOver: 2 });
});

it("answers a request the same wherever it is cut", async () => {
  const { port, reader } = await start(echo, true);
  const text = plain("{\r\n\r\n}") + plain("second");
  const whole = essence(await talk(port, [text]));
  expect(whole).toHaveLength(2);
  expect(reader.counts).toEqual({ taken: 2, handedOver: 0 });
  const cuts = Array.from(text, (_byte, at) => [text.slice(0, at), text.slice(at)]).slice(1);
  const answers = await Promise.all(cuts.map((parts) => talk(port, parts)));
  for (const answer of answers) expect(essence(answer)).toEqual(whole);
  // One byte at a time.
  expect(essence(await talk(port, Array.from(text)))).toEqual(whole);
  expect(reader.counts.taken).toBeGreaterThan(100);
});

it("answers many pipelined requests in order", async () => {
  const { port, reader } = await start(echo, true);
  const texts = Array.from({ length: 3000 }, (_, index) => plain(`n${index}`));
  const answers = essence(await talk(port, [texts.join("")]));
  expect(answers.map((one) => one.slice(one.indexOf("|") + 2))).toEqual(
    texts.map((_, index) => `/v1/chat/completions <n${index}>`),
  );
  expect(reader.counts.handedOver).toBeLessThanOrEqual(1);
});

/** A small generator of numbers that are the same on each run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  "0",
  "1",
  "+",
  "\r\n\r\n",
  "\r\n ",
  "\x80",
  "é",
  "Content-Length: 3\r\n",
  "Transfer-Encoding: chunked\r\n",
  "transfer-encoding: identity\r\n",
  "Host: y\r\n",
  "Connection: close\r\n",
  "Expect: 100-continue\r\n",
  "HTTP/1.0",
  "GET ",
  "POST ",
];

function mutated(text: string, random: (below: number) => number): string {
  let changed = text;
  for (let left = 1 + random(3); left > 0; left--) {
    const at = random(changed.length);
    const cut = random(3) === 0 ? random(4) : 0;
    const piece = random(4) === 0 ? "" : (PIECES[random(PIECES.length)] ?? "");
    changed = changed.slice(0, at) + piece + changed.slice(at + cut);
  }
  return changed;
}

const BAD = "HTTP/1.1 400";

/** Our answers and those of node:http, less what may differ between them. */
function reconciled(here: string, there: string): [string[], string[]] {
  const [answers, expected] = [essence(here), essence(there)];
  if (/^HTTP\/1\.1 4(01|13) .*Connection: close/ms.test(here)) {
    // A refused request whose body is still to come ends the connection; node:http reads on.
    return [answers, expected.slice(0, answers.length)];
  }
  // Whether a 400 for what follows comes after an answer or instead of it is a matter of ticks; that
  // both saw the same requests is checked apart.
  if (answers.length > 1 && answers.at(-1)?.startsWith(BAD)) answers.pop();
  if (expected.length <= answers.length && !expected.at(-1)?.startsWith(BAD))
    return [answers, expected];
  if (expected.at(-1)?.startsWith(BAD) && answers[0] !== expected.at(-1)) expected.pop();
  return [answers.slice(0, expected.length), expected];
}

/** Notes each request that the lane sees, by path and headers. */
function noting(lane: Lane) {
  const seen: string[] = [];
  const noted: Lane = (exchange) => {
    seen.push(`${exchange.method} ${exchange.path} ${JSON.stringify({ ...exchange.headers })}`);
    return lane(exchange);
  };
  return { seen, noted };
}

it("agrees with node:http on thousands of mutated requests, or hands them over", async () => {
  const [oursNotes, nodesNotes] = [noting(echo), noting(echo)];
  const ours = await start(oursNotes.noted, true);
  const nodes = await start(nodesNotes.noted, false);
  const random = seeded(77);
  const seeds = [...Object.values(TAKEN), ...Object.values(HANDED_OVER)].filter(
    ({ length }) => length < 1000,
  );
  for (let batch = 0; batch < 60; batch++) {
    const texts = Array.from({ length: 50 }, () => {
      const seed = random(2) === 0 ? plain("{}", ["x-a: b"]) : seeds[random(seeds.length)];
      const text = mutated(seed ?? "", random) + (random(3) === 0 ? plain("after") : "");
      const cut = random(2) === 0 ? text.length : random(text.length);
      return [text.slice(0, cut), text.slice(cut)];
    });
    const [here = [], there = []] = await Promise.all(
      [ours, nodes].map(({ port }) => Promise.all(texts.map((parts) => talk(port, parts)))),
    );
    for (const [index, text] of texts.entries()) {
      const [answers, expected] = reconciled(here[index] ?? "", there[index] ?? "");
      expect({ text, answers }).toEqual({ text, answers: expected });
    }
    expect(oursNotes.seen.splice(0).toSorted()).toEqual(nodesNotes.seen.splice(0).toSorted());
  }
  expect(ours.reader.counts.taken).toBeGreaterThan(300);
  expect(ours.reader.counts.handedOver).toBeGreaterThan(300);
}, 60_000);

/** A lane that hands its exchange to the test, once the body is there. */
async function startHeld() {
  const exchanges: Exchange[] = [];
  const left: number[] = [];
  const started = await start((exchange) => {
    exchange.readBody(
      1024 * 1024,
      () => {
        const index = exchanges.push(exchange) - 1;
        exchange.onLeave(() => left.push(index));
      },
      (error) => exchange.respond(error.status, {}, error.code),
    );
    return true;
  }, true);
  const socket = connect(started.port, "127.0.0.1");
  let text = "";
  const answer = () => text;
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  onTestFinished(() => void socket.destroy());
  return { ...started, exchanges, left, socket, answer, closed };
}

it("streams in chunks whose lengths are bytes, and takes the next request afterwards", async () => {
  const { socket, exchanges, answer, left } = await startHeld();
  socket.write(plain("{}"));
  await vi.waitFor(() => expect(exchanges).toHaveLength(1));
  const [exchange] = exchanges;
  exchange?.begin({ "content-type": "text/event-stream; charset=utf-8" });
  expect(exchange?.hasBegun).toBe(true);
  expect(exchange?.write("data: aé€😀\n\n")).toBe(true);
  exchange?.write("");
  exchange?.end("data: [DONE]\n\n");
  exchange?.write("too late");
  socket.write(plain("{}"));
  await vi.waitFor(() => expect(exchanges).toHaveLength(2));
  exchanges[1]?.respond(200, {}, "ñ");
  await vi.waitFor(() => expect(answer()).toContain("ñ"));
  expect(answer()).toContain(
    "Transfer-Encoding: chunked\r\n\r\n12\r\ndata: aé€😀\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
  );
  expect(answer()).toContain("Content-Length: 2\r\n\r\nñ");
  expect(left).toEqual([]);
});

it.each<[string, (socket: Socket) => unknown]>([
  ["closes", (socket) => socket.destroy()],
  ["resets", (socket) => socket.resetAndDestroy()],
  ["sends no more", (socket) => socket.end()],
])("says once that a client left when it %s", async (_name, leave) => {
  const { socket, exchanges, left } = await startHeld();
  socket.write(plain("{}"));
  await vi.waitFor(() => expect(exchanges).toHaveLength(1));
  exchanges[0]?.begin({});
  exchanges[0]?.write("data");
  leave(socket);
  await vi.waitFor(() => expect(left).toEqual([0]));
  expect(exchanges[0]?.isOver).toBe(true);
  exchanges[0]?.write("nobody reads this");
  exchanges[0]?.end("nor this");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(left).toEqual([0]);
});

it("says when a client reads too slowly, and when it reads again", async () => {
  const { socket, exchanges } = await startHeld();
  socket.write(plain("{}"));
  await vi.waitFor(() => expect(exchanges).toHaveLength(1));
  socket.pause();
  let drains = 0;
  exchanges[0]?.onDrain(() => drains++);
  exchanges[0]?.begin({});
  const text = "x".repeat(1024 * 1024);
  const writes = Array.from({ length: 30 }, () => exchanges[0]?.write(text));
  expect(writes).toContain(false);
  expect(drains).toBe(0);
  socket.resume();
  await vi.waitFor(() => expect(drains).toBeGreaterThan(0));
});

it("answers an unread body with a close, and never takes it for a request", async () => {
  const { port, reader } = await start(echo, true);
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n`;
  const answer = await talk(port, [head, plain("smuggled")]);
  expect(essence(answer)).toEqual(["HTTP/1.1 401 Unauthorized | who is it?"]);
  expect(answer).toContain("Connection: close");
  expect(reader.counts).toEqual({ taken: 1, handedOver: 0 });
});

it("closes silent connections after 65 s, and answers a slow body with 408 after 120 s", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const slow = await startHeld();
  slow.socket.write(plain("{}").slice(0, -1));
  await new Promise((resolve) => setTimeout(resolve, 50));
  vi.advanceTimersByTime(119_000);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(slow.answer()).toBe("");
  vi.advanceTimersByTime(2000);
  await slow.closed;
  expect(slow.answer()).toMatch(/^HTTP\/1\.1 408 .*Connection: close.*request_timed_out$/s);
  const silent = await startHeld();
  await new Promise((resolve) => setTimeout(resolve, 50));
  vi.advanceTimersByTime(66_000);
  await silent.closed;
  expect(silent.answer()).toBe("");
});

it.each(["keep-alive", "close"])("lets a client read slowly (%s)", async (connection) => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const { socket, exchanges, answer } = await startHeld();
  socket.write(plain("{}", [`Connection: ${connection}`]));
  await vi.waitFor(() => expect(exchanges).toHaveLength(1), { interval: 5 });
  socket.pause();
  const text = "x".repeat(32 * 1024 * 1024);
  exchanges[0]?.respond(200, {}, text);
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    vi.advanceTimersByTime(60_000);
  }
  socket.resume();
  for (let round = 0; round < 200 && answer().length < text.length; round++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(answer().length).toBeGreaterThan(text.length);
});

it("closes idle connections and lets running answers finish", async () => {
  const running = await startHeld();
  const idle = connect(running.port, "127.0.0.1");
  const idleClosed = new Promise((resolve) => idle.on("close", resolve));
  idle.resume();
  running.socket.write(plain("{}"));
  await vi.waitFor(() => expect(running.exchanges).toHaveLength(1));
  const closed = new Promise((resolve) => running.server.close(resolve));
  running.reader.closeIdle();
  await idleClosed;
  running.exchanges[0]?.respond(200, {}, "finished");
  await vi.waitFor(() => expect(running.answer()).toContain("finished"));
  running.reader.closeIdle();
  await closed;
  await running.closed;
});
