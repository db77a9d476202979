import { join } from "node:path";
import { isJson, type Json, objectsIn } from "../json-file.ts";
import { quote, refusal } from "../refusal.ts";
import { mergesOf, modelOf, wordsOf } from "./byte-pairs.ts";
import type { TokenizerFiles } from "./tokenizer-files.ts";
import { KINDS, type Vocabulary, VocabularyBuilder } from "./vocabulary.ts";

/**
 * A SentencePiece tokenizer as `tokenizer.json` retells it: merges in the place of scores. The engine merges
 * whatever gives the word with the best score, so each word's score is its place among what the merges make.
 */

/** Whether a `tokenizer.json` is of that kind. */
export function isByteFallback({ model }: Json): boolean {
  return isJson(model) && model["type"] === "BPE" && model["byte_fallback"] === true;
}

/** Throws WeirError where merges and words do not say the same. */
export function readByteFallback(files: TokenizerFiles, size: number): Vocabulary {
  const path = join(files.folder, "tokenizer.json");
  const { tokenizer = {} } = files;
  const model = modelOf(tokenizer, path);
  const words = wordsOf(model, path);
  const known = new Set(words.map(([word]) => word));
  // Added tokens are cut out of a text before anything is merged.
  const added = new Set(files.added.map(({ content }) => content));
  const pairs = pairsOf(model, path).filter(([left, right]) => !added.has(left + right));
  const places = placesOf(pairs, { known, path });
  const unknown = model["unk_token"];
  const builder = new VocabularyBuilder(path, size);
  for (const [word, id] of words) {
    // What is never made by a merge comes after all that is.
    const score = 0 - (places.get(word) ?? places.size + id);
    builder.put(id, word, { kind: kindOf(word, unknown), score });
  }
  for (const one of files.added) builder.putAdded(one);
  return {
    model: "llama",
    pre: "default",
    tokens: builder.tokens,
    kinds: builder.kinds,
    scores: builder.scores,
    spaceFirst: beginsWithSpace(tokenizer, path),
    notes: [],
  };
}

function kindOf(word: string, unknown: unknown): number {
  if (/^<0x[0-9A-F]{2}>$/.test(word)) return KINDS.byte;
  return word === unknown ? KINDS.unknown : KINDS.normal;
}

type Pair = readonly [string, string];

function pairsOf(model: Json, path: string): Pair[] {
  return mergesOf(model, path).map((merge) => {
    const [left = "", right = ""] = merge.split(" ");
    return [left, right];
  });
}

/** The place of each word among those that merges make. Words of the same score share one. */
function placesOf(
  pairs: readonly Pair[],
  { known, path }: { readonly known: ReadonlySet<string>; readonly path: string },
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const last = new Map<string, number>();
  for (const [at, [left, right]] of pairs.entries()) {
    counts.set(left + right, (counts.get(left + right) ?? 0) + 1);
    last.set(left + right, at);
  }
  for (const [word, count] of counts) {
    if (!known.has(word) || waysTo(word, known) !== count) throw unlike(path, word);
  }
  const places = new Map<string, number>();
  for (let from = 0; from < pairs.length;) {
    const place = places.size;
    const to = endOfGroup(pairs, { from, last });
    const group = pairs.slice(from, to);
    for (const [left, right] of group) places.set(left + right, place);
    const first = group[0]?.join("") ?? "";
    if (places.size > place + 1 && !isLongestFirst(group)) throw unlike(path, first);
    from = to;
  }
  return places;
}

interface Group {
  readonly from: number;
  /** Where each word's last merge stands. */
  readonly last: ReadonlyMap<string, number>;
}

/** Merges of words with the same score are mingled: a group ends where none of its words comes again. */
function endOfGroup(pairs: readonly Pair[], { from, last }: Group): number {
  let end = from + 1;
  for (let at = from; at < end; at++) {
    end = Math.max(end, (last.get(pairs[at]?.join("") ?? "") ?? 0) + 1);
  }
  return end;
}

/** That is how converters mingle them. */
function isLongestFirst(group: readonly Pair[]): boolean {
  const size = ([left, right]: Pair) => Array.from(left).length * 1000 + Array.from(right).length;
  return group.every((pair, at) => at === 0 || size(group[at - 1] ?? pair) >= size(pair));
}

/** In how many ways a word is two others side by side. */
function waysTo(word: string, known: ReadonlySet<string>): number {
  let ways = 0;
  let at = 0;
  for (const letter of word) {
    if (at > 0 && known.has(word.slice(0, at)) && known.has(word.slice(at))) ways++;
    at += letter.length;
  }
  return ways;
}

function unlike(path: string, word: string) {
  return refusal(
    `${path}: the merges of ${quote(word)} are not those of a SentencePiece model. Put its tokenizer.model beside it.`,
  );
}

/** What stands for a space, and whether a text begins with one. */
function beginsWithSpace(tokenizer: Json, path: string): boolean {
  const { normalizer, pre_tokenizer: pre } = tokenizer;
  const steps = [...flat(normalizer, "normalizers"), ...flat(pre, "pretokenizers")];
  let isFirst = false;
  for (const step of steps) {
    const { type, pattern, content } = step;
    const isSpace = isJson(pattern) && pattern["String"] === " ";
    if (type === "Prepend" && step["prepend"] === "▁") isFirst = true;
    else if (type === "Metaspace" && step["replacement"] === "▁")
      isFirst = step["prepend_scheme"] !== "never" && step["add_prefix_space"] !== false;
    else if (!(type === "Replace" && isSpace && content === "▁") && !(type === "Split" && isSpace))
      throw refusal(
        `${path} changes or cuts texts by ${quote(JSON.stringify(step))}, which is not known.`,
      );
  }
  return isFirst;
}

function flat(step: unknown, key: string): Json[] {
  if (!isJson(step)) return [];
  return step["type"] === "Sequence" ? objectsIn(step[key]) : [step];
}
