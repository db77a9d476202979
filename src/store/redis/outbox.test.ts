import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../../../test/support/server.ts";
import { type Message, Outbox } from "./outbox.ts";

function open(folder = temporaryFolder()) {
  const outbox = new Outbox(folder);
  onTestFinished(() => outbox.close());
  return { outbox, folder };
}

const message = (call: string, ...parts: string[]): Message => ({ call, kind: "charge", parts });

function all(outbox: Outbox): string[] {
  const calls: string[] = [];
  for (let next = outbox.next(); next; next = outbox.next()) {
    calls.push([next.call, ...next.parts].join(" "));
    outbox.sent(next);
  }
  return calls;
}

it("sends in order, and not what has only begun", () => {
  const { outbox } = open();
  outbox.begin(message("a", "1"));
  outbox.begin(message("b", "1"));
  outbox.add(message("b", "2"));
  outbox.add(message("c", "3"));
  expect(all(outbox)).toEqual(["b 2", "c 3"]);
  expect(outbox.size).toBe(1);
});

it("sends after a restart what was not sent, and in full what had begun", () => {
  const { outbox, folder } = open();
  outbox.begin(message("a", "1"));
  outbox.begin(message("b", "1"));
  outbox.add(message("b", "2"));
  const [segment = ""] = readdirSync(folder);
  appendFileSync(join(folder, segment), '["m","c","char');
  expect(all(open(folder).outbox)).toEqual(["b 2", "a 1"]);
});

it("is empty after a restart once everything was sent", () => {
  const { outbox, folder } = open();
  outbox.add(message("a", "1"));
  expect(all(outbox)).toEqual(["a 1"]);
  expect(open(folder).outbox.size).toBe(0);
});

it("takes no more calls when it holds very many", () => {
  const { outbox } = open();
  for (let call = 0; call < 100_000; call++) outbox.add(message(String(call)));
  expect(outbox.isFull).toBe(true);
});
