import type { Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { asText } from "../text-like.ts";
import { hasKnownWord } from "../vocabulary.ts";

/** Three escapes or more in a word. In an address that is common: well-known words must come of it. */
const RUN = /(?:%[0-9a-fA-F]{2}[^\s%]{0,200}){3,}/g;
const MOST_BEFORE = 200;
const ESCAPES = /(?:%[0-9a-fA-F]{2})+/g;

/** URL encoding, blanks written as `+` included. */
export const percent: Decoder = {
  step: "url",
  signs: SIGN.percent,
  decode(text) {
    return Array.from(text.matchAll(RUN)).flatMap(({ 0: run, index }) => {
      const start = wordStart(text, index);
      const word = text.slice(start, index) + run;
      const said = asText(word.replaceAll("+", " ").replace(ESCAPES, unescape));
      if (said === undefined || !saysSomething(word, said)) return [];
      return [{ text: said, start, end: index + run.length }];
    });
  },
};

function wordStart(text: string, from: number): number {
  let at = from;
  while (at > 0 && from - at < MOST_BEFORE && text.charCodeAt(at - 1) > 32) at--;
  return at;
}

/** Text in another language is told by how much of it was escaped. */
function saysSomething(word: string, said: string): boolean {
  return hasKnownWord(said.toLowerCase().match(/[a-z]+/g) ?? []) || said.length * 2 < word.length;
}

function unescape(escapes: string): string {
  return Buffer.from(escapes.replaceAll("%", ""), "hex").toString("utf8");
}
