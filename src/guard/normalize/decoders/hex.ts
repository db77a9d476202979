import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { textOf } from "../text-like.ts";
import { runEnd, tableOf } from "./run-end.ts";

const DIGIT = tableOf(/[0-9a-fA-F]/);
const SHORTEST = 16;
/** Pair by pair, with `\x`, `0x`, blanks, commas, colons or dashes between. */
const PAIRED = tableOf(/[0-9a-fA-Fx\\ ,:-]/);
const SHORTEST_PAIRS = 23;
const BETWEEN = /\\x|0x|[ ,:-]+/g;
const PAIR = /^[0-9a-fA-F]{2}$/;

export const hex: Decoder = {
  step: "hex",
  signs: SIGN.hexRun,
  decode: (text) => read(text, DIGIT, SHORTEST, (run) => run),
};

export const hexPairs: Decoder = {
  step: "hex",
  signs: SIGN.digits | SIGN.backslash,
  decode: (text) =>
    read(text, PAIRED, SHORTEST_PAIRS, (run) =>
      run
        .split(BETWEEN)
        .filter((token) => PAIR.test(token))
        .join(""),
    ),
};

function read(
  text: string,
  characters: Uint8Array,
  shortest: number,
  digitsOf: (run: string) => string,
): Decoded[] {
  const found: Decoded[] = [];
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    end = runEnd(text, start, characters);
    if (end - start < shortest) continue;
    const digits = digitsOf(text.slice(start, end));
    if (digits.length % 2 !== 0) continue;
    const said = textOf(Buffer.from(digits, "hex"));
    if (said !== undefined) found.push({ text: said, start, end });
  }
  return found;
}
