import type { Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { hasKnownWord } from "../vocabulary.ts";
import { substitute } from "./substitute.ts";

/**
 * A token: with what escapes and addresses have in it, so that those are seen whole and left. It has a figure
 * or a sign before a letter, as "x86" has not; and it is looked at only from where it begins.
 */
const TOKEN = /(?<![\w@$!|\\%&#])[\w@$!|\\%&#]*[0-9@$!|][a-zA-Z][\w@$!|\\%&#]*/g;
const LEET = /^[a-z0-9@$!|]{3,40}$/i;
const MIN = 2;
const LETTERS: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "i",
  "2": "z",
  "3": "e",
  "4": "a",
  "5": "s",
  "6": "g",
  "7": "t",
  "8": "b",
  "9": "g",
  "@": "a",
  $: "s",
  "!": "i",
  "|": "l",
};

/** Figures for letters. Taken for that only where a well-known word comes of it. */
export const leet: Decoder = {
  step: "leet",
  signs: SIGN.mixedWords,
  decode: (text) =>
    substitute(text, { pattern: TOKEN, replace: toWord, min: MIN })
      .filter(({ start, end }) => saysSomething(text.slice(start, end)))
      .map((found) => ({ ...found, text: withLastFigures(found.text) })),
};

function saysSomething(stretch: string): boolean {
  return hasKnownWord((stretch.match(TOKEN) ?? []).flatMap((token) => toWord(token) ?? []));
}

function toWord(token: string): string | undefined {
  if (!LEET.test(token)) return undefined;
  return token.replace(/[0-9@$!|]/g, (sign, at: number) => letterOf(sign, token, at)).toLowerCase();
}

/** "1" is an l beside another one, as in "a11" and "wi1l". */
function letterOf(sign: string, word: string, at: number): string {
  const isDouble = sign === "1" && /[l1]/i.test(word.charAt(at - 1) + word.charAt(at + 1));
  return isDouble ? "l" : (LETTERS[sign] ?? sign);
}

/** Beside such words also those that end in figures, as "th3", and whole words of them, as "70" for "to". */
function withLastFigures(text: string): string {
  return text.replace(/(?<![a-z0-9])(?:[a-z]{0,20}[0-9]{1,3}|[0-9][a-z])(?![a-z0-9])/gi, (word) =>
    word.replace(/[0-9]/g, (figure, at: number) => letterOf(figure, word, at)),
  );
}
