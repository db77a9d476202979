import { expect, it } from "vitest";
import { toPoints } from "./sparkline.tsx";

it("spreads values over the width, the highest near the top", () => {
  expect(toPoints([0, 5, 10], 100, 22)).toEqual([
    [0, 22],
    [50, 12],
    [100, 2],
  ]);
});

it("leaves out what was not measured, and lies flat when nothing happened", () => {
  expect(toPoints([null, 4, null], 100, 22)).toEqual([[50, 2]]);
  expect(toPoints([0, 0], 100, 22)).toEqual([
    [0, 22],
    [100, 22],
  ]);
  expect(toPoints([], 100, 22)).toEqual([]);
});
