import { expect, it } from "vitest";
import { type SseEvent, createSseParser, formatSse, formatSseComment } from "./sse.ts";

const STREAM = `: hello\n\nevent: ping\ndata: {"a":1}\n\ndata: one\r\ndata:two\r\n\r\ndata: ünïcödé 🌊\n\nid: 7\nretry: 5\n\ndata: [DONE]\n\n`;
const EVENTS: SseEvent[] = [
  { event: "ping", data: '{"a":1}' },
  { event: "", data: "one\ntwo" },
  { event: "", data: "ünïcödé 🌊" },
  { event: "", data: "[DONE]" },
];

function parse(chunks: readonly string[]): { events: SseEvent[]; pending: boolean } {
  const events: SseEvent[] = [];
  const parser = createSseParser((event) => events.push(event));
  for (const chunk of chunks) parser.push(chunk);
  return { events, pending: parser.pending };
}

it("reads events whole", () => {
  expect(parse([STREAM])).toEqual({ events: EVENTS, pending: false });
});

it("reads the same events however the stream is cut in two", () => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    expect(parse([STREAM.slice(0, cut), STREAM.slice(cut)]).events).toEqual(EVENTS);
  }
});

it("reads the same events one character at a time", () => {
  expect(parse(Array.from(STREAM)).events).toEqual(EVENTS);
});

it("says that an event was left unfinished", () => {
  expect(parse(["data: half"]).pending).toBe(true);
  expect(parse(["data: whole\n"]).pending).toBe(true);
  expect(parse(["data: whole\n\n"]).pending).toBe(false);
});

it("refuses an event without end", () => {
  const parser = createSseParser(() => undefined, 100);
  expect(() => parser.push("x".repeat(101))).toThrow(RangeError);
});

it("writes what it reads", () => {
  const text = formatSseComment("beat") + formatSse("one", "ping") + formatSse("two");
  expect(parse([text]).events).toEqual([
    { event: "ping", data: "one" },
    { event: "", data: "two" },
  ]);
});
