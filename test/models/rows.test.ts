import { expect, it } from "vitest";
import { fromHalf } from "../../src/gguf/half-float.ts";
import { READABLE_TYPES, dequantize } from "../../src/gguf/quantize/dequantize.ts";
import { QUANTIZED_TYPES, quantizeRows } from "../../src/gguf/quantize/quantize-rows.ts";
import { ownRows, requantize } from "../../src/gguf/quantize/requantize.ts";
import { nativeRows } from "../../src/serve/engine/native-rows.ts";
import { createRandom } from "../support/random.ts";

/** Rows as our code writes them, against ggml's, bit for bit. Its builds for other processors fuse operations. */

const random = createRandom(7);
const VALUES = 256 * 24;

const KINDS: Readonly<Record<string, (at: number) => number>> = {
  normal: () => Array.from({ length: 12 }, random).reduce((sum, one) => sum + one, -6) * 0.05,
  positive: () => random() * 3,
  negative: () => -random(),
  signedZeros: () => (random() < 0.5 ? -0 : random() < 0.5 ? 0 : random()),
  spiky: () => (random() < 0.02 ? (random() - 0.5) * 50 : (random() - 0.5) * 0.01),
  sparse: () => (random() < 0.7 ? 0 : random() - 0.5),
  tiny: () => (random() - 0.5) * 1e-8,
  almostNothing: (at) => (at % 32 < 16 ? random() * 1e-16 : random() - 0.5),
  huge: () => (random() - 0.5) * 1e30,
  zero: () => 0,
  constant: () => 0.25,
  stepped: () => Math.round((random() - 0.5) * 8) / 4,
  mixed: (at) => (at % 512 < 256 ? 0 : random() - 0.5),
};

const isLikeTheirs = process.arch === "x64";

it.skipIf(!isLikeTheirs).each(QUANTIZED_TYPES)("writes %s as ggml does", (type) => {
  const native = nativeRows();
  const different: string[] = [];
  for (const [kind, make] of Object.entries(KINDS)) {
    const values = Float32Array.from({ length: VALUES }, (_, at) => make(at));
    const theirs = native(values, type, { rowLength: 256 });
    if (!Buffer.from(quantizeRows(values, type)).equals(theirs)) different.push(kind);
  }
  expect(different).toEqual([]);
});

it.each(QUANTIZED_TYPES)("reads %s back near what it was", (type) => {
  const values = Float32Array.from({ length: 2560 }, KINDS["normal"] ?? (() => 0));
  const back = dequantize(quantizeRows(values, type), type);
  const error = (of: Float32Array) =>
    Math.sqrt(of.reduce((sum, value, at) => sum + (value - (values[at] ?? 0)) ** 2, 0) / of.length);
  const spread = error(new Float32Array(values.length));
  const bits = Number(type.charAt(1));
  // A uniform grid of so many steps over six standard deviations, and some room.
  expect(error(back) / spread).toBeLessThan((6 / 2 ** bits / Math.sqrt(12)) * 1.4);
});

it("reads every half float", () => {
  const halves = Uint16Array.from({ length: 65_536 }, (_, half) => half);
  const values = dequantize(new Uint8Array(halves.buffer), "F16");
  expect(values).toEqual(Float32Array.from(halves, fromHalf));
});

it("turns plain floats into one another without a surprise", () => {
  const values = Float32Array.from([0, -0, 1, -1.5, 65_504, 1e-7, 3.14159, NaN, Infinity]);
  const bytes = new Uint8Array(values.buffer.slice(0));
  const through = (type: string) => {
    const there = requantize({ bytes, from: "F32", to: type, rowLength: 9 });
    return dequantize(there, type);
  };
  expect(through("F32")).toEqual(values);
  expect([...through("BF16")].slice(0, 4)).toEqual([0, -0, 1, -1.5]);
  expect(through("BF16")[6]).toBe(3.140625);
  expect(through("BF16").slice(7)).toEqual(values.slice(7));
  expect([...through("F16")].slice(0, 5)).toEqual([0, -0, 1, -1.5, 65_504]);
});

it("refuses what it cannot read or write, and parts of blocks", () => {
  expect(() => quantizeRows(new Float32Array(256), "IQ4_NL")).toThrow("IQ4_NL cannot be written");
  expect(() => quantizeRows(new Float32Array(255), "Q4_K")).toThrow("a multiple of 256");
  expect(() => dequantize(new Uint8Array(33), "Q8_0")).toThrow("blocks of 34 bytes");
  expect(() => dequantize(new Uint8Array(66), "IQ2_XXS")).toThrow("IQ2_XXS cannot be read");
  const importance = new Float32Array(256);
  expect(() => ownRows(new Float32Array(256), "Q4_K", { rowLength: 256, importance })).toThrow(
    "needs the engine's library",
  );
  expect(READABLE_TYPES).toEqual(expect.arrayContaining([...QUANTIZED_TYPES, "F16", "BF16"]));
});
