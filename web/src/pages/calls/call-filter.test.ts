import { expect, it } from "vitest";
import { activeParts, fromSearch, NO_FILTER, toQuery, toSearch } from "./call-filter.ts";

const NARROW = { ...NO_FILTER, status: "blocked", search: "a b&c", guarded: true } as const;

it("keeps a filter in the page address and finds it there again", () => {
  expect(toSearch(NARROW)).toBe("status=blocked&search=a+b%26c&guarded=true");
  expect(fromSearch(toSearch(NARROW))).toEqual(NARROW);
  expect(toSearch(NO_FILTER)).toBe("");
  expect(fromSearch("")).toEqual(NO_FILTER);
});

it("ignores what a stranger wrote into the address", () => {
  expect(fromSearch("status=evil&window=toString&guarded=yes&x=1")).toEqual(NO_FILTER);
});

it("asks the API for a time instead of a window", () => {
  const now = 1_000_000_000;
  expect(toQuery({ ...NO_FILTER, window: "15m", model: "chat" }, now, null)).toBe(
    "model=chat&from=999100000&limit=50",
  );
  expect(toQuery({ ...NO_FILTER, window: "all" }, now, "c2")).toBe("limit=50&cursor=c2");
});

it("counts the parts that narrow the list", () => {
  expect(activeParts(NO_FILTER)).toBe(0);
  expect(activeParts({ ...NARROW, user: "ann" })).toBe(4);
});
