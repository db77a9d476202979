import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { WeirError } from "../../src/core/errors.ts";
import { convertCheckpoint } from "../../src/gguf/convert/convert-checkpoint.ts";
import { readSafetensorsFrom } from "../../src/gguf/convert/safetensors.ts";
import { createRandom } from "../support/random.ts";
import { missing } from "../support/missing.ts";
import { temporaryFolder } from "../support/server.ts";
import { mountTmpfs } from "../support/tmpfs.ts";
import { makeCheckpoint, makeConverted } from "./checkpoints/make-converted.ts";
import { randomTensors } from "./checkpoints/random-checkpoint.ts";
import {
  gemma,
  gemma2,
  llama2,
  llama3,
  llamaWith,
  type Made,
  phi3,
  qwen2,
} from "./checkpoints/recipes.ts";
import { type Header, safetensors } from "./checkpoints/safetensors-file.ts";
import { sentencePiece, sentencePieceModel } from "./checkpoints/sentence-piece.ts";

/** What cannot be converted is refused with its reason, and nothing is written. */

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const EMBEDDING = "model.embed_tokens.weight";

type Spoil = (folder: string) => void;

interface Json {
  [key: string]: unknown;
}

function json(file: string, change: (value: Json) => void): Spoil {
  return (folder) => {
    const value = JSON.parse(readFileSync(join(folder, file), "utf8")) as Json;
    change(value);
    writeFileSync(join(folder, file), JSON.stringify(value));
  };
}

const config = (own: Json) => json("config.json", (value) => Object.assign(value, own));

/** Writes the weights anew with another header. */
function header(change: (header: Header) => unknown): Spoil {
  return write(safetensors(randomTensors(llama2().recipe), change));
}

function embedding(own: Partial<Header[string]>): Spoil {
  return header((all) => ({ ...all, [EMBEDDING]: { ...all[EMBEDDING], ...own } }));
}

function write(bytes: Uint8Array | string, file = WEIGHTS): Spoil {
  return (folder) => writeFileSync(join(folder, file), bytes);
}

function remove(...files: string[]): Spoil {
  return (folder) => files.forEach((file) => rmSync(join(folder, file)));
}

function cutOff(file: string, bytes: number): Spoil {
  return (folder) => {
    const path = join(folder, file);
    truncateSync(path, statSync(path).size - bytes);
  };
}

/** What is said of a spoiled checkpoint; nothing may have been written. */
async function refusalOf(make: () => Made, spoil: Spoil): Promise<string> {
  const { folder } = makeCheckpoint(make());
  spoil(folder);
  const before = readdirSync(folder);
  const out = join(folder, "out.gguf");
  const error = await convertCheckpoint(folder, () => out, { type: "auto" }).catch(
    (cause: unknown) => cause,
  );
  expect(readdirSync(folder)).toEqual(before);
  if (error instanceof WeirError) return error.message;
  throw new Error("it was not refused", { cause: error });
}

const long = Buffer.alloc(16);
long.writeBigUInt64LE(2n ** 40n);

