import { expect, it } from "vitest";
import { tokenFacts, tokenTimes } from "./token-times.ts";

const START = Date.UTC(2026, 5, 15, 12);

it("takes the times of new tokens, with and without a zone", () => {
  const events = [
    { name: "start", time: "2026-06-15T12:00:00Z" },
    { name: "new_token", time: "2026-06-15T12:00:00.250" },
    { name: "new_token", time: "2026-06-15T12:00:00.200Z" },
    { name: "new_token", time: "2026-06-15T14:00:00.300+02:00" },
    { name: "new_token", time: "never" },
  ];
  expect(tokenTimes(START, events)).toEqual([200, 250, 300]);
  expect(tokenTimes(START, "none")).toEqual([]);
});

it("says what lies between tokens", () => {
  expect(tokenFacts([200, 250, 300, 500])).toEqual({
    count: 4,
    firstMs: 200,
    lastMs: 500,
    middleMs: 50,
    longestMs: 200,
  });
  expect(tokenFacts([7])).toMatchObject({ middleMs: null, longestMs: null });
  expect(tokenFacts([])).toBeNull();
});
