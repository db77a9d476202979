import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { stringAt } from "../../../src/gguf/metadata.ts";
import { readGguf } from "../../../src/gguf/read-gguf.ts";

/** What must be the same whoever converted a checkpoint. */
export interface Digest {
  /** Of all tensors in their order: names, types, shapes and every byte. */
  readonly tensors: string;
  /** Of the architecture's keys and the tokenizer's words. */
  readonly keys: string;
}

const WORDS = /^tokenizer\.ggml\.(model|pre|tokens|scores|token_type|merges)$/;

export async function digestOf(path: string): Promise<Digest> {
  const { tensors, metadata } = await readGguf(path);
  const bytes = readFileSync(path);
  const numbers = createHash("sha256");
  for (const { name, type, dimensions, offset, bytes: length } of tensors) {
    numbers.update(JSON.stringify([name, type.name, dimensions]));
    numbers.update(bytes.subarray(offset, offset + length));
  }
  const own = `${stringAt(metadata, "general.architecture") ?? ""}.`;
  const keys = [...metadata]
    .filter(([key]) => key.startsWith(own) || WORDS.test(key))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const text = createHash("sha256").update(JSON.stringify(keys));
  return { tensors: numbers.digest("hex"), keys: text.digest("hex") };
}
