import { expect, it } from "vitest";
import {
  formatAgo,
  formatBytes,
  formatCost,
  formatCount,
  formatMs,
  formatPrice,
  formatRate,
  formatShare,
  plural,
} from "./format.ts";

it.each([
  [0, "0 ms"],
  [0.00001, "1 µs"],
  [0.42, "420 µs"],
  [2.41, "2.4 ms"],
  [84.6, "85 ms"],
  [2412, "2.41 s"],
  [31_240, "31.2 s"],
  [200_000, "3 min 20 s"],
  [3_600_000, "1 h"],
  [7_500_000, "2 h 5 min"],
  [352_800_000, "4 d 2 h"],
])("writes %d ms as %s", (ms, text) => {
  expect(formatMs(ms)).toBe(text);
});

it.each([
  [0, "$0"],
  [300, "$0.0000003"],
  [4_200_000, "$0.0042"],
  [12_346_000_000, "$12.35"],
  [1_204_000_000_000, "$1,204"],
])("writes %d nano-dollars as %s", (nanos, text) => {
  expect(formatCost(nanos)).toBe(text);
});

it("writes counts, rates and shares at a reader's precision", () => {
  expect([12_400, 1_240_000].map(formatCount)).toEqual(["12,400", "1.2M"]);
  expect([0, 0.0512, 3.44, 119.6].map(formatRate)).toEqual(["0", "0.051", "3.4", "120"]);
  expect(formatShare(0, 10)).toBe("0%");
  expect(formatShare(1, 3000)).toBe("<0.1%");
  expect(formatShare(1, 8)).toBe("13%");
  expect(formatShare(0, 0)).toBe("–");
});

it("writes bytes and prices", () => {
  expect([0, 640, 5_033_165, 185_700_000, 2 ** 30].map(formatBytes)).toEqual([
    "0 B",
    "640 B",
    "4.8 MiB",
    "177 MiB",
    "1 GiB",
  ]);
  expect([0, 0.4, 0.005].map(formatPrice)).toEqual(["free", "$0.40", "$0.005"]);
});

it("has one dash for everything that is not known", () => {
  expect([formatCount(null), formatMs(null), formatCost(null), formatBytes(null)]).toEqual(
    Array.from({ length: 4 }, () => "–"),
  );
});

it("tells how long ago", () => {
  const now = 1_000_000_000;
  const times = [null, now + 50, now - 40_000, now - 200_000, now - 7_200_000, now - 500_000_000];
  expect(times.map((at) => formatAgo(at, now))).toEqual([
    "never",
    "just now",
    "40 s ago",
    "3 min ago",
    "2 h ago",
    "5 d ago",
  ]);
  expect([plural(1, "call"), plural(3, "call")]).toEqual(["1 call", "3 calls"]);
});
