import { expect, it } from "vitest";
import { MalformedResponse } from "./response-head.ts";
import { ResponseReader } from "./response-reader.ts";
import type { ResponseHead } from "./transport.ts";

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const SIZED = `${HEAD}content-length: 5\r\n\r\nhello`;
const CHUNKED = `${HEAD}transfer-encoding: Chunked\r\n\r\n3;a="b"\r\nhel\r\n002 \r\nlo\r\n0;end\r\nx-sum: 1\r\nx-more: 2\r\n\r\n`;
const CONTINUED = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n${SIZED}`;
const CLOSED = `${HEAD}\r\nhello`;

interface Reading {
  heads: ResponseHead[];
  body: string;
  isDone: boolean;
  keepsAlive: boolean;
  endsHere: boolean;
}

function read(slices: readonly string[]): Reading {
  const heads: ResponseHead[] = [];
  let body = "";
  const reader = new ResponseReader({
    head: (head) => heads.push(head),
    body: (chunk) => (body += chunk.toString("latin1")),
  });
  for (const slice of slices) reader.push(Buffer.from(slice, "latin1"));
  const { isDone, keepsAlive } = reader;
  return { heads, body, isDone, keepsAlive, endsHere: reader.endsHere() };
}

it.each([
  ["a length", SIZED, true],
  ["chunks with extensions and trailers", CHUNKED, true],
  ["interim answers first", CONTINUED, true],
  ["the connection's end", CLOSED, false],
])("reads an answer framed by %s, however it is cut in two", (_, text, keepsAlive) => {
  for (let cut = 0; cut <= text.length; cut++) {
    expect({ cut, ...read([text.slice(0, cut), text.slice(cut)]) }).toEqual({
      cut,
      heads: [{ status: 200, contentType: "application/json", retryAfter: undefined }],
      body: "hello",
      isDone: keepsAlive,
      keepsAlive,
      endsHere: true,
    });
  }
});

it.each([SIZED, CHUNKED, CONTINUED, CLOSED])("reads it one byte at a time: %j", (text) => {
  expect(read(Array.from(text))).toMatchObject({ body: "hello", endsHere: true });
});

it("does not take an early end for the end", () => {
  for (const text of [SIZED, CHUNKED]) {
    for (let cut = 0; cut < text.length; cut++) {
      expect(read([text.slice(0, cut)])).toMatchObject({ isDone: false, endsHere: false });
    }
  }
});

it("reads a second answer after reset, with nothing left of the first", () => {
  const bodies: string[] = [];
  const reader = new ResponseReader({
    head: () => undefined,
    body: (chunk) => bodies.push(chunk.toString()),
  });
  for (const text of [SIZED, CHUNKED, SIZED]) {
    reader.reset();
    reader.push(Buffer.from(text));
    expect(reader.isDone).toBe(true);
  }
  expect(bodies.join("")).toBe("hellohellohello");
});

it("marks a connection with bytes beyond the end as spent", () => {
  for (const text of [`${SIZED}H`, `${CHUNKED}\r\n`]) {
    expect(read([text])).toMatchObject({ body: "hello", isDone: true, keepsAlive: false });
    expect(read([text.slice(0, -1), text.slice(-1)])).toMatchObject({ keepsAlive: false });
  }
});

it.each([
  ["HTTP/1.1 200 OK\r\nconnection: close", false],
  ["HTTP/1.1 200 OK\r\nconnection: X-a , CLOSE", false],
  ["HTTP/1.1 200 OK\r\nconnection: x\r\nconnection: close", false],
  ["HTTP/1.0 200 OK", false],
  ["HTTP/1.0 200 OK\r\nconnection: Keep-Alive", true],
  ["HTTP/1.1 200", true],
  ["HTTP/1.1 200 \r\nx:", true],
])("knows from %j whether the connection stays: %s", (head, keepsAlive) => {
  expect(read([`${head}\r\ncontent-length: 0\r\n\r\n`])).toMatchObject({
    isDone: true,
    keepsAlive,
  });
});

it.each(["204 No Content", "304 Not Modified"])("expects no body after %s", (status) => {
  expect(read([`HTTP/1.1 ${status}\r\n\r\n`])).toMatchObject({ isDone: true, body: "" });
});

it("reads what the server says about waiting and about idle connections", () => {
  const reader = new ResponseReader({ head: () => undefined, body: () => undefined });
  reader.push(
    Buffer.from("HTTP/1.1 200 OK\r\nKeep-Alive: max=5, timeout=7\r\ncontent-length: 0\r\n\r\n"),
  );
  expect(reader.keepAliveMs).toBe(7000);
  const head = "HTTP/1.1 429 No\r\nRETRY-AFTER: \t3 \r\ncontent-length: 0\r\n\r\n";
  expect(read([head]).heads).toEqual([{ status: 429, contentType: "", retryAfter: "3" }]);
});

const MALFORMED: Record<string, string> = {
  "another protocol": "SSH-2.0-OpenSSH_9.9\r\n",
  "HTTP/2": "HTTP/2 200\r\n\r\n",
  "no status": "HTTP/1.1 OK\r\n\r\n",
  "a status of four digits": "HTTP/1.1 2000 OK\r\n\r\n",
  "an unasked upgrade": "HTTP/1.1 101 Switching\r\n\r\n",
  "bare line feeds": "HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n",
  "a bare carriage return": "HTTP/1.1 200 OK\r\nx: a\rb\r\n\r\n",
  "a zero byte": "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
  "a folded header": "HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n",
  "a blank before the colon": "HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n",
  "a header without colon": "HTTP/1.1 200 OK\r\nx\r\na: b\r\n\r\n",
  "a header without name": "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
  "two lengths": `${HEAD}content-length: 5\r\ncontent-length: 5\r\n\r\nhello`,
  "a list of lengths": `${HEAD}content-length: 5, 5\r\n\r\nhello`,
  "a negative length": `${HEAD}content-length: -1\r\n\r\n`,
  "a signed length": `${HEAD}content-length: +5\r\n\r\nhello`,
  "a hexadecimal length": `${HEAD}content-length: 0x5\r\n\r\nhello`,
  "an empty length": `${HEAD}content-length:\r\n\r\nhello`,
  "a length with another blank": `${HEAD}content-length: 5\u00a0\r\n\r\nhello`,
  "a length beyond numbers": `${HEAD}content-length: 9999999999999999\r\n\r\n`,
  "a length and chunks": `${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`,
  "chunks twice": `${HEAD}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n`,
  "another encoding": `${HEAD}transfer-encoding: gzip, chunked\r\n\r\n`,
  "chunks in HTTP/1.0": "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
  "a chunk without size": chunked("\r\nhello\r\n"),
  "a chunk size in words": chunked("five\r\nhello\r\n"),
  "a negative chunk": chunked("-1\r\n"),
  "a chunk size with 0x": chunked("0x5\r\nhello\r\n"),
  "a chunk beyond numbers": chunked("fffffffffffffff\r\n"),
  "a size of many zeros": chunked(`${"0".repeat(17)}5\r\nhello`),
  "a chunk longer than its size": chunked("3\r\nhello\r\n"),
  "a chunk ended by a bare line feed": chunked("5\nhello\r\n"),
  "an extension with a line feed": chunked("5;a\nhello\r\n"),
  "a trailer with a line feed": chunked("0\r\nx: 1\n\r\n"),
  "extensions without end": chunked(`5;${"a".repeat(70_000)}`),
  "trailers without end": chunked(`0\r\n${"a: b\r\n".repeat(20_000)}`),
  "a head without end": `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(20_000)}`,
};

function chunked(body: string): string {
  return `${HEAD}transfer-encoding: chunked\r\n\r\n${body}`;
}

it.each(Object.keys(MALFORMED))("refuses %s, whole and in small pieces", (name) => {
  const text = MALFORMED[name] ?? "";
  expect(() => read([text])).toThrow(MalformedResponse);
  const size = Math.ceil(text.length / 500);
  const pieces = Array.from({ length: 500 }, (_, at) => text.slice(at * size, (at + 1) * size));
  expect(() => read(pieces)).toThrow(MalformedResponse);
});

it("takes a head of nearly 64 KiB", () => {
  const head = `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(10_000)}content-length: 2\r\n\r\nok`;
  expect(read([head])).toMatchObject({ body: "ok", isDone: true });
});

it("hands over nothing after stop, wherever it comes from", () => {
  const told: string[] = [];
  const reader: ResponseReader = new ResponseReader({
    head: () => told.push("head"),
    body: () => {
      told.push("body");
      reader.stop();
    },
  });
  reader.push(Buffer.from(CHUNKED));
  expect(told).toEqual(["head", "body"]);
  expect(reader.keepsAlive).toBe(false);
});

it("reads mutated answers the same whole and cut, and throws nothing but MalformedResponse", () => {
  const random = seeded(20_261_123);
  const outcome = (slices: readonly string[]): unknown => {
    try {
      return read(slices);
    } catch (cause) {
      return cause instanceof MalformedResponse ? "malformed" : cause;
    }
  };
  for (let round = 0; round < 20_000; round++) {
    const text = mutated([SIZED, CHUNKED, CONTINUED, CLOSED][round % 4] ?? "", random);
    const cut = Math.floor(random() * text.length);
    const slices = [text.slice(0, cut), text.slice(cut)];
    const whole = outcome([text]);
    expect({ text, whole }).not.toMatchObject({ whole: expect.any(Error) });
    expect({ text, got: outcome(slices) }).toEqual({ text, got: whole });
  }
});

const PIECES = [
  "\r\n",
  "\r",
  "\n",
  "\0",
  "0",
  "5",
  "f",
  ";",
  ":",
  " ",
  "\r\n\r\n",
  "chunked",
  "1e9",
  "\u00ff",
];

function mutated(text: string, random: () => number): string {
  let result = text;
  for (let count = Math.floor(random() * 4); count >= 0; count--) {
    const at = Math.floor(random() * result.length);
    const piece = PIECES[Math.floor(random() * PIECES.length)] ?? "";
    result = result.slice(0, at) + piece + result.slice(at + Math.floor(random() * 3));
  }
  return result;
}

/** Park and Miller's generator: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
