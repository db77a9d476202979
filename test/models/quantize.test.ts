import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { type ModelShape, SHAPES, writeRandomModel } from "../../bench/engine/random-model.ts";
import { string } from "../../src/gguf/metadata.ts";
import { dequantize } from "../../src/gguf/quantize/dequantize.ts";
import { readImportance } from "../../src/gguf/quantize/importance.ts";
import { type MixName, MIX_NAMES, fileTypeOf } from "../../src/gguf/quantize/mixes.ts";
import { type QuantizeOptions, quantizeFile } from "../../src/gguf/quantize/quantize-file.ts";
import { readGguf } from "../../src/gguf/read-gguf.ts";
import { writeGguf } from "../../src/gguf/write-gguf.ts";
import { type Kernel, openQuantizePool } from "../../src/weir/quantize-pool.ts";
import { missing } from "../support/missing.ts";
import { mountTmpfs } from "../support/tmpfs.ts";
import { temporaryFolder } from "../support/server.ts";
import { llamaQuantize } from "./llama-quantize.ts";

/** Whole files: ours against llama.cpp's, byte by byte. */

/** Enough layers for each choice that counts them, and rows for whole blocks. */
const WIDE = { ...SHAPES.tiny, hidden: 256, layers: 17, feedForward: 256, vocabulary: 320 };
/** Rows that are no whole blocks of 256: other types take their place. */
const NARROW = { ...SHAPES.tiny, layers: 9 };

async function quantize(
  from: string,
  to: string,
  { kernel = "native", ...options }: Omit<QuantizeOptions, "pool"> & { readonly kernel?: Kernel },
) {
  const pool = openQuantizePool({ threads: 1, kernel });
  try {
    return await quantizeFile(from, to, { ...options, pool, again: true });
  } finally {
    await pool.close();
  }
}

async function original(shape: ModelShape): Promise<{ folder: string; path: string }> {
  const folder = temporaryFolder();
  await writeRandomModel(join(folder, "random.gguf"), shape);
  const path = join(folder, "f16.gguf");
  await quantize(join(folder, "random.gguf"), path, { mix: "F16" });
  return { folder, path };
}

const QUANTIZED = MIX_NAMES.filter((mix) => mix.startsWith("Q"));

it.skipIf(process.arch !== "x64").each<[string, ModelShape, readonly MixName[]]>([
  ["wide", WIDE, QUANTIZED.filter((mix) => mix.includes("K_"))],
  ["narrow", NARROW, QUANTIZED],
])("writes a %s model as llama.cpp does", { timeout: 300_000 }, async (_, shape, mixes) => {
  const { folder, path } = await original(shape);
  const theirs = join(folder, "theirs.gguf");
  const ours = join(folder, "ours.gguf");
  const different: MixName[] = [];
  for (const mix of mixes) {
    llamaQuantize(path, theirs, fileTypeOf(mix));
    await quantize(path, ours, { mix });
    if (!readFileSync(ours).equals(readFileSync(theirs))) different.push(mix);
  }
  expect(different).toEqual([]);
});

it("writes the same file without the engine's library", async () => {
  const { folder, path } = await original(SHAPES.tiny);
  for (const mix of ["Q4_0", "Q4_K_M", "Q5_K_S"] as const) {
    const [native, own] = [join(folder, `native-${mix}`), join(folder, `own-${mix}`)];
    await quantize(path, native, { mix });
    await quantize(path, own, { mix, kernel: "own" });
    expect(readFileSync(own).equals(readFileSync(native))).toBe(true);
  }
});

it("keeps the tensors that it is told to, and says which type each got", async () => {
  const { folder, path } = await original(SHAPES.tiny);
  const out = join(folder, "kept.gguf");
  const keep = ["output*", "blk.0.*"];
  const { tensors } = await quantize(path, out, { mix: "Q4_0", keep });
  const types = Object.fromEntries(tensors.map(({ tensor, type }) => [tensor.name, type.name]));
  expect(types).toMatchObject({
    "output.weight": "F16",
    "blk.0.ffn_up.weight": "F16",
    "blk.1.ffn_up.weight": "Q4_0",
    "blk.1.ffn_norm.weight": "F32",
  });
  const read = await readGguf(out);
  expect(Object.fromEntries(read.tensors.map(({ name, type }) => [name, type.name]))).toEqual(
    types,
  );
});

