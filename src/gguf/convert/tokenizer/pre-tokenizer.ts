import { isJson, type Json, objectsIn } from "../json-file.ts";

/** How a text is cut into pieces before words are looked for in them: by names that llama.cpp knows. */

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const SPACES = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const LETTERS = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const SIGNS = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*`;
const UPPER = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const LOWER = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const SIGNS_AND_SLASHES = String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`;

const THREE_DIGITS = `${CONTRACTIONS}|${LETTERS}|\\p{N}{1,3}|${SIGNS}|${SPACES}`;
const ONE_DIGIT = `${CONTRACTIONS}|${LETTERS}|\\p{N}|${SIGNS}|${SPACES}`;
const WITH_MARKS = [
  CONTRACTIONS,
  String.raw`[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+`,
  String.raw`\p{N}`,
  String.raw` ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*`,
  SPACES,
].join("|");
const cased = (tail: string): string[] => [
  String.raw`[^\r\n\p{L}\p{N}]?${UPPER}*${LOWER}+${tail}`,
  String.raw`[^\r\n\p{L}\p{N}]?${UPPER}+${LOWER}*${tail}`,
];
const TEKKEN = [...cased(""), String.raw`\p{N}`, SIGNS_AND_SLASHES, SPACES].join("|");
const O200K = [
  ...cased(`${CONTRACTIONS}?`),
  String.raw`\p{N}{1,3}`,
  SIGNS_AND_SLASHES,
  SPACES,
].join("|");

interface Known {
  readonly name: string;
  readonly steps: readonly string[];
  /** Whether the engine takes a piece that is a word as it is, without merging up to it. */
  readonly takesWholeWords: boolean;
}

const BYTES = "bytes";
const WORDS = "bytes by words";
const DIGITS = "digits";

const known = (name: string, steps: readonly string[], takesWholeWords = false): Known => ({
  name,
  steps,
  takesWholeWords,
});

/** Those of the families that are converted. The first that fits counts. */
const KNOWN: readonly Known[] = [
  known("llama-bpe", [THREE_DIGITS, BYTES], true),
  known("smaug-bpe", [THREE_DIGITS, BYTES]),
  known("qwen2", [ONE_DIGIT, BYTES]),
  known("qwen35", [WITH_MARKS, BYTES]),
  known("tekken", [TEKKEN, BYTES], true),
  known("gpt-4o", [O200K, BYTES]),
  known("gpt-2", [WORDS]),
  known("smollm", [DIGITS, WORDS]),
];

/** Everything that `--pre` may say: what the engine knows beside those is up to the user. */
export const PRE_NAME = /^[a-z0-9][a-z0-9._-]{0,40}$/;

export interface PreTokenizer {
  readonly name: string;
  readonly takesWholeWords: boolean;
}

/** The name for what `tokenizer.json` does; undefined where the engine has nothing like it. */
export function preTokenizerOf(tokenizer: Json): PreTokenizer | undefined {
  const steps = stepsOf(tokenizer["pre_tokenizer"]);
  const fitting = KNOWN.filter(({ steps: own }) => own.join("\n") === steps.join("\n"));
  const { model } = tokenizer;
  const takesWholeWords = isJson(model) && model["ignore_merges"] === true;
  return fitting.find((one) => one.takesWholeWords === takesWholeWords) ?? fitting[0];
}

/** What it does, step by step, for an error message. */
export function describeSteps(tokenizer: Json): string {
  return stepsOf(tokenizer["pre_tokenizer"]).join(", then ") || "nothing";
}

function stepsOf(step: unknown): string[] {
  if (!isJson(step)) return [];
  const { type } = step;
  if (type === "Sequence") return objectsIn(step["pretokenizers"]).flatMap(stepsOf);
  if (type === "Split") return [splitOf(step)];
  if (type === "Digits" && step["individual_digits"] === true) return [DIGITS];
  if (type === "ByteLevel" && step["add_prefix_space"] !== true)
    return [step["use_regex"] === false ? BYTES : WORDS];
  return [`${String(type)} ${JSON.stringify(step)}`];
}

/** To cut at each match, or to keep the matches only, is the same for expressions that match everything. */
function splitOf({ pattern, behavior, invert }: Json): string {
  const isPlain =
    (behavior === "Isolated" && invert !== true) || (behavior === "Removed" && invert === true);
  const regex = isJson(pattern) ? pattern["Regex"] : undefined;
  return isPlain && typeof regex === "string"
    ? regex
    : `Split ${JSON.stringify({ pattern, behavior, invert })}`;
}
