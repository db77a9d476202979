import type { Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { asText } from "../text-like.ts";
import { hasKnownWord } from "../vocabulary.ts";

/** A word with three escapes or more. In an address that is common: well-known words must come of it. */
const WORD = /[^\s%]{0,200}(?:%[0-9a-fA-F]{2}[^\s%]{0,200}){3,}/g;
const ESCAPES = /(?:%[0-9a-fA-F]{2})+/g;

/** URL encoding, blanks written as `+` included. */
export const percent: Decoder = {
  step: "url",
  signs: SIGN.percent,
  decode(text) {
    return Array.from(text.matchAll(WORD)).flatMap(({ 0: word, index }) => {
      const said = asText(word.replaceAll("+", " ").replace(ESCAPES, unescape));
      if (said === undefined || !saysSomething(word, said)) return [];
      return [{ text: said, start: index, end: index + word.length }];
    });
  },
};

/** Text in another language is told by how much of it was escaped. */
function saysSomething(word: string, said: string): boolean {
  return hasKnownWord(said.toLowerCase().match(/[a-z]+/g) ?? []) || said.length * 2 < word.length;
}

function unescape(escapes: string): string {
  return Buffer.from(escapes.replaceAll("%", ""), "hex").toString("utf8");
}