it("gives columns that matter more of the bits, where an importance matrix says so", async () => {
  const { folder, path } = await original({ ...SHAPES.tiny, hidden: 256 });
  const matrix = join(folder, "imatrix.gguf");
  const { tensors } = await readGguf(path);
  await writeGguf(matrix, {
    metadata: new Map([["general.type", string("imatrix")]]),
    tensors: tensors
      .filter(({ dimensions }) => dimensions.length === 2)
      .flatMap(({ name, dimensions: [columns = 1] }) => {
        const sums = Float32Array.from({ length: columns }, (_, at) => (at < 8 ? 1000 : 0.001));
        return [
          floats(`${name}.in_sum2`, [columns, 1], sums),
          floats(`${name}.counts`, [1, 1], Float32Array.of(1)),
        ];
      }),
  });
  const importance = await readImportance(matrix);
  const older = join(folder, "imatrix.dat");
  writeFileSync(older, oldMatrix(importance));
  expect(await readImportance(older)).toEqual(importance);
  writeFileSync(older, oldMatrix(importance).subarray(0, 3000));
  await expect(readImportance(older)).rejects.toThrow(/is no importance matrix/);
  await expect(readImportance(join(folder, "none"))).rejects.toThrow(/cannot be read/);
  const errorOf = async (name: string, given: Partial<QuantizeOptions>) => {
    const out = join(folder, name);
    await quantize(path, out, { mix: "Q4_K_S", ...given });
    return columnError(path, out, "blk.1.ffn_up.weight", 8);
  };
  const plain = await errorOf("plain.gguf", {});
  expect(await errorOf("important.gguf", { importance })).toBeLessThan(plain * 0.8);
  await expect(
    quantize(path, matrix, { mix: "Q4_K_S", importance, kernel: "own" }),
  ).rejects.toThrow(/needs the engine's library/);
  await expect(readImportance(path)).rejects.toThrow(/is no importance matrix/);
});

/** As llama-imatrix wrote it before it wrote GGUF: sums of two calls. */
function oldMatrix(importance: ReadonlyMap<string, Float32Array>): Buffer {
  const number = (value: number) => Buffer.from(Int32Array.of(value).buffer);
  const entries = [...importance].flatMap(([name, means]) => [
    number(name.length),
    Buffer.from(name),
    number(2),
    number(means.length),
    Buffer.from(means.map((mean) => mean * 2).buffer),
  ]);
  return Buffer.concat([
    number(importance.size),
    ...entries,
    number(2),
    number(4),
    Buffer.from("text"),
  ]);
}

it("leaves nothing behind when it is broken off, or when the disk is full", async (context) => {
  const { folder, path } = await original(NARROW);
  const stop = new AbortController();
  const out = join(folder, "out.gguf");
  const broken = quantize(path, out, {
    mix: "Q4_0",
    signal: stop.signal,
    onProgress: () => stop.abort(new Error("broken off")),
  });
  await expect(broken).rejects.toThrow("broken off");
  expect(readdirSync(folder).filter((name) => name.startsWith("out"))).toEqual([]);
  const small = mountTmpfs("size=64k");
  if (small === undefined) missing(context, "the right to mount a file system");
  await expect(quantize(path, join(small, "out.gguf"), { mix: "F32" })).rejects.toThrow(
    /The result needs .* left/,
  );
  expect(readdirSync(small)).toEqual([]);
});

it("says what makes no sense", async () => {
  const { folder, path } = await original(SHAPES.tiny);
  await expect(quantize(path, path, { mix: "Q4_0" })).rejects.toThrow("a name of its own");
  await expect(quantize(path, join(folder, "no", "x.gguf"), { mix: "Q4_0" })).rejects.toThrow(
    /There is no folder/,
  );
  const pool = openQuantizePool({ threads: 1 });
  onTestFinished(() => pool.close());
  const random = join(folder, "random.gguf");
  await expect(quantizeFile(random, join(folder, "x.gguf"), { mix: "Q4_0", pool })).rejects.toThrow(
    /is quantized already/,
  );
});

function floats(name: string, dimensions: number[], values: Float32Array) {
  return { name, dimensions, type: "F32", data: new Uint8Array(values.buffer) };
}

/** The mean squared error of a matrix's first columns. */
async function columnError(from: string, to: string, name: string, columns: number) {
  const read = async (path: string) => {
    const tensor = (await readGguf(path)).tensors.find((one) => one.name === name);
    if (!tensor) throw new Error(`${path} has no ${name}`);
    const bytes = readFileSync(path).subarray(tensor.offset, tensor.offset + tensor.bytes);
    return { values: dequantize(bytes, tensor.type.name), row: tensor.dimensions[0] ?? 1 };
  };
  const [before, after] = await Promise.all([read(from), read(to)]);
  let sum = 0;
  for (const [at, value] of before.values.entries()) {
    if (at % before.row < columns) sum += (value - (after.values[at] ?? 0)) ** 2;
  }
  return sum;
}
