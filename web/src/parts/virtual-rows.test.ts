import { expect, it } from "vitest";
import { rowsInView } from "./virtual-rows.ts";

it("keeps only the lines in view, and some around them", () => {
  expect(rowsInView(0, 300, 30, 20_000)).toEqual({ first: 0, end: 22 });
  expect(rowsInView(30_000, 300, 30, 20_000)).toEqual({ first: 988, end: 1022 });
  expect(rowsInView(599_700, 300, 30, 20_000)).toEqual({ first: 19_978, end: 20_000 });
});

it("takes a scroll position of a longer list that has become short", () => {
  expect(rowsInView(90_000, 300, 30, 3)).toEqual({ first: 3, end: 3 });
  expect(rowsInView(0, 300, 30, 0)).toEqual({ first: 0, end: 0 });
});
