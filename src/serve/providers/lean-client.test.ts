import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, type Socket, createServer } from "node:net";
import { afterEach, expect, it } from "vitest";
import { type Ticker, canSendPlainly, leanTransport } from "./lean-client.ts";
import {
  type Sending,
  type Transport,
  type TransportOptions,
  TransportTimeout,
} from "./transport.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

interface Upstream {
  readonly url: URL;
  /** Every request's bytes with the number of its connection. */
  readonly requests: { connection: number; text: string; socket: Socket }[];
  readonly sockets: Socket[];
}

/** A server that does what a test tells it, request by request. Requests here end in `.`. */
async function upstream(answer: (socket: Socket, request: number) => void): Promise<Upstream> {
  const requests: Upstream["requests"] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const connection = sockets.push(socket) - 1;
    let text = "";
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      text += chunk.toString();
      if (!text.endsWith(".")) return;
      requests.push({ connection, text, socket });
      text = "";
      answer(socket, requests.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return { url: new URL(`http://127.0.0.1:${port}`), requests, sockets };
}

function client(url: URL, more: Partial<TransportOptions> = {}, time?: Ticker): Transport {
  const limits = { connections: 8, connectMs: 5000, headMs: 5000, stallMs: 5000 };
  const headers = { "content-type": "application/json" };
  const transport = leanTransport({ url, headers, ...limits, ...more }, time);
  open.push(() => void transport.close());
  return transport;
}

interface Call {
  readonly sending: Sending;
  readonly told: string[];
  body: string;
  /** Resolves at the end with what it was. */
  readonly over: Promise<string>;
}

function post(transport: Transport, body = "."): Call {
  const told: string[] = [];
  const { promise: over, resolve: finish } = Promise.withResolvers<string>();
  const sending = transport.send(
    { path: "/v1/x", body: body },
    {
      head: ({ status }) => told.push(`head ${status}`),
      data: (chunk) => (call.body += chunk.toString()),
      flush: () => undefined,
      end() {
        told.push("end");
        finish("end");
      },
      failed(cause) {
        told.push("failed");
        finish(cause instanceof Error ? cause.message : String(cause));
      },
    },
  );
  const call: Call = { sending, told, body: "", over };
  return call;
}

async function until(isTrue: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; !isTrue();) {
    if (Date.now() > end) throw new Error("waited too long");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

it("speaks with node:http, over one connection, in whatever framing that chooses", async () => {
  let connections = 0;
  const server = createHttpServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      response.write(`${request.url} ${request.headers["content-type"]} `);
      response.end(text);
    });
  });
  server.on("connection", () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  open.push(() => server.close());
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const transport = client(new URL(`http://localhost:${port}`));
  for (const body of ["ünïcödé 🌊.", "x".repeat(300_000), ""]) {
    const call = post(transport, body);
    expect(await call.over).toBe("end");
    expect(call.body).toBe(`/v1/x application/json ${body}`);
  }
  expect(connections).toBe(1);
});

it("writes the request once, with its length in bytes", async () => {
  const { url, requests } = await upstream((socket) => socket.write(OK));
  await post(client(url), "ü.").over;
  expect(requests[0]?.text).toBe(
    `POST /v1/x HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\nü.`,
  );
});

