import { expect, it } from "vitest";
import { heldBack, TextStream } from "./text-stream.ts";

function feed(stops: string[], ...tokens: (string | number[])[]): string[] {
  const stream = new TextStream(stops);
  const out: string[] = [];
  for (const token of tokens) {
    const bytes =
      typeof token === "string" ? new TextEncoder().encode(token) : Uint8Array.from(token);
    const { text, stopped } = stream.push(bytes);
    out.push(text);
    if (stopped) return [...out, "STOP"];
  }
  return [...out, stream.end()];
}

it("finds a stop string that stands across tokens", () => {
  expect(feed(["\nUser:"], "Hi", "\n", "Us", "er", ": no")).toEqual(["Hi", "", "", "", "", "STOP"]);
});

it("lets go of what only looked like a stop string", () => {
  expect(feed(["END"], "a E", "N", "O", "b")).toEqual(["a ", "", "ENO", "b", ""]);
});

it("cuts at the first of several stop strings", () => {
  expect(feed(["two", "one"], "x one two")).toEqual(["x ", "STOP"]);
});

it("shows what is held when the answer ends", () => {
  expect(feed(["END"], "a EN")).toEqual(["a ", "EN"]);
});

it("never cuts a character", () => {
  const [a, b, c, d] = new TextEncoder().encode("😀");
  expect(feed([], [a ?? 0], [b ?? 0, c ?? 0], [d ?? 0])).toEqual(["", "", "😀", ""]);
});

it("shows a character that never came whole as U+FFFD", () => {
  expect(feed([], "a", [0xf0, 0x9f])).toEqual(["a", "", "\uFFFD"]);
});

it("keeps a byte order mark that the model wrote", () => {
  expect(feed([], [0xef, 0xbb, 0xbf])).toEqual(["\uFEFF", ""]);
});

it("ignores empty stop strings", () => {
  expect(feed([""], "ab")).toEqual(["ab", ""]);
});

it.each([
  ["abc", ["cd"], 1],
  ["abab", ["ababc", "bx"], 4],
  ["abc", ["abc"], 0],
  ["", ["x"], 0],
])("holds back the end of %j for %j", (text, stops, length) => {
  expect(heldBack(text, stops)).toBe(length);
});
