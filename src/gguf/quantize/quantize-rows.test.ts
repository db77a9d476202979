import { expect, it } from "vitest";
import { dequantize } from "./dequantize.ts";
import { quantizeRows } from "./quantize-rows.ts";

const quantize = (values: Float32Array) => quantizeRows(values, "Q8_0");
const WAVE = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * 1.7) * 3);

/** What ggml's quantize_row_q8_0_ref (llama.cpp v0.5.0, x86-64) writes for the wave. */
const REFERENCE =
  "0c26007ee08a3f65a7b16d3286ed7ff2852e70b6a362438cdb7d05811b77c6985553" +
  "0a2695c9791881097dd78e4660a1b8712a84f67fea87366bafaa683c89e37efd8224";

it("writes the same bytes as ggml's reference", () => {
  expect(Buffer.from(quantize(WAVE)).toString("hex")).toBe(REFERENCE);
});

it("rounds halves away from zero, unlike Math.round", () => {
  const values = new Float32Array(32);
  values.set([127, -0.5, 0.5, -2.5]);
  const [most, ...rest] = new Int8Array(quantize(values).buffer, 2, 4);
  expect([most, ...rest]).toEqual([127, -1, 1, -3]);
});

it("writes a block of zeros as zeros", () => {
  expect(quantize(new Float32Array(32)).every((byte) => byte === 0)).toBe(true);
});

it("comes back within half a step", () => {
  const back = dequantize(quantize(WAVE), "Q8_0");
  const worst = Math.max(...back.map((value, i) => Math.abs(value - (WAVE[i] ?? 0))));
  expect(worst).toBeLessThan((3 / 127) * 0.55);
});

it("refuses a part of a block", () => {
  expect(() => quantize(new Float32Array(33))).toThrow(RangeError);
});
