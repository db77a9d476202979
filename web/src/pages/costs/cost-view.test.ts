import { expect, it } from "vitest";
import {
  boundsOf,
  courseQuery,
  FIRST_VIEW,
  fromSearch,
  splitQuery,
  toSearch,
} from "./cost-view.ts";

const NOW = Date.UTC(2026, 0, 15, 12);
const VIEW = { period: "last", by: "user", only: { dimension: "model", value: "m" } } as const;

it("reads what it writes; the first view needs no address", () => {
  expect(fromSearch(toSearch(VIEW))).toEqual(VIEW);
  expect(toSearch(FIRST_VIEW)).toBe("");
  expect(fromSearch("period=ever&by=x&only=y")).toEqual(FIRST_VIEW);
});

it("takes months as bills do, over the turn of the year too", () => {
  expect(boundsOf("last", NOW)).toEqual({ from: Date.UTC(2025, 11), to: Date.UTC(2026, 0) });
  expect(boundsOf("month", NOW)).toEqual({ from: Date.UTC(2026, 0), to: NOW });
  expect(boundsOf("year", NOW)).toEqual({ from: Date.UTC(2025, 1), to: NOW });
});

it("asks for the course and for a dimension of the same runs", () => {
  expect(Object.fromEntries(new URLSearchParams(courseQuery(VIEW, NOW)))).toEqual({
    from: String(Date.UTC(2025, 11)),
    to: String(Date.UTC(2026, 0)),
    model: "m",
    bucket: "day",
  });
  const csv = new URLSearchParams(splitQuery(VIEW, NOW, "csv"));
  expect([csv.get("by"), csv.get("format"), csv.get("bucket")]).toEqual(["user", "csv", "day"]);
});
