import { expect, it } from "vitest";
import { defaultThreads } from "./threads.ts";

it.each([
  [1, 1, 1],
  [2, 2, 1],
  [4, 2, 3],
  [8, 4, 4],
  [8, 8, 7],
  [64, 32, 32],
])("on %i logical and %i physical cores uses %i threads", (logical, physical, threads) => {
  expect(defaultThreads(logical, physical)).toBe(threads);
});
