import { expect, it } from "vitest";
import { formatDollars, parseDollars } from "./money.ts";
import { formatDuration, parseDuration } from "./time.ts";

it.each([
  ["20 USD", 20_000_000_000],
  ["0.10 USD", 100_000_000],
  ["0.000000001 USD", 1],
  ["20", undefined],
  ["-1 USD", undefined],
  ["1e3 USD", undefined],
])("reads %s as nano-dollars", (text, nanos) => {
  expect(parseDollars(text)).toBe(nanos);
});

it.each([
  [0, "$0"],
  [300, "$3e-7"],
  [4_200_000, "$0.0042"],
  [12_345_678_901, "$12.35"],
])("shows %s nano-dollars as %s", (nanos, text) => {
  expect(formatDollars(nanos)).toBe(text);
});

it.each([
  ["250ms", 250],
  ["1.5s", 1500],
  ["5m", 300_000],
  ["30d", 2_592_000_000],
  ["5", undefined],
  ["5 minutes", undefined],
])("reads %s as milliseconds", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each([
  [85, "85 ms"],
  [2400, "2.4 s"],
  [180_000, "3 min"],
  [5_400_000, "1.5 h"],
])("shows %s ms as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