it.each<[string, Spoil, RegExp]>([
  ["a header longer than the file", write(long), /names a header of 1.1 TB/],
  ["an empty file", write(""), /model.safetensors is cut off/],
  ["a web page", write(`\u0020${"\0".repeat(7)}${"<html>".repeat(9)}`), /header is no JSON/],
  ["a list for a header", header(() => []), /header is no JSON object/],
  ["a file that is cut off", cutOff(WEIGHTS, 10), /is cut off: the tensor "lm_head.weight" ends/],
  [
    "bytes at its end",
    (f) => write(Buffer.concat([readFileSync(join(f, WEIGHTS)), long]))(f),
    /16 bytes behind its last/,
  ],
  ["no shape", embedding({ shape: undefined as never }), /"model.embed_tokens.weight" without/],
  ["a shape of text", embedding({ shape: ["9"] as never }), /without type, shape and place/],
  ["places below zero", embedding({ data_offsets: [-2, 4] }), /without type, shape and place/],
  ["another type", embedding({ dtype: "F8" }), /embed_tokens.weight" of the unknown type "F8"/],
  ["a type too wide", embedding({ dtype: "F32" }), /bytes, in a place of \d+; it is corrupt/],
  ["an absurd shape", embedding({ shape: [2 ** 40, 2 ** 40] }), /impossible shape/],
  ["numbers of 8 bits", embedding8("F8_E4M3"), /as F8_E4M3; only F32, F16 and BF16/],
  ["whole numbers", embedding8("I8"), /as I8; only F32, F16 and BF16/],
  ["overlapping tensors", overlap, /"model.norm.weight" and "model.embed_tokens.weight" over one/],
  ["a hole", hole, /has bytes that no tensor names before/],
  ["a tensor too few", without("model.layers.1.mlp.up_proj.weight"), /lacks the tensor "model.la/],
  ["one too many", renamed("model.layers.9.mlp.up_proj.weight"), /"model.layers.9.mlp.up_proj/],
  ["a gate for experts", renamed("model.layers.1.block_sparse_moe.gate.weight"), /does not have/],
])("refuses weights with %s", async (_, spoil, message) => {
  expect(await refusalOf(llama2, spoil)).toMatch(message);
});

function embedding8(dtype: string): Spoil {
  return header((all) => {
    const [rows = 1, columns = 1] = all[EMBEDDING]?.shape ?? [];
    return { ...all, [EMBEDDING]: { ...all[EMBEDDING], dtype, shape: [rows, columns * 2] } };
  });
}

function overlap(folder: string): void {
  header((all) => {
    const [from = 0] = all[EMBEDDING]?.data_offsets ?? [];
    const norm = all["model.norm.weight"];
    const size = (norm?.shape[0] ?? 0) * 2;
    return { ...all, "model.norm.weight": { ...norm, data_offsets: [from, from + size] } };
  })(folder);
}

function hole(folder: string): void {
  header((all) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => name !== "model.norm.weight")),
  )(folder);
}

function without(name: string): Spoil {
  const tensors = new Map(randomTensors(llama2().recipe));
  tensors.delete(name);
  return write(safetensors(tensors));
}

function renamed(to: string): Spoil {
  const from = "model.layers.1.mlp.up_proj.weight";
  const tensors = [...randomTensors(llama2().recipe)];
  return write(
    safetensors(new Map(tensors.map(([name, one]) => [name === from ? to : name, one]))),
  );
}

const firstShard = (folder: string) => {
  const name = readdirSync(folder).find((one) => one.startsWith("model-00001")) ?? "";
  return join(folder, name);
};

it.each<[string, Spoil, RegExp]>([
  ["one missing", (f) => rmSync(firstShard(f)), /model-00001-of-00003.safetensors is not there/],
  ["no index", remove(INDEX), /has its weights in parts, and no model.safetensors.index.json/],
  ["an index without a map", write("{}", INDEX), /has no weight_map/],
  ["an index that is no JSON", write("{", INDEX), /is no JSON .*download it again/],
  ["an index that leads elsewhere", place("../../etc/passwd"), /in no file of this folder/],
  [
    "an index that says otherwise",
    place("model-00002-of-00003.safetensors"),
    /does not place ther/,
  ],
  ["a tensor that is nowhere", extraPlace, /lacks the tensor "model.more.weight"/],
])("refuses parts with %s", async (_, spoil, message) => {
  expect(await refusalOf(llama3, spoil)).toMatch(message);
});

function place(file: string): Spoil {
  return json(INDEX, (index) => Object.assign(index["weight_map"] as Json, { [EMBEDDING]: file }));
}

function extraPlace(folder: string): void {
  const file = "model-00002-of-00003.safetensors";
  json(INDEX, ({ weight_map: map }) => Object.assign(map as Json, { "model.more.weight": file }))(
    folder,
  );
}

const tied = { tie_word_embeddings: true };
const experts = { num_local_experts: 8 };
const awq = { quantization_config: { quant_method: "awq" } };
const dynamic = { rope_scaling: { type: "dynamic", factor: 2 } };
const yarn = { rope_scaling: { type: "yarn", factor: 2, mscale: 1 } };

it.each<[string, () => Made, Spoil, RegExp]>([
  ["no config", llama2, remove("config.json"), /has no config.json/],
  ["a list", llama2, write("[]", "config.json"), /holds no JSON object/],
  ["no architecture", llama2, config({ architectures: [] }), /names no architectures/],
  [
    "another one",
    llama2,
    config({ architectures: ["MambaForCausalLM"] }),
    /"MambaForCausalLM". Kn/,
  ],
  ["a word of objects", llama2, config({ architectures: ["toString"] }), /unknown architecture/],
  ["experts", llama2, config(experts), /mixture of experts \(num_local_experts\)/],
  ["experts by name", llama2, config({ architectures: ["Qwen3MoeForCausalLM"] }), /of experts/],
  ["eyes", gemma, config({ vision_config: {} }), /sees or hears, too \(vision_config\)/],
  ["quantized weights", llama2, config(awq), /quantized already, by "awq"/],
  ["no cause", llama2, config({ is_causal: false }), /is_causal/],
  ["other positions", llama2, config(dynamic), /positions by "dynamic"; .* linear, yarn, llama3/],
  ["a yarn of its own", llama2, config(yarn), /attention factor of its own/],
  ["half positions", llama2, config({ partial_rotary_factor: 0.5 }), /partial_rotary_factor 0.5/],
  ["Llama's positions", qwen2, config({ rope_scaling: { type: "llama3" } }), /only linear, yarn/],
  ["factors too few", phi3, config({ partial_rotary_factor: 0.5 }), /long_factor has 6 numbers/],
  ["another function", llama2, config({ hidden_act: "relu" }), /hidden_act "\\"relu\\""/],
  ["heads that do not fit", llama2, config({ num_key_value_heads: 3 }), /do not fit together/],
  ["a size of text", llama2, config({ hidden_size: "48" }), /hidden_size is "\\"48\\""; it shou/],
  ["no size", llama2, config({ hidden_size: null }), /hidden_size is "null"/],
  ["absurd layers", llama2, config({ num_hidden_layers: 1e8 }), /100000000 layers/],
  [
    "a layer too many",
    llama2,
    config({ num_hidden_layers: 3 }),
    /lacks the tensor .* and 8 others/,
  ],
  [
    "another width",
    llama2,
    config({ intermediate_size: 81 }),
    /and config.json makes it \[48, 81\]/,
  ],
  ["no cap", gemma2, config({ attn_logit_softcapping: null }), /attn_logit_softcapping null/],
  ["another scale", gemma2, config({ query_pre_attn_scalar: 9 }), /the engine computes 16/],
  ["layers of no kind", gemma2, config({ layer_types: ["x", "y"] }), /layer_types has x/],
])("refuses a config with %s", async (_, make, spoil, message) => {
  expect(await refusalOf(make, spoil)).toMatch(message);
});

const tokenizer = (change: (value: Json) => void) => json("tokenizer.json", change);
const model = (own: Json) => tokenizer((value) => Object.assign(value["model"] as Json, own));
const added = (own: Json) => tokenizer((value) => (value["added_tokens"] as Json[]).push(own));
const retold = () => llamaWith(sentencePiece({ form: "json", spaceFirst: true }));
const template = (...single: string[]) => ({
  type: "TemplateProcessing",
  single: single.map((id) => ({ SpecialToken: { id } })),
});
const pieces = [
  { text: "<unk>", score: 0, kind: 2 },
  { text: "a", score: -1, kind: 1 },
];
const unigram = sentencePieceModel(pieces, { spaceFirst: true, algorithm: 1 });
const many = Array.from({ length: 999 }, (_, at) => ({ text: `a${at}`, score: -at, kind: 1 }));

it.each<[string, () => Made, Spoil, RegExp]>([
  ["no tokenizer", qwen2, remove("tokenizer.json"), /neither tokenizer.json nor tokenizer.model/],
  ["WordPiece", qwen2, model({ type: "WordPiece" }), /neither BPE over bytes nor/],
  ["prefixes", qwen2, model({ continuing_subword_prefix: "##" }), /continuing_subword_prefix/],
  ["no merges", qwen2, model({ merges: null }), /has no merges/],
  ["a merge of three", qwen2, model({ merges: ["a b c"] }), /merge 0 is .* should be a pair/],
  ["no words", qwen2, model({ vocab: [] }), /has no vocabulary/],
  ["a word without id", qwen2, model({ vocab: { a: "1" } }), /gives the token "a" no id/],
  [
    "ids beyond the model",
    qwen2,
    model({ vocab: { a: 99_999 } }),
    /"a" the id 99999, and the model/,
  ],
  ["an added token without text", qwen2, added({ id: 5 }), /added token .* has no id or no text/],
  [
    "lower case",
    qwen2,
    tokenizer((t) => (t["normalizer"] = { type: "Lowercase" })),
    /\(Lowercase\)/,
  ],
  [
    "another end",
    qwen2,
    tokenizer((t) => (t["post_processor"] = template("<|begin|>", "<|turn|>"))),
    /ends each text with "<\|turn\|>"/,
  ],
  [
    "merges out of order",
    retold,
    model({
      merges: [
        ["t", "h"],
        ["▁", "t"],
        ["t", "h"],
      ],
    }),
    /are not those of a SentencePiece/,
  ],
  ["a file that is cut off", llama2, cutOff("tokenizer.model", 3), /is no SentencePiece model/],
  ["another file", llama2, write("hello there", "tokenizer.model"), /is no SentencePiece model/],
  ["an empty file", llama2, write("", "tokenizer.model"), /is no SentencePiece model/],
  ["unigrams", llama2, write(unigram, "tokenizer.model"), /no SentencePiece model of the BPE kind/],
  [
    "pieces beyond",
    llama2,
    write(sentencePieceModel(many, { spaceFirst: true }), "tokenizer.model"),
    /and the model has/,
  ],
])("refuses a tokenizer with %s", async (_, make, spoil, message) => {
  expect(await refusalOf(make, spoil)).toMatch(message);
});

it.each<[string, Spoil, RegExp]>([
  [
    "PyTorch's archives",
    (f) => {
      remove(WEIGHTS)(f);
      write("PK", "pytorch_model.bin")(f);
    },
    /can hold programs; take the safe/,
  ],
  [
    "Mistral's own form",
    (f) => {
      remove(WEIGHTS)(f);
      write("x", "consolidated.safetensors")(f);
    },
    /in Hugging Face's own form/,
  ],
  ["no weights", remove(WEIGHTS), /has no model.safetensors\./],
])("refuses a folder with %s", async (_, spoil, message) => {
  expect(await refusalOf(llama2, spoil)).toMatch(message);
});

it("refuses what is no folder, and takes what is there twice for what it is", async () => {
  const { folder } = makeCheckpoint(llama2());
  const convert = (from: string) => convertCheckpoint(from, () => "x.gguf", { type: "auto" });
  await expect(convert(join(folder, WEIGHTS))).rejects.toThrow(/is a file; name the folder/);
  await expect(convert(join(folder, "none"))).rejects.toThrow(/There is no folder/);
  const itself = convertCheckpoint(folder, () => join(folder, WEIGHTS), { type: "auto" });
  await expect(itself).rejects.toThrow(/holds the weights themselves/);
  config(tied)(folder);
  const out = join(folder, "tied.gguf");
  const { tensors } = await convertCheckpoint(folder, () => out, { type: "auto" });
  expect(tensors).toBe(randomTensors(llama2().recipe).size - 1);
});

it("leaves nothing behind when it is broken off, or when the disk is full", async (context) => {
  const { folder, done } = await makeConverted(llama2());
  const stop = new AbortController();
  const broken = convertCheckpoint(folder, () => join(folder, "broken.gguf"), {
    type: "F32",
    signal: stop.signal,
    onProgress: () => stop.abort(new Error("broken off")),
  });
  await expect(broken).rejects.toThrow("broken off");
  expect(readdirSync(folder).filter((name) => name.startsWith("broken"))).toEqual([]);
  await expect(
    convertCheckpoint(folder, () => join(folder, "no", "x.gguf"), { type: "F32" }),
  ).rejects.toThrow(/There is no folder/);
  const tooSmall = mountTmpfs("size=64k");
  if (tooSmall === undefined) missing(context, "the right to mount a file system");
  const into = (disk: string) =>
    convertCheckpoint(folder, () => join(disk, "out.gguf"), { type: "F32" });
  await expect(into(tooSmall)).rejects.toThrow(/The result needs .* left/);
  // Room for the numbers, and not for what is said about them.
  const barely = mountTmpfs(`size=${done.bytesAfter - 8192}`);
  if (barely === undefined) missing(context, "the right to mount a file system");
  await expect(into(barely)).rejects.toThrow(/The disk of .* is full; nothing was kept/);
  expect([...readdirSync(tooSmall), ...readdirSync(barely)]).toEqual([]);
});

it("never takes a spoiled header for a good one, nor breaks by it", async () => {
  const good = safetensors(randomTensors(llama2().recipe));
  const length = Number(good.readBigUInt64LE()) + 8;
  const random = createRandom(3);
  const outcomes = { read: 0, refused: 0 };
  for (let round = 0; round < 400; round++) {
    const bytes = Buffer.from(good);
    const changes = 1 + Math.floor(random() * 4);
    for (let at = 0; at < changes; at++)
      bytes[Math.floor(random() * length)] = Math.floor(random() * 256);
    const cut = random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length;
    try {
      const tensors = await readSafetensorsFrom("spoiled", from(bytes.subarray(0, cut)), cut);
      expect(tensors.every(({ offset, bytes: size }) => offset + size <= cut)).toBe(true);
      outcomes.read++;
    } catch (cause) {
      if (!(cause instanceof WeirError)) throw cause;
      outcomes.refused++;
    }
  }
  expect(outcomes.refused).toBeGreaterThan(100);
  expect(outcomes.read).toBeGreaterThan(10);
});

function from(bytes: Buffer) {
  return (into: Uint8Array, part: { offset: number; length: number; position: number }) => {
    const piece = bytes.subarray(part.position, part.position + part.length);
    into.set(piece, part.offset);
    return Promise.resolve(piece.length);
  };
}

it("never breaks by a spoiled tokenizer.model", async () => {
  const { folder } = makeCheckpoint(llama2());
  const path = join(folder, "tokenizer.model");
  const good = readFileSync(path);
  const random = createRandom(5);
  const out = join(temporaryFolder(), "out.gguf");
  const strange: Error[] = [];
  for (let round = 0; round < 60; round++) {
    const bytes = Buffer.from(good);
    for (let at = 0; at < 3; at++)
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    writeFileSync(path, bytes);
    const outcome = await convertCheckpoint(folder, () => out, { type: "auto" }).catch(
      (cause: unknown) => cause,
    );
    if (outcome instanceof Error && !(outcome instanceof WeirError)) strange.push(outcome);
  }
  expect(strange).toEqual([]);
});
