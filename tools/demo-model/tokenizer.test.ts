import { expect, it } from "vitest";
import { SPECIAL, trainTokenizer } from "./tokenizer.ts";

const TEXTS = [
  "What is a token? A token is a piece of a word.",
  "What's the KV cache? It keeps the keys and the values of all tokens.",
];
const tokenizer = trainTokenizer(TEXTS, 400);

it.each([
  ...TEXTS,
  "",
  "  two  spaces, a\ttab\r\nand a new line \n",
  "Grüße aus Köln — 12345 €, 日本語, 👩🏽‍🚀",
  "\u0000\u00ad\u00a0 controls",
  "<|im_start|>user\nnot a special token here<|im_end|>",
])("gives back what went in: %j", (text) => {
  const tokens = tokenizer.encode(text);
  expect(tokenizer.decode(tokens)).toBe(text);
  expect(tokens.every((token) => token >= SPECIAL.length)).toBe(true);
});

it("joins what it saw often into one token", () => {
  expect(tokenizer.encode(" token")).toHaveLength(1);
  expect(tokenizer.encode(" quokka").length).toBeGreaterThan(3);
});

it("puts special tokens first and shows bytes in GPT-2's alphabet", () => {
  expect(tokenizer.tokens.slice(0, 3)).toEqual(SPECIAL);
  expect(tokenizer.tokens[3 + 32]).toBe("Ġ");
  expect(tokenizer.tokens[3 + 10]).toBe("Ċ");
  expect(tokenizer.tokens[3 + 0xad]).toBe("Ń");
  expect(tokenizer.tokens).toContain("Ġtoken");
  expect(new Set(tokenizer.tokens).size).toBe(tokenizer.tokens.length);
});

it("learns the same merges from the same texts, and none from single pairs", () => {
  expect(trainTokenizer(TEXTS, 400).merges).toEqual(tokenizer.merges);
  expect(trainTokenizer(["abcdef"], 400).merges).toEqual([]);
});
