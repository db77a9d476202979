import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { toHalf } from "../half-float.ts";
import { type Conversion, dataOf } from "./tensor-data.ts";
import type { StoredTensor } from "./safetensors.ts";

/** Tensors of more than one piece: the seams must not show. */

const HEADS = 6;
const HEAD = 128;
const COLUMNS = 3001;

async function convert(
  tensor: Partial<StoredTensor>,
  words: Float32Array,
  how: Partial<Conversion>,
) {
  const folder = mkdtempSync(join(tmpdir(), "weir-tensor-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "numbers");
  // A header before it, of a length that no number's size divides.
  writeFileSync(path, Buffer.concat([Buffer.from("abc"), Buffer.from(words.buffer)]));
  const file = await open(path);
  onTestFinished(() => file.close());
  const stored = { name: "t", path, dtype: "F32", shape: [words.length], offset: 3, ...tensor };
  const pieces: Uint8Array[] = [];
  const options: Conversion = { file, to: "F32", ...how };
  for await (const piece of dataOf({ bytes: words.length * 4, ...stored }, options))
    pieces.push(piece);
  return pieces;
}

it("orders the rows of each head anew, however many pieces there are", async () => {
  const values = Float32Array.from({ length: HEADS * HEAD * COLUMNS }, (_, at) => at % 9973);
  const pieces = await convert({ shape: [HEADS * HEAD, COLUMNS] }, values, {
    change: { kind: "pair-rows", heads: HEADS },
  });
  expect(pieces.length).toBeGreaterThan(1);
  const all = new Float32Array(new Uint8Array(Buffer.concat(pieces)).buffer);
  const wrong: number[] = [];
  for (let row = 0; row < HEADS * HEAD; row++) {
    const within = row % HEAD;
    const from = row - within + (within % 2) * (HEAD / 2) + Math.floor(within / 2);
    for (const column of [0, 1, COLUMNS - 1])
      if (all[row * COLUMNS + column] !== values[from * COLUMNS + column]) wrong.push(row);
  }
  expect(wrong).toEqual([]);
});

it("changes types over the seams, and adds one in single precision", async () => {
  const values = Float32Array.from({ length: 2_500_001 }, (_, at) => Math.sin(at) * 3);
  const pieces = await convert({}, values, { to: "F16" });
  expect(pieces.length).toBeGreaterThan(1);
  const halves = new Uint16Array(new Uint8Array(Buffer.concat(pieces)).buffer);
  expect(halves.findIndex((half, at) => half !== toHalf(values[at] ?? 0))).toBe(-1);
  const [more] = await convert({}, values.slice(0, 3), { change: { kind: "add-one" } });
  expect([...new Float32Array(more?.buffer ?? new ArrayBuffer())]).toEqual(
    Array.from(values.slice(0, 3), (value) => Math.fround(value + 1)),
  );
});

it("says when a file has become shorter", async () => {
  const values = new Float32Array(8);
  await expect(convert({ bytes: 40 }, values, {})).rejects.toThrow(/become shorter .* tensor t/);
});
