import type { Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { hasKnownWord } from "../vocabulary.ts";
import { substitute } from "./substitute.ts";

/** A word with figures or signs before letters of its own: "x86" has none, an escape is none. */
const WORD = /(?<![\w@$!|\\%&#])(?=[a-z]{0,24}[0-9@$!|]{1,4}[a-z])[a-z0-9@$!|]{3,40}/gi;
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
    substitute(text, WORD, toWord, MIN)
      .filter(({ start, end }) => saysSomething(text.slice(start, end)))
      .map((found) => ({ ...found, text: withLoneFigures(found.text) })),
};

function saysSomething(stretch: string): boolean {
  return hasKnownWord((stretch.match(WORD) ?? []).map(toWord));
}

function toWord(word: string): string {
  return word.replace(/[0-9@$!|]/g, (sign, at: number) => letterOf(sign, word, at)).toLowerCase();
}

/** "1" is an l beside another one, as in "a11" and "wi1l". */
function letterOf(sign: string, word: string, at: number): string {
  const isDouble = sign === "1" && /[l1]/i.test(word.charAt(at - 1) + word.charAt(at + 1));
  return isDouble ? "l" : (LETTERS[sign] ?? sign);
}

/** Whole words of figures, as "4" for "a" and "70" for "to". */
function withLoneFigures(text: string): string {
  return text.replace(/(?<![a-z0-9])[0-9]{1,3}(?![a-z0-9])/gi, (figures) =>
    figures.replace(/[0-9]/g, (figure, at: number) => letterOf(figure, figures, at)),
  );
}
