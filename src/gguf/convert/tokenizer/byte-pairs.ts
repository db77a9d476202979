import { join } from "node:path";
import { isJson, type Json } from "../json-file.ts";
import { quote, refusal } from "../refusal.ts";
import { describeSteps, preTokenizerOf } from "./pre-tokenizer.ts";
import type { TokenizerFiles } from "./tokenizer-files.ts";
import { KINDS, type Vocabulary, VocabularyBuilder } from "./vocabulary.ts";

/** BPE over bytes, as GPT-2 has it, from `tokenizer.json`. */

interface Options {
  /** Rows of the embedding. */
  readonly size: number;
  /** The user's own word on how texts are cut. */
  readonly pre?: string | undefined;
}

/** Whether the words of a `tokenizer.json` are spelled in bytes' letters. */
export function isByteLevel(tokenizer: Json): boolean {
  const { model, decoder, pre_tokenizer: pre } = tokenizer;
  if (!isJson(model) || model["type"] !== "BPE" || model["byte_fallback"] === true) return false;
  return JSON.stringify([decoder, pre] satisfies unknown[]).includes('"ByteLevel"');
}

/** Throws WeirError for what the engine would do otherwise. */
export function readBytePairs(files: TokenizerFiles, { size, pre }: Options): Vocabulary {
  const path = join(files.folder, "tokenizer.json");
  const { tokenizer = {} } = files;
  const model = modelOf(tokenizer, path);
  const merges = mergesOf(model, path);
  const builder = new VocabularyBuilder(path, size);
  for (const [token, id] of wordsOf(model, path)) builder.put(id, token, { kind: KINDS.normal });
  for (const added of files.added) builder.putAdded(added);
  return {
    model: "gpt2",
    pre: pre ?? preOf({ tokenizer, path, words: model["vocab"] as Json, merges }),
    tokens: builder.tokens,
    kinds: builder.kinds,
    merges,
    notes: normalizerNotes(tokenizer, path),
  };
}

/** The part of `tokenizer.json` that has words and merges. */
export function modelOf(tokenizer: Json, path: string): Json {
  const { model } = tokenizer;
  if (!isJson(model) || model["type"] !== "BPE")
    throw refusal(`${path} holds no BPE tokenizer, and no other kind is known.`);
  for (const key of ["continuing_subword_prefix", "end_of_word_suffix", "dropout"]) {
    const value = model[key] ?? null;
    if (value !== null && value !== "" && value !== 0)
      throw refusal(`${path} has ${key} ${quote(JSON.stringify(value))}, which is not known.`);
  }
  return model;
}

/** Words and their ids. */
export function wordsOf({ vocab }: Json, path: string): [string, number][] {
  if (!isJson(vocab)) throw refusal(`${path} has no vocabulary.`);
  return Object.entries(vocab).map(([token, id]) => {
    if (typeof id === "number" && Number.isInteger(id) && id >= 0) return [token, id];
    throw refusal(`${path} gives the token ${quote(token)} no id.`);
  });
}

/** `a b` each; newer files write pairs, in which a space is a space. */
export function mergesOf({ merges }: Json, path: string): string[] {
  if (!Array.isArray(merges)) throw refusal(`${path} has no merges.`);
  return merges.map((merge: unknown, at) => {
    const pair = typeof merge === "string" ? merge.split(" ") : merge;
    if (Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === "string"))
      return pair.map((part) => part.replaceAll(" ", "Ġ")).join(" ");
    throw refusal(`${path}: merge ${at} is ${quote(JSON.stringify(merge))}, and should be a pair.`);
  });
}

interface Learned {
  readonly tokenizer: Json;
  readonly path: string;
  readonly words: Json;
  readonly merges: readonly string[];
}

function preOf({ tokenizer, path, words, merges }: Learned): string {
  const pre = preTokenizerOf(tokenizer);
  if (!pre)
    throw refusal(
      `${path} cuts texts in a way that the engine has no name for: ${describeSteps(tokenizer)}. If you know that it is the engine's NAME, say --pre NAME.`,
    );
  const { model } = tokenizer;
  if (pre.takesWholeWords && isJson(model) && model["ignore_merges"] !== true) {
    const made = new Set(merges.map((merge) => merge.replace(" ", "")));
    const unmade = Object.keys(words).find(
      (word) => Array.from(word).length > 1 && !made.has(word),
    );
    if (unmade !== undefined && !isAdded(tokenizer, unmade))
      throw refusal(
        `${path}: no merge makes the token ${quote(unmade)}, and the engine would take it as a whole.`,
      );
  }
  return pre.name;
}

function isAdded({ added_tokens: added }: Json, word: string): boolean {
  return Array.isArray(added) && added.some((one) => isJson(one) && one["content"] === word);
}

/** The engine changes no letters; composing them (NFC) is let pass, as nearly all texts are composed. */
function normalizerNotes({ normalizer }: Json, path: string): string[] {
  if (!isJson(normalizer)) return [];
  const { type, normalizers } = normalizer;
  if (type === "Sequence" && Array.isArray(normalizers) && normalizers.length === 0) return [];
  if (type === "NFC")
    return ["the original composes accents first (NFC), the engine reads texts as they come"];
  throw refusal(`${path} changes texts first (${String(type)}), which the engine does not.`);
}
