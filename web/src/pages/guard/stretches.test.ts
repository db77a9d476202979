import { expect, it } from "vitest";
import { stretchesOf } from "./stretches.ts";

it("cuts a text where findings begin and end, also where they overlap", () => {
  const findings = [
    { detector: "a", start: 2, end: 6 },
    { detector: "b", start: 4, end: 8 },
  ];
  expect(stretchesOf("0123456789", findings)).toEqual([
    { start: 0, part: "01", detectors: [] },
    { start: 2, part: "23", detectors: ["a"] },
    { start: 4, part: "45", detectors: ["a", "b"] },
    { start: 6, part: "67", detectors: ["b"] },
    { start: 8, part: "89", detectors: [] },
  ]);
  expect(stretchesOf("", [])).toEqual([]);
});
