import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WeirError } from "../core/errors.ts";
import { describeGguf } from "./describe-gguf.ts";
import { encodeHalves } from "./half-float.ts";
import { bool, float32, int32, list, string, uint32, type MetadataEntry } from "./metadata.ts";
import { quantizeRows } from "./quantize/quantize-rows.ts";
import { readGguf } from "./read-gguf.ts";
import { writeGguf } from "./write-gguf.ts";

const METADATA = new Map<string, MetadataEntry>([
  ["general.architecture", string("llama")],
  ["general.name", string("Kleines Modell ✓")],
  ["general.file_type", uint32(7)],
  ["llama.context_length", uint32(512)],
  ["llama.embedding_length", uint32(32)],
  ["llama.block_count", uint32(1)],
  ["llama.attention.head_count", uint32(4)],
  ["llama.attention.head_count_kv", list("uint32", [1, 2])],
  ["llama.rope.freq_base", float32(10_000)],
  ["tokenizer.ggml.model", string("gpt2")],
  ["tokenizer.ggml.tokens", list("string", ["a", "b", "ü"])],
  ["tokenizer.ggml.add_bos_token", bool(false)],
  ["x.signed", int32(-5)],
  ["x.small", { type: "int8", value: -7 }],
  ["x.byte", { type: "uint8", value: 255 }],
  ["x.short", { type: "int16", value: -300 }],
  ["x.word", { type: "uint16", value: 65_535 }],
  ["x.wide", { type: "uint64", value: 2n ** 63n }],
  ["x.minus", { type: "int64", value: -9 }],
  ["x.double", { type: "float64", value: 0.1 }],
  ["x.empty", list("float32", [])],
  ["x.nested", { type: "array", of: "array", value: [list("bool", [true]), list("int32", [-1])] }],
]);

const TENSORS = [
  {
    name: "token_embd.weight",
    dimensions: [32, 3],
    type: "Q8_0",
    data: quantizeRows(Float32Array.from({ length: 96 }, Math.cos), "Q8_0"),
  },
  { name: "norm", dimensions: [5], type: "F16", data: encodeHalves(new Float32Array(5).fill(1)) },
  {
    name: "output",
    dimensions: [4, 2],
    type: "F32",
    *data() {
      for (let row = 0; row < 2; row++) yield new Uint8Array(16).fill(row + 1);
    },
  },
];

let folder = "";
let sound = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gguf-"));
  sound = join(folder, "sound.gguf");
  await writeGguf(sound, { metadata: METADATA, tensors: TENSORS });
});
afterAll(() => rm(folder, { recursive: true }));

async function variant(name: string, change: (bytes: Buffer) => Buffer | void): Promise<string> {
  const bytes = await readFile(sound);
  const path = join(folder, name);
  await writeFile(path, change(bytes) ?? bytes);
  return path;
}

/** Where a text of the header stands, with its length word before it. */
const before = (bytes: Buffer, text: string): number => bytes.indexOf(text) - 8;

describe("a sound file", () => {
  it("comes back as it was written, every type of value included", async () => {
    const file = await readGguf(sound);
    expect([...file.metadata]).toEqual([...METADATA]);
    expect(file).toMatchObject({ version: 3, alignment: 32, path: sound });
  });

  it("has its tensors where the header says", async () => {
    const { tensors, dataOffset } = await readGguf(sound);
    const bytes = await readFile(sound);
    expect(tensors.map(({ name, offset }) => [name, offset - dataOffset])).toEqual([
      ["token_embd.weight", 0],
      ["norm", 128],
      ["output", 160],
    ]);
    const [embedding, , output] = tensors;
    expect(embedding?.type).toMatchObject({ name: "Q8_0", blockSize: 32, blockBytes: 34 });
    expect(bytes.subarray(embedding?.offset).subarray(0, 102)).toEqual(
      Buffer.from(TENSORS[0]?.data as Uint8Array),
    );
    expect(bytes.readUInt8((output?.offset ?? 0) + 31)).toBe(2);
  });

  it("is described in words", async () => {
    expect(describeGguf(await readGguf(sound))).toMatchObject({
      architecture: "llama",
      name: "Kleines Modell ✓",
      parameters: 96 + 5 + 8,
      quantization: "Q8_0",
      contextLength: 512,
      heads: 4,
      kvHeads: 2,
      keyLength: 8,
      vocabularySize: 3,
      tokenizer: "gpt2",
      parts: 1,
      chatTemplate: undefined,
    });
  });

  it("reads a list longer than one chunk of the file", async () => {
    const path = join(folder, "long.gguf");
    const words = Array.from({ length: 200_000 }, (_, i) => `word ${i}`);
    const numbers = Array.from({ length: 300_001 }, (_, i) => i);
    const metadata = new Map([
      ["words", list("string", words)],
      ["numbers", list("int32", numbers)],
    ]);
    await writeGguf(path, { metadata, tensors: [] });
    const read = await readGguf(path);
    expect(read.metadata.get("words")?.value).toEqual(words);
    expect(read.metadata.get("numbers")?.value).toEqual(numbers);
  });

  it("takes version 2 and names the type of most numbers when no file type is given", async () => {
    const path = await variant("v2.gguf", (bytes) => {
      bytes.writeUInt32LE(2, 4);
      bytes.writeUInt32LE(999, bytes.indexOf("general.file_type") + 17 + 4);
    });
    expect(describeGguf(await readGguf(path)).quantization).toBe("Q8_0");
  });
});