it("reads an answer to its end when the connection's end is the end", async () => {
  const { url, requests } = await upstream((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nhello"));
  const transport = client(url);
  for (const connection of [0, 1]) {
    const call = post(transport);
    expect(await call.over).toBe("end");
    expect(call.body).toBe("hello");
    expect(requests.at(-1)?.connection).toBe(connection);
  }
});

it("opens a new connection after close, after bytes too many and after malformed ones", async () => {
  const answers = [
    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    `${OK}x`,
    "nonsense",
    OK,
  ];
  const { url, requests } = await upstream((socket, request) =>
    socket.write(answers[request] ?? OK),
  );
  const transport = client(url);
  const ends: string[] = [];
  for (const _ of answers) ends.push(await post(transport).over);
  expect(ends).toEqual(["end", "end", "sent a malformed HTTP answer: it is not HTTP/1", "end"]);
  expect(requests.map(({ connection }) => connection)).toEqual([0, 1, 2, 3]);
});

it("throws an idle connection away when bytes come that nobody asked for", async () => {
  const { url, requests, sockets } = await upstream((socket) => socket.write(OK));
  const transport = client(url);
  await post(transport).over;
  sockets[0]?.write("HTTP/1.1 408 Request Timeout\r\n\r\n");
  await until(() => sockets[0]?.destroyed === true);
  expect(await post(transport).over).toBe("end");
  expect(requests[1]?.connection).toBe(1);
});

it.each(["", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe"])(
  "fails when the connection ends after %j, and does not send again",
  async (text) => {
    const { url, requests } = await upstream((socket) => socket.end(text));
    expect(await post(client(url)).over).toBe("closed the connection before the end of its answer");
    expect(requests.length).toBe(1);
  },
);

it("sends again, once and on a fresh connection, when an idle one is closed in that moment", async () => {
  const { url, requests } = await upstream((socket, request) => {
    if (request < 2 || request === 3) socket.write(OK);
    else socket.destroy();
  });
  const transport = client(url);
  await Promise.all([post(transport).over, post(transport).over]);
  const call = post(transport);
  expect(await call.over).toBe("end");
  expect(call.told).toEqual(["head 200", "end"]);
  expect(requests.map(({ connection }) => connection).slice(2)).toEqual([expect.any(Number), 2]);
  expect(await post(transport).over).toMatch("closed the connection");
  expect(requests.length).toBe(6);
});

it("does not send again when the connection was closed long after", async () => {
  const { time, pass } = fakeTime();
  const { url, requests } = await upstream((socket, request) => {
    if (request === 0) socket.write(OK);
  });
  const transport = client(url, {}, time);
  await post(transport).over;
  const call = post(transport);
  await until(() => requests.length === 2);
  pass(1000);
  requests[1]?.socket.destroy();
  expect(await call.over).toMatch("closed the connection");
  expect(requests.length).toBe(2);
});

it("does not send again once a byte of the answer came", async () => {
  const { url, requests } = await upstream((socket, request) => {
    if (request === 0) socket.write(OK);
    else socket.end("H");
  });
  const transport = client(url);
  await post(transport).over;
  expect(await post(transport).over).toMatch("closed the connection");
  expect(requests.length).toBe(2);
});

it("keeps to its bound and sends what waits in order", async () => {
  const { url, requests, sockets } = await upstream(() => undefined);
  const transport = client(url, { connections: 2 });
  const calls = Array.from({ length: 6 }, (_, index) => post(transport, `${index}.`));
  await until(() => requests.length === 2);
  for (let sent = 2; sent <= 6; sent++) {
    requests[sent - 2]?.socket.write(OK);
    await until(() => requests.length === Math.min(6, sent + 1));
  }
  requests[5]?.socket.write(OK);
  await Promise.all(calls.map(({ over }) => over));
  expect(requests.slice(2).map(({ text }) => text.slice(-2))).toEqual(["2.", "3.", "4.", "5."]);
  expect(sockets.length).toBe(2);
});

it("takes the connection used last, and drops idle ones in time", async () => {
  const { time, pass } = fakeTime();
  const { url, requests, sockets } = await upstream((socket) => socket.write(OK));
  const transport = client(url, {}, time);
  await Promise.all([post(transport).over, post(transport).over]);
  pass(3000);
  await post(transport).over;
  const kept = requests[2]?.connection ?? 0;
  pass(1500);
  await until(() => sockets[1 - kept]?.destroyed === true);
  expect(sockets[kept]?.destroyed).toBe(false);
  await post(transport).over;
  expect(requests[3]?.connection).toBe(kept);
});

it("believes the server about how long it keeps a connection, less a margin", async () => {
  const { time, pass } = fakeTime();
  const hint = (seconds: number) => OK.replace("\r\n", `\r\nkeep-alive: timeout=${seconds}\r\n`);
  const { url, sockets } = await upstream((socket, request) =>
    socket.write(hint(request === 0 ? 20 : 1)),
  );
  const transport = client(url, { headMs: 60_000, stallMs: 60_000 }, time);
  await post(transport).over;
  pass(18_900);
  await moment();
  expect(sockets[0]?.destroyed).toBe(false);
  await post(transport).over;
  await until(() => sockets[0]?.destroyed === true);
});

it("forgets a request that is canceled while it waits", async () => {
  const { url, requests } = await upstream(() => undefined);
  const transport = client(url, { connections: 1 });
  const [first, second, third] = [
    post(transport, "1."),
    post(transport, "2."),
    post(transport, "3."),
  ];
  second.sending.cancel();
  await until(() => requests.length === 1);
  requests[0]?.socket.write(OK);
  await until(() => requests.length === 2);
  requests[1]?.socket.write(OK);
  expect([await first.over, await third.over, second.told]).toEqual(["end", "end", []]);
  expect(requests[1]?.text).toMatch(/3\.$/);
});

it("sends nothing when it is canceled while it connects, and lets the next one in", async () => {
  const { url, requests } = await upstream((socket) => socket.write(OK));
  const transport = client(url, { connections: 1 });
  const [first, second] = [post(transport, "1."), post(transport, "2.")];
  first.sending.cancel();
  expect(await second.over).toBe("end");
  expect(first.told).toEqual([]);
  expect(requests.map(({ text }) => text.slice(-2))).toEqual(["2."]);
});

it("closes the connection at once when it is canceled in the middle", async () => {
  const { url, sockets } = await upstream((socket) => socket.write(OK.replace(": 2", ": 9")));
  const call = post(client(url));
  await until(() => call.body === "ok");
  call.sending.cancel();
  call.sending.cancel();
  await until(() => sockets[0]?.destroyed === true);
  call.sending.resume();
  expect(call.told).toEqual(["head 200"]);
});

it("really stops reading on pause, so that the upstream feels it", async () => {
  const size = 64 * 1024 * 1024;
  const { url } = await upstream((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
    for (let sent = 0; sent < size; sent += 1024 * 1024)
      socket.write(Buffer.alloc(1024 * 1024, 120));
  });
  const { time, pass } = fakeTime();
  const transport = client(url, {}, time);
  let bytes = 0;
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  const sending = transport.send(
    { path: "/", body: "." },
    {
      head: () => undefined,
      data(chunk) {
        if (bytes === 0) sending.pause();
        bytes += chunk.length;
      },
      flush: () => undefined,
      end: resolve,
      failed: reject,
    },
  );
  await until(() => bytes > 0);
  await moment();
  expect(bytes).toBeLessThanOrEqual(64 * 1024);
  // The silence is our own: it is no stall.
  pass(60_000);
  sending.resume();
  await over;
  expect(bytes).toBe(size);
});

it("keeps a pause from before the connection, and uses the connection again after one", async () => {
  const { url, requests } = await upstream((socket) => socket.write(OK));
  const transport = client(url);
  const call = post(transport);
  call.sending.pause();
  await until(() => requests.length === 1);
  await moment();
  expect(call.told).toEqual([]);
  call.sending.resume();
  expect(await call.over).toBe("end");
  expect(await post(transport).over).toBe("end");
  expect(requests[1]?.connection).toBe(0);
});

function fakeTime(): { time: Ticker; pass: (ms: number) => void; ticking: () => number } {
  let now = 0;
  const ticks = new Set<() => void>();
  const time: Ticker = {
    now: () => now,
    every(_, tick) {
      ticks.add(tick);
      return () => ticks.delete(tick);
    },
  };
  const pass = (ms: number): void => {
    now += ms;
    for (const tick of ticks) tick();
  };
  return { time, pass, ticking: () => ticks.size };
}

it("times out the head, and the silence inside a body, but not a body that goes on", async () => {
  const { time, pass, ticking } = fakeTime();
  const { url, requests, sockets } = await upstream((socket, request) => {
    if (request === 0) socket.write("HTTP/1.1 100 Continue\r\n\r\n");
    else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1");
  });
  const transport = client(url, { headMs: 1000, stallMs: 300 }, time);
  const silent = post(transport);
  await until(() => requests.length === 1);
  pass(999);
  expect(silent.told).toEqual([]);
  pass(1);
  expect(await silent.over).toBe("no answer within 1 s");
  const stalled = post(transport);
  for (const text of ["1", "12", "123"]) {
    await until(() => stalled.body === text);
    pass(299);
    sockets[1]?.write(String(text.length + 1));
  }
  await until(() => stalled.body === "1234");
  pass(300);
  expect(await stalled.over).toBe("nothing more within 0.3 s");
  expect(ticking()).toBe(0);
});

it("times out a connection that is never made", async () => {
  const { time, pass } = fakeTime();
  // TEST-NET-1 answers nobody; where it is refused at once, that is an answer as good.
  const call = post(client(new URL("http://192.0.2.1:81"), { connectMs: 700 }, time));
  pass(700);
  expect(await call.over).toBe("no connection within 0.7 s");
  expect(new TransportTimeout("x")).toBeInstanceOf(Error);
});

it("says what the system says when nobody listens", async () => {
  const { url } = await upstream(() => undefined);
  for (const close of open.splice(0)) close();
  await moment();
  expect(await post(client(url)).over).toMatch("ECONNREFUSED");
});

it("fails everything under way when it is closed, and whatever comes later", async () => {
  const { url, requests } = await upstream(() => undefined);
  const transport = client(url, { connections: 1 });
  const calls = [post(transport), post(transport)];
  await until(() => requests.length === 1);
  await transport.close();
  const late = post(transport);
  expect(late.told).toEqual([]);
  for (const { over } of [...calls, late]) expect(await over).toBe("the target was closed");
});

it("turns a handler's exception into the failure of its own request", async () => {
  const { url } = await upstream((socket) => socket.write(OK));
  const transport = client(url);
  const cause = await new Promise((resolve) => {
    transport.send(
      { path: "/", body: "." },
      {
        head: () => undefined,
        data() {
          throw new Error("reader's fault");
        },
        flush: () => undefined,
        end: () => resolve("end"),
        failed: resolve,
      },
    );
  });
  expect(cause).toMatchObject({ message: "reader's fault" });
  expect(await post(transport).over).toBe("end");
});

it("ends every request that a mutated answer meets", async () => {
  let state = 7;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const answers = [OK, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"];
  const { url } = await upstream((socket) => {
    const bytes = Buffer.from(answers[Math.floor(random() * 2)] ?? OK);
    for (let count = Math.floor(random() * 3); count > 0; count--) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    const cut = Math.floor(random() * bytes.length);
    socket.write(bytes.subarray(0, cut));
    setImmediate(() =>
      random() < 0.5 ? socket.end(bytes.subarray(cut)) : socket.write(bytes.subarray(cut)),
    );
  });
  const transport = client(url, { connections: 4, headMs: 60, stallMs: 60 });
  const calls = Array.from({ length: 400 }, () => post(transport));
  await Promise.all(calls.map(({ over }) => over));
  for (const { told } of calls) {
    expect(told.filter((word) => word === "end" || word === "failed").length).toBe(1);
    expect(told.at(-1)).toMatch(/^(end|failed)$/);
  }
});

it("leaves to undici what it cannot write as it is", () => {
  const headers = { authorization: "Bearer sk-1" };
  expect(canSendPlainly({ url: new URL("http://a/"), headers })).toBe(true);
  expect(canSendPlainly({ url: new URL("https://a/"), headers })).toBe(false);
  for (const bad of ["Bearer a\r\nx: y", "Bearer ü", ""]) {
    expect(canSendPlainly({ url: new URL("http://a/"), headers: { authorization: bad } })).toBe(
      false,
    );
  }
});
