import { expect, it } from "vitest";
import { WeirError } from "../../core/errors.ts";
import type { Exchange } from "./exchange.ts";
import { createResumables } from "./resumable.ts";

const ID = "0123456789abcdef0123456789abcdef";

/** A connection that takes everything; `leave` ends it. */
function connection() {
  let text = "";
  let leave = (): void => undefined;
  let drain = (): void => undefined;
  const exchange: Exchange = {
    method: "POST",
    path: "",
    headers: {},
    hasBegun: false,
    isFull: false,
    isOver: false,
    readBody: () => undefined,
    respond: () => undefined,
    begin: () => undefined,
    write(more) {
      text += more;
      return true;
    },
    end: (more) => void (text += `${more}<end>`),
    onDrain: (listener) => void (drain = listener),
    onLeave: (listener) => void (leave = listener),
  };
  return { exchange, text: () => text, leave: () => leave(), drain: () => drain() };
}

function open(bufferBytes = 200) {
  let run = (): void => undefined;
  const resumables = createResumables({
    keepMs: () => 1000,
    bufferBytes: () => bufferBytes,
    later(_ms, later) {
      run = later;
      return () => void (run = () => undefined);
    },
  });
  const first = connection();
  const stream = resumables.open(first.exchange, ID, "key");
  if (!stream) throw new Error("not opened");
  let left = 0;
  let drained = 0;
  stream.onLeave(() => (left += 1));
  stream.onDrain(() => (drained += 1));
  stream.begin({});
  return {
    resumables,
    first,
    stream,
    left: () => left,
    drained: () => drained,
    later: () => run(),
  };
}

const event = (name: string) => `data: ${name}\n\n`;
const sent = (number: number, name: string) => `id: ${ID}.${number}\n${event(name)}`;

it("numbers every event, also those that come together", () => {
  const { stream, first } = open();
  stream.write(event("a") + event("b"));
  stream.end(event("c"));
  expect(first.text()).toBe(`${sent(1, "a")}${sent(2, "b")}${sent(3, "c")}<end>`);
});

it("holds the upstream when nobody reads and the buffer is full, and lets it go on afterwards", () => {
  const { resumables, stream, first, drained } = open();
  expect(stream.write(event("a"))).toBe(true);
  first.leave();
  const names = ["b", "c", "d", "e", "f"];
  const answers = names.map((name) => stream.write(event(name)));
  expect(answers).toEqual([true, true, true, false, false]);
  const second = connection();
  resumables.resume(second.exchange, `${ID}.1`, "key");
  expect(second.text()).toBe(names.map((name, at) => sent(at + 2, name)).join(""));
  expect(drained()).toBe(1);
  expect(stream.write(event("g"))).toBe(true);
  expect(second.text()).toContain(sent(7, "g"));
});

it("lets go of what was sent when there is too much, and never skips it in silence", () => {
  const { resumables, stream } = open();
  for (let at = 1; at <= 3000; at++) stream.write(event(`event ${at}`));
  const late = connection();
  expect(() => resumables.resume(late.exchange, `${ID}.5`, "key")).toThrow("not kept any more");
  expect(() => resumables.resume(late.exchange, `${ID}.9999`, "key")).toThrow(WeirError);
  resumables.resume(late.exchange, `${ID}.2999`, "key");
  expect(late.text()).toBe(sent(3000, "event 3000"));
});

it("gives up a stream whose client stays away, and one that ended, after their time", () => {
  const away = open();
  away.first.leave();
  expect(away.left()).toBe(0);
  away.later();
  expect(away.left()).toBe(1);
  expect(() => away.resumables.resume(connection().exchange, ID, "key")).toThrow("no such stream");

  const ended = open();
  ended.stream.end(event("a"));
  ended.first.leave();
  const again = connection();
  ended.resumables.resume(again.exchange, ID, "key");
  expect(again.text()).toBe(`${sent(1, "a")}<end>`);
  ended.later();
  expect(ended.left()).toBe(0);
  expect(() => ended.resumables.resume(connection().exchange, ID, "key")).toThrow("no such stream");
});

it("shows nobody another key's stream", () => {
  const { resumables } = open();
  expect(() => resumables.resume(connection().exchange, ID, "other")).toThrow("no such stream");
});

it("ends the connection that is replaced", () => {
  const { resumables, first, stream } = open();
  stream.write(event("a"));
  const second = connection();
  resumables.resume(second.exchange, `${ID}.0`, "key");
  expect(first.text()).toContain("taken up elsewhere");
  first.leave();
  stream.write(event("b"));
  expect(second.text()).toBe(sent(1, "a") + sent(2, "b"));
});