describe("a broken file is refused with a reason", () => {
  const cases: [string, RegExp, (bytes: Buffer) => Buffer | void][] = [
    ["empty", /is empty; download it again/, () => Buffer.alloc(0)],
    ["short", /has only 10 bytes/, (bytes) => bytes.subarray(0, 10)],
    ["zip", /starts with "PK.*zip or PyTorch/, (bytes) => void bytes.write("PK\x03\x04")],
    ["html", /starts with "<!DO".*web page/, (bytes) => void bytes.write("<!DO")],
    ["pointer", /Git LFS pointer/, (bytes) => void bytes.write("version ")],
    ["v1", /version 1, long retired/, (bytes) => void bytes.writeUInt32LE(1, 4)],
    ["v9", /version 9; Weir reads 2 and 3/, (bytes) => void bytes.writeUInt32LE(9, 4)],
    ["big-endian", /big-endian/, (bytes) => void bytes.writeUInt32BE(3, 4)],
    ["tensors", /names \d+ tensors, more/, (bytes) => void bytes.writeBigUInt64LE(2n ** 60n, 8)],
    [
      "keys",
      /names 60000 metadata keys, more/,
      (bytes) => void bytes.writeBigUInt64LE(60_000n, 16),
    ],
    ["header", /cut off inside its header/, (bytes) => bytes.subarray(0, 700)],
    ["data", /cut off: the header names 192 bytes of tensors/, (bytes) => bytes.subarray(0, -10)],
    [
      "string",
      /text of 1099511627776 bytes/,
      (bytes) => void bytes.writeBigUInt64LE(2n ** 40n, before(bytes, "Kleines")),
    ],
    [
      "type",
      /unknown type 77 under "general.name"/,
      (bytes) => void bytes.writeUInt32LE(77, bytes.indexOf("general.name") + 12),
    ],
    [
      "key twice",
      /names the key "x.wide" twice/,
      (bytes) => void bytes.write("x.wide", bytes.indexOf("x.byte")),
    ],
    [
      "list",
      /values in x.empty, more than it can hold/,
      (bytes) => void bytes.writeBigUInt64LE(2n ** 40n, bytes.indexOf("x.empty") + 7 + 8),
    ],
    [
      "rank",
      /"norm" of 9 dimensions/,
      (bytes) => void bytes.writeUInt32LE(9, bytes.indexOf("norm") + 4),
    ],
    [
      "rows",
      /no whole Q8_0 blocks/,
      (bytes) => void bytes.writeBigUInt64LE(33n, bytes.indexOf("token_embd.weight") + 21),
    ],
    [
      "size",
      /"norm" of impossible size 4611686018427388000/,
      (bytes) => void bytes.writeBigUInt64LE(2n ** 62n, bytes.indexOf("norm") + 8),
    ],
    [
      "tensor type",
      /unknown type 4; it is corrupt or newer/,
      (bytes) => void bytes.writeUInt32LE(4, bytes.indexOf("norm") + 16),
    ],
    [
      "misplaced",
      /misplaced tensor "norm"/,
      (bytes) => void bytes.writeBigUInt64LE(129n, bytes.indexOf("norm") + 20),
    ],
    [
      "overlapping",
      /overlapping tensors "token_embd.weight" and "norm"/,
      (bytes) => void bytes.writeBigUInt64LE(96n, bytes.indexOf("norm") + 20),
    ],
  ];

  it.each(cases)("%s", async (name, reason, change) => {
    const path = await variant(`${name}.gguf`, change);
    await expect(readGguf(path)).rejects.toThrow(reason);
    await expect(readGguf(path)).rejects.toMatchObject({ code: "invalid_config" });
  });

  it("a tensor named twice", async () => {
    const path = await variant("twice.gguf", (bytes) => {
      bytes.writeBigUInt64LE(4n, before(bytes, "output"));
      const at = bytes.indexOf("output");
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from("norm"),
        bytes.subarray(at + 6),
        Buffer.alloc(64),
      ]);
    });
    await expect(readGguf(path)).rejects.toThrow(/names the tensor "norm" twice/);
  });

  it("a missing one and a folder", async () => {
    await expect(readGguf(join(folder, "none.gguf"))).rejects.toThrow(/does not exist/);
    await expect(readGguf(folder)).rejects.toThrow(/is not a file/);
  });
});

describe("whatever the bytes", () => {
  it("every truncation of the file is a WeirError", async () => {
    const whole = await readFile(sound);
    const path = join(folder, "shrinking.gguf");
    await writeFile(path, whole);
    const end = (await readGguf(sound)).tensors[2];
    const needed = (end?.offset ?? 0) + (end?.bytes ?? 0);
    for (let length = needed - 1; length >= 0; length -= 3) {
      await truncate(path, length);
      await expect(readGguf(path)).rejects.toBeInstanceOf(WeirError);
    }
  });

  it("seeded random damage is read or refused, never worse", async () => {
    const whole = await readFile(sound);
    const path = join(folder, "fuzz.gguf");
    const random = xorshift(20_260_101);
    for (let round = 0; round < 1500; round++) {
      const bytes = Buffer.from(whole);
      for (let hits = random() % 4; hits >= 0; hits--)
        bytes[random() % whole.length] = random() % 3 === 0 ? 255 : random() % 256;
      await writeFile(path, bytes);
      const worse = await readGguf(path).then(() => undefined, notWeirs);
      expect(worse).toBeUndefined();
    }
    expect(process.memoryUsage().rss).toBeLessThan(1e9);
  });
});

function notWeirs(error: unknown): unknown {
  return error instanceof WeirError ? undefined : error;
}

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
