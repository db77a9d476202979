import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { convertCheckpoint } from "../../src/gguf/convert/convert-checkpoint.ts";
import { listAt, type Metadata } from "../../src/gguf/metadata.ts";
import { readGguf } from "../../src/gguf/read-gguf.ts";
import { byteLevel, CUTS } from "./checkpoints/byte-level.ts";
import { openEngine } from "./checkpoints/engine.ts";
import type { TestTokenizer } from "./checkpoints/learning.ts";
import { makeCheckpoint, makeConverted } from "./checkpoints/make-converted.ts";
import { gemma, gemma2, llamaWith, type Made } from "./checkpoints/recipes.ts";
import { sentencePiece } from "./checkpoints/sentence-piece.ts";

/** The engine must cut texts as the checkpoint's tokenizer says, and know its special tokens. */

const TEXTS = [
  "",
  " ",
  "The model reads another text.",
  "I'll, we've, DON'T, they'RE, it's 'd",
  "1 12 123 1234 12345 3.14 2024-11-23",
  "  two  spaces   and\ttabs\n\n\nlines \r\n  end   ",
  "wörter für straße, éàü, Ελλάδα, привет мир",
  "世界你好，今日は。안녕 🚀🦙 family 👨‍👩‍👧",
  "code(a[0]) == {x: -1}; // !!! ...  #$%&",
  "camelCase ABCdef XMLHttp",
];
const RUNS = [...TEXTS, ...[1, 2, 3, 4, 5, 6, 7, 9, 13].map((n) => `a${" ".repeat(n)}then`)];
const BYTE_TEXTS = [...TEXTS, "<|turn|>hello<tool> there<|end|>\n<|turn|>"];
const PIECE_TEXTS = [...TEXTS, "the <turn>then<tool>others</s>"];

const bytes = (name: keyof typeof CUTS, more = {}) => byteLevel({ ...CUTS[name], ...more });

it.each<[string, () => Made, readonly string[]]>([
  ["llama-bpe", () => llamaWith(bytes("llama3", { addsBegin: true })), BYTE_TEXTS],
  ["smaug-bpe", () => llamaWith(bytes("cl100k")), BYTE_TEXTS],
  ["qwen2", () => llamaWith(bytes("qwen2", { pairs: true })), BYTE_TEXTS],
  ["tekken", () => llamaWith(bytes("tekken")), BYTE_TEXTS],
  ["gpt-4o", () => llamaWith(bytes("o200k")), BYTE_TEXTS],
  ["gpt-2", () => llamaWith(bytes("gpt2")), BYTE_TEXTS],
  ["smollm", () => llamaWith(bytes("smollm")), BYTE_TEXTS],
  ["default", () => llamaWith(piece("model", true)), TEXTS],
  ["default", () => llamaWith(piece("json", true)), TEXTS],
  ["default", () => llamaWith(piece("model", true, true)), RUNS],
  ["default", () => llamaWith(piece("json", true, true)), RUNS],
  ["default", gemma, PIECE_TEXTS],
  ["default", gemma2, PIECE_TEXTS],
])("cuts texts as the original does: %s", async (pre, make, texts) => {
  const made = make();
  const { encode, prefix } = made.recipe.tokenizer;
  const { out } = await makeConverted(made);
  const { metadata } = await readGguf(out);
  expect(metadata.get("tokenizer.ggml.pre")?.value).toBe(pre);
  const { vocabulary } = openEngine(out);
  const theirs = texts.map((text) => [...prefix, ...encode(text)]);
  const ours = texts.map((text) =>
    vocabulary.tokenize(text, { addSpecial: true, parseSpecial: true }),
  );
  expect(ours).toEqual(theirs);
  const plain = texts.filter((text) => !text.includes("<"));
  expect(plain.map((text) => vocabulary.detokenize(encode(text)).trimStart())).toEqual(
    plain.map((text) => text.trimStart()),
  );
});

function piece(form: "model" | "json", spaceFirst: boolean, hasRuns = false): TestTokenizer {
  return sentencePiece({ form, spaceFirst, hasRuns });
}

