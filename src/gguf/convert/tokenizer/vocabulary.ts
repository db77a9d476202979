import { bool, list, type MetadataEntry, string } from "../../metadata.ts";
import { refusal } from "../refusal.ts";

/** A tokenizer's words as llama.cpp keeps them. */

/** llama.cpp's numbers for what kind a token is; SentencePiece's are the same. */
export const KINDS = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;

export interface Vocabulary {
  /** `gpt2` is BPE over bytes, `llama` SentencePiece. */
  readonly model: "gpt2" | "llama";
  readonly pre: string;
  readonly tokens: readonly string[];
  readonly kinds: readonly number[];
  readonly scores?: readonly number[] | undefined;
  readonly merges?: readonly string[] | undefined;
  /** Whether a text begins as if a space stood before it; undefined: as its kind usually does. */
  readonly spaceFirst?: boolean | undefined;
  readonly notes: readonly string[];
}

/** A token that was added to the words that were learned. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

/** Adds one word after the other; ids that stay free become `[PADn]`, which no text has. */
export class VocabularyBuilder {
  readonly tokens: string[];
  readonly kinds: number[];
  readonly scores: number[];
  readonly #path: string;

  constructor(path: string, size: number) {
    this.#path = path;
    this.tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
    this.kinds = Array.from({ length: size }, () => KINDS.unused);
    this.scores = Array.from({ length: size }, () => -10_000);
  }

  /** Whether the model has a row for this id. */
  has(id: number): boolean {
    return id < this.tokens.length;
  }

  put(id: number, token: string, { kind, score = 0 }: { kind: number; score?: number }): void {
    if (!this.has(id)) {
      throw refusal(
        `${this.#path} gives the token ${JSON.stringify(token)} the id ${id}, and the model has ${this.tokens.length} tokens.`,
      );
    }
    this.tokens[id] = token;
    this.kinds[id] = kind;
    this.scores[id] = score;
  }

  /** Control where it is meant or looks so; a space in any other stands for itself. */
  putAdded({ id, content, special }: AddedToken): void {
    const isControl = special || looksSpecial(content);
    const token = isControl ? content : content.replaceAll("▁", " ");
    this.put(id, token, {
      kind: isControl ? KINDS.control : KINDS.userDefined,
      score: -1000,
    });
  }
}

/** Some makers do not mark as special what no user should be able to write. */
function looksSpecial(token: string): boolean {
  return (
    ["<pad>", "<mask>", "<2mass>", "[@BOS@]"].includes(token) ||
    /^<\|.*\|>$|^<｜.*｜>$|^<unused.*>$/su.test(token)
  );
}

/** The keys that say all this. */
export function vocabularyEntries(vocabulary: Vocabulary): [string, MetadataEntry][] {
  const { model, pre, tokens, kinds, scores, merges, spaceFirst } = vocabulary;
  const entries: [string, MetadataEntry][] = [
    ["tokenizer.ggml.model", string(model)],
    ["tokenizer.ggml.pre", string(pre)],
    ["tokenizer.ggml.tokens", list("string", tokens)],
  ];
  if (scores) entries.push(["tokenizer.ggml.scores", list("float32", scores)]);
  entries.push(["tokenizer.ggml.token_type", list("int32", kinds)]);
  if (merges) entries.push(["tokenizer.ggml.merges", list("string", merges)]);
  // With a space first is what SentencePiece's kind does unasked.
  if (spaceFirst === false) entries.push(["tokenizer.ggml.add_space_prefix", bool(spaceFirst)]);
  return entries;
}
