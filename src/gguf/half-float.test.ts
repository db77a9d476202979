import { expect, it } from "vitest";
import { encodeHalves, fromHalf, toHalf } from "./half-float.ts";

it("returns every half float unchanged through a float and back", () => {
  const halves = Array.from({ length: 65_536 }, (_, half) => half).filter((half) => !isNan(half));
  expect(halves.filter((half) => toHalf(fromHalf(half)) !== half)).toEqual([]);
});

it.each([
  ["the largest half", 65_504, 0x7bff],
  ["just below the tie to infinity", 65_519.99, 0x7bff],
  ["the tie to infinity", 65_520, 0x7c00],
  ["a tie, down to even", 1 + 2 ** -11, 0x3c00],
  ["a tie, up to even", 1 + 3 * 2 ** -11, 0x3c02],
  ["the smallest half", 2 ** -24, 0x0001],
  ["half of the smallest, to zero", 2 ** -25, 0x0000],
  ["a subnormal tie, up to even", 3 * 2 ** -25, 0x0002],
  ["a subnormal that rounds to a normal", 2 ** -14 - 2 ** -26, 0x0400],
  ["minus zero", -0, 0x8000],
  ["minus infinity", -Infinity, 0xfc00],
])("rounds %s", (_, value, half) => {
  expect(toHalf(value)).toBe(half);
});

it("keeps NaN a NaN", () => {
  expect(fromHalf(toHalf(NaN))).toBeNaN();
});

it("writes a row little-endian", () => {
  expect([...encodeHalves(Float32Array.of(1, -2))]).toEqual([0x00, 0x3c, 0x00, 0xc0]);
});

function isNan(half: number): boolean {
  return (half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0;
}
