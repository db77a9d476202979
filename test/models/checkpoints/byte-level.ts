import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { learn, merge, partition, TEXT, type TestTokenizer } from "./learning.ts";

/** GPT-2's alphabet: a letter for each byte. */
const LETTERS = (() => {
  const isPlain = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(isPlain(byte) ? byte : next++),
  );
})();

export interface ByteLevelOptions {
  /** Each expression cuts what the one before left. */
  readonly regexes: readonly string[];
  /** The pre_tokenizer as tokenizer.json writes it. */
  readonly preTokenizer: unknown;
  readonly ignoreMerges?: boolean;
  readonly pairs?: boolean;
  /** Ids of the specials that begin and end a text; all of them, and one that only users see. */
  readonly specials?: readonly string[];
  readonly addsBegin?: boolean;
  readonly config?: Readonly<Record<string, unknown>>;
}

const DIGITS_REGEX = String.raw`\p{N}`;
export const GPT2_REGEX = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const LLAMA3_REGEX = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const QWEN2_REGEX = LLAMA3_REGEX.replace("{1,3}", "");
const CASED = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+X|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*X`;
const REST = String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const TEKKEN_REGEX = String.raw`${CASED.replaceAll("X", "")}|\p{N}|${REST}`;
const O200K_REGEX = String.raw`${CASED.replaceAll("X", "(?i:'s|'t|'re|'ve|'m|'ll|'d)?")}|\p{N}{1,3}|${REST}`;

const split = (regex: string, behavior = "Isolated") => ({
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern: { Regex: regex }, behavior, invert: behavior === "Removed" },
    { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
  ],
});
const WORDS = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };

/** How the makers of each family cut texts. */
export const CUTS = {
  llama3: { regexes: [LLAMA3_REGEX], preTokenizer: split(LLAMA3_REGEX), ignoreMerges: true },
  cl100k: { regexes: [LLAMA3_REGEX], preTokenizer: split(LLAMA3_REGEX, "Removed") },
  qwen2: { regexes: [QWEN2_REGEX], preTokenizer: split(QWEN2_REGEX) },
  tekken: { regexes: [TEKKEN_REGEX], preTokenizer: split(TEKKEN_REGEX), ignoreMerges: true },
  o200k: { regexes: [O200K_REGEX], preTokenizer: split(O200K_REGEX, "Removed") },
  gpt2: { regexes: [GPT2_REGEX], preTokenizer: WORDS },
  smollm: {
    regexes: [DIGITS_REGEX, GPT2_REGEX],
    preTokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "Digits", individual_digits: true }, WORDS],
    },
  },
} as const satisfies Record<string, ByteLevelOptions>;

/** BPE over bytes, as `tokenizer.json` holds it; the ids have holes. */
export function byteLevel(options: ByteLevelOptions): TestTokenizer {
  const { specials = ["<|begin|>", "<|end|>", "<|turn|>", "<tool>"] } = options;
  const merges = learn(cut(TEXT, options.regexes).map(toLetters), 80);
  const words = [...LETTERS, ...merges.map(([left, right]) => left + right)];
  const vocab = Object.fromEntries([...new Set(words)].map((word, id) => [word, id]));
  const first = Object.keys(vocab).length + 3;
  const ids = new Map(specials.map((name, at) => [name, first + at]));
  const size = first + specials.length + 5;
  return {
    write: (folder) => writeByteLevel(folder, options, { merges, vocab, ids, specials }),
    encode: (text) =>
      partition(text, ids).flatMap((part) =>
        typeof part === "number" ? [part] : encodeLetters(part, { options, merges, vocab }),
      ),
    prefix: options.addsBegin ? [first] : [],
    size,
  };
}

function cut(text: string, regexes: readonly string[]): string[] {
  return regexes.reduce<string[]>(
    (parts, regex) =>
      parts.flatMap((part) => part.split(new RegExp(`(${regex})`, "u")).filter((one) => one)),
    [text],
  );
}

function toLetters(word: string): string[] {
  return [...Buffer.from(word)].map((byte) => LETTERS[byte] ?? "");
}

interface Learned {
  readonly options: ByteLevelOptions;
  readonly merges: readonly (readonly [string, string])[];
  readonly vocab: Readonly<Record<string, number>>;
}

function encodeLetters(text: string, { options, merges, vocab }: Learned): number[] {
  return cut(text, options.regexes).flatMap((word) => {
    const letters = toLetters(word);
    const whole = vocab[letters.join("")];
    if (options.ignoreMerges && whole !== undefined) return [whole];
    const symbols = merges.reduce<readonly string[]>(merge, letters);
    return symbols.map((symbol) => vocab[symbol] ?? -1);
  });
}

interface Files {
  readonly merges: readonly (readonly [string, string])[];
  readonly vocab: Readonly<Record<string, number>>;
  readonly ids: ReadonlyMap<string, number>;
  readonly specials: readonly string[];
}

function writeByteLevel(
  folder: string,
  {
    preTokenizer,
    ignoreMerges = false,
    pairs = false,
    addsBegin = false,
    config,
  }: ByteLevelOptions,
  { merges, vocab, ids, specials }: Files,
): void {
  const added = [...ids].map(([content, id]) => ({
    id,
    content,
    special: content.startsWith("<|"),
    normalized: false,
  }));
  const begin = specials[0] ?? "";
  const template = {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: begin, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [],
    special_tokens: {},
  };
  const tokenizer = {
    version: "1.0",
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: addsBegin
      ? { type: "Sequence", processors: [{ type: "ByteLevel" }, template] }
      : { type: "ByteLevel" },
    decoder: { type: "ByteLevel" },
    model: {
      type: "BPE",
      byte_fallback: false,
      ignore_merges: ignoreMerges,
      vocab,
      merges: pairs ? merges : merges.map((pair) => pair.join(" ")),
    },
  };
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
  const settings = {
    tokenizer_class: "GPT2Tokenizer",
    bos_token: specials[0],
    eos_token: { content: specials[1], special: true },
    chat_template: "{% for m in messages %}{{ m.role }}: {{ m.content }}<|turn|>\n{% endfor %}",
    ...config,
  };
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(settings));
}
