import { expect, it } from "vitest";
import { EventRing } from "./event-ring.ts";

const event = (number: number, size = 0) => `data: ${number}${"x".repeat(size)}\n\n`;

function listener() {
  const heard = { text: "", ends: 0 };
  return {
    heard,
    write: (text: string) => void (heard.text += text),
    end: () => void (heard.ends += 1),
  };
}

it("gives what came after a number, also from the middle of one write", () => {
  const ring = new EventRing();
  ring.push(event(0) + event(1) + event(2), 2);
  ring.push(event(3), 3);
  const late = listener();
  ring.follow(1, late);
  expect(late.heard.text).toBe(event(2) + event(3));
  ring.push(event(4), 4);
  ring.end();
  expect(late.heard).toEqual({ text: event(2) + event(3) + event(4), ends: 1 });
  const after = listener();
  ring.follow(4, after);
  expect(after.heard).toEqual({ text: "", ends: 1 });
});

it("says nothing to who has stopped", () => {
  const ring = new EventRing();
  const one = listener();
  const stop = ring.follow(-1, one);
  stop();
  ring.push(event(0), 0);
  ring.end();
  expect(one.heard).toEqual({ text: "", ends: 0 });
});

it("forgets the oldest beyond its bound, never the newest", () => {
  const ring = new EventRing();
  for (let number = 0; number < 10; number += 1) ring.push(event(number, 500_000), number);
  ring.push(event(10, 5_000_000), 10);
  const one = listener();
  ring.follow(-1, one);
  expect(one.heard.text).toBe(event(10, 5_000_000));
});
