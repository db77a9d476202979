import { expect, it } from "vitest";
import {
  activeParts,
  fromSearch,
  NO_FILTER,
  toPageQuery,
  toQuery,
  toSearch,
} from "./trace-filter.ts";

it("reads what it writes, and writes only what is set", () => {
  const filter = {
    ...NO_FILTER,
    status: "error" as const,
    model: "gpt-5-mini",
    tag: "prod",
    filter: "gt(latency, 5)",
    slower: "2.5",
    show: "runs" as const,
  };
  const search = toSearch(filter);
  expect(fromSearch(search)).toEqual(filter);
  expect(toSearch(NO_FILTER)).toBe("");
  expect(activeParts(filter)).toBe(5);
});

it("leaves out what an address says wrongly", () => {
  expect(fromSearch("status=odd&window=1y&show=trees&slower=-3")).toEqual(NO_FILTER);
});

it("asks the API for roots since a time, in milliseconds", () => {
  const query = toQuery({ ...NO_FILTER, slower: "1.5" }, 100_000_000);
  expect(Object.fromEntries(query)).toEqual({
    root: "true",
    minDurationMs: "1500",
    from: "13600000",
  });
  const calls = toPageQuery({ ...NO_FILTER, show: "llm", window: "all" }, 0, "next");
  expect(Object.fromEntries(new URLSearchParams(calls))).toEqual({
    type: "llm",
    limit: "50",
    cursor: "next",
  });
});
