import { expect, it } from "vitest";
import {
  errorsQuery,
  FIRST_VIEW,
  fromSearch,
  seriesQuery,
  splitQuery,
  toSearch,
  withSplit,
} from "./performance-view.ts";

const NOW = Date.UTC(2026, 5, 15, 12, 34, 56);
const VIEW = {
  window: "24h",
  kind: "all",
  lines: "all",
  by: "user",
  only: { dimension: "model", value: "gpt-5-mini" },
} as const;

it("reads what it writes; the first view needs no address", () => {
  expect(fromSearch(toSearch(VIEW))).toEqual(VIEW);
  expect(toSearch(FIRST_VIEW)).toBe("");
  expect(fromSearch("window=1y&by=nothing&kind=x&only=odd")).toEqual(FIRST_VIEW);
});

it("asks for buckets, values and errors of the same runs", () => {
  const series = Object.fromEntries(new URLSearchParams(seriesQuery(VIEW, NOW)));
  expect(series).toEqual({
    from: String(Date.UTC(2026, 5, 14, 12, 45)),
    to: String(Date.UTC(2026, 5, 15, 12, 45)),
    model: "gpt-5-mini",
    bucketMs: "900000",
  });
  const drawn = withSplit(VIEW, { by: "key", only: null });
  expect(drawn).toEqual({ ...VIEW, by: "key", only: null, lines: "p95" });
  expect(fromSearch(toSearch(drawn))).toEqual(drawn);
  expect(seriesQuery(drawn, NOW)).toMatch(/bucketMs=900000&by=key&top=8$/);
  expect(withSplit(VIEW, { by: "user", only: null }).lines).toBe("all");
  expect(new URLSearchParams(splitQuery(FIRST_VIEW, NOW)).get("by")).toBe("model");
  expect(new URLSearchParams(errorsQuery(VIEW, NOW) ?? "").get("model")).toBe("gpt-5-mini");
  const byKey = { ...VIEW, only: { dimension: "provider", value: "x" } } as const;
  expect(errorsQuery(byKey, NOW)).toBeNull();
});
