import { expect, it } from "vitest";
import { timingHeaders } from "./overhead.ts";

const TIMES = { admitAt: 110, guardAt: 110.25, routeAt: 111.5, attemptAt: 111.504 };

it("tells the stages of a call apart, and what is this server's of them", () => {
  const attempts = [
    { startedAt: 112, endedAt: 120, firstContentAt: undefined },
    { startedAt: 120, endedAt: undefined, firstContentAt: 150 },
  ];
  expect(timingHeaders({ authMs: 0.1234 }, TIMES, attempts, 151)).toEqual({
    "server-timing":
      "auth;dur=0.12, admit;dur=0.25, guard;dur=1.25, cache;dur=0, route;dur=0.5, upstream;dur=38",
    "x-weir-overhead-ms": "3.12",
  });
});

it("names no upstream for an answer from the cache", () => {
  const { attemptAt: _, ...times } = TIMES;
  expect(timingHeaders({ authMs: 1 }, times, [], 112)).toEqual({
    "server-timing": "auth;dur=1, admit;dur=0.25, guard;dur=1.25, cache;dur=0.5",
    "x-weir-overhead-ms": "3",
  });
});