function tokenKinds(metadata: Metadata) {
  const tokens = listAt(metadata, "tokenizer.ggml.tokens") ?? [];
  const kinds = listAt(metadata, "tokenizer.ggml.token_type") ?? [];
  return (text: string) => kinds[tokens.indexOf(text)];
}

it("knows special tokens, words of users, and ids that nobody has", async () => {
  const tokenizer = bytes("qwen2", {
    specials: ["<|begin|>", "<|stop|>", "<|turn|>", "<tool>"],
    config: {
      pad_token: "<|stop|>",
      chat_template: [
        { name: "default", template: "plain" },
        { name: "tool use", template: "with tools" },
      ],
    },
  });
  const { folder } = makeCheckpoint(llamaWith(tokenizer));
  const first = tokenizer.size - 9;
  writeFileSync(
    join(folder, "generation_config.json"),
    JSON.stringify({ eos_token_id: [first + 1, first + 2] }),
  );
  writeFileSync(join(folder, "README.md"), "---\nlicense: apache-2.0\ntags: [x]\n---\n# A model");
  const out = join(folder, "out.gguf");
  await convertCheckpoint(folder, () => out, { type: "auto", name: "Tiny" });
  const { metadata } = await readGguf(out);
  const value = (key: string) => metadata.get(key)?.value;
  const kindOf = tokenKinds(metadata);
  expect([kindOf("<|turn|>"), kindOf("<tool>"), kindOf(`[PAD${first - 1}]`)]).toEqual([3, 4, 5]);
  expect(value("tokenizer.ggml.bos_token_id")).toBe(first);
  expect(value("tokenizer.ggml.eos_token_id")).toBe(first + 1);
  expect(value("tokenizer.ggml.padding_token_id")).toBe(first + 1);
  expect(value("tokenizer.ggml.eot_token_id")).toBe(first + 2);
  expect(value("tokenizer.ggml.add_bos_token")).toBe(false);
  expect(value("tokenizer.chat_template")).toBe("plain");
  expect(value("tokenizer.chat_template.tool_use")).toBe("with tools");
  expect(value("tokenizer.chat_templates")).toEqual(["tool_use"]);
  expect(value("general.name")).toBe("Tiny");
  expect(value("general.license")).toBe("apache-2.0");
  expect(value("general.file_type")).toBe(1);
});

it("takes scores from merges as SentencePiece's own file has them", async () => {
  const scores = await Promise.all(
    (["model", "json"] as const).map(async (form) => {
      const { out } = await makeConverted(llamaWith(piece(form, true)));
      const { metadata } = await readGguf(out);
      const tokens = listAt(metadata, "tokenizer.ggml.tokens") ?? [];
      const all = listAt(metadata, "tokenizer.ggml.scores") ?? [];
      // Single letters are never made, so their place says nothing.
      return all.filter((_, id) => /^[^<[]{2,}$/u.test(String(tokens[id])));
    }),
  );
  expect(scores[0]?.length).toBeGreaterThan(20);
  expect(scores[1]).toEqual(scores[0]);
});

it("lets the user name how texts are cut, and refuses what it does not know", async () => {
  const odd = bytes("gpt2", {
    preTokenizer: { type: "Split", pattern: { Regex: "x+" }, behavior: "Isolated" },
  });
  const { folder } = makeCheckpoint(llamaWith(odd));
  const convert = (pre?: string) =>
    convertCheckpoint(folder, () => join(folder, "out.gguf"), { type: "auto", pre });
  await expect(convert()).rejects.toThrow(/no name for: x\+\. If you know .* --pre NAME/);
  await convert("gpt-2");
  const { metadata } = await readGguf(join(folder, "out.gguf"));
  expect(metadata.get("tokenizer.ggml.pre")?.value).toBe("gpt-2");
  await expect(convert("../etc")).rejects.toThrow("is no pre-tokenizer's name");
  rmSync(join(folder, "tokenizer.json"));
  await expect(convert()).rejects.toThrow("neither tokenizer.json nor tokenizer.model");
});
