import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readGguf } from "./read-gguf.ts";
import { writeGguf, type TensorSource } from "./write-gguf.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gguf-"));
});
afterAll(() => rm(folder, { recursive: true }));

function write(name: string, ...tensors: TensorSource[]): Promise<void> {
  return writeGguf(join(folder, name), { metadata: new Map(), tensors });
}

const ones = { name: "ones", dimensions: [4], type: "F32", data: new Uint8Array(16) };

it.each([
  ["unknown type Q9", { ...ones, type: "Q9" }],
  ["no whole Q8_0 blocks", { ...ones, type: "Q8_0" }],
  ["came with 8 bytes, its shape needs 16", { ...ones, data: new Uint8Array(8) }],
])("refuses a tensor that %s and leaves nothing behind", async (reason, tensor) => {
  await expect(write("refused.gguf", tensor)).rejects.toThrow(reason);
  expect((await readdir(folder)).filter((file) => file.startsWith("refused"))).toEqual([]);
});

it("refuses one name for two tensors", async () => {
  await expect(write("refused.gguf", ones, ones)).rejects.toThrow("is there twice");
});

it("takes data that arrives piece by piece, asked for in order", async () => {
  const asked: string[] = [];
  const later = (name: string): TensorSource => ({
    name,
    dimensions: [4],
    type: "F32",
    async *data() {
      asked.push(name);
      yield new Uint8Array(8);
      yield await Promise.resolve(new Uint8Array(8));
    },
  });
  await write("pieces.gguf", later("a"), later("b"));
  expect(asked).toEqual(["a", "b"]);
  const { tensors } = await readGguf(join(folder, "pieces.gguf"));
  expect(tensors.map(({ bytes }) => bytes)).toEqual([16, 16]);
});

it("replaces an older file only when the new one is whole", async () => {
  await write("kept.gguf", ones);
  await expect(write("kept.gguf", { ...ones, data: () => [] })).rejects.toThrow("0 bytes");
  expect((await readGguf(join(folder, "kept.gguf"))).tensors).toHaveLength(1);
});
