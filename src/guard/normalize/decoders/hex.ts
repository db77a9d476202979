import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { textOf } from "../text-like.ts";

const RUN = /[0-9a-fA-F]{16,}/g;
/** Pair by pair, with `\x`, `0x`, blanks, commas, colons or dashes between. */
const PAIRS = /(?<![0-9a-fA-Fx\\ ,:-])[0-9a-fA-Fx\\ ,:-]{23,}/g;
const BETWEEN = /\\x|0x|[ ,:-]+/g;
const PAIR = /^[0-9a-fA-F]{2}$/;

export const hex: Decoder = {
  step: "hex",
  signs: SIGN.hexRun,
  decode: (text) => read(text, RUN, (run) => run),
};

export const hexPairs: Decoder = {
  step: "hex",
  signs: SIGN.digits | SIGN.backslash,
  decode: (text) =>
    read(text, PAIRS, (run) =>
      run
        .split(BETWEEN)
        .filter((token) => PAIR.test(token))
        .join(""),
    ),
};

function read(text: string, pattern: RegExp, digitsOf: (run: string) => string): Decoded[] {
  const found: Decoded[] = [];
  for (const { 0: run, index } of text.matchAll(pattern)) {
    const digits = digitsOf(run);
    if (digits.length % 2 !== 0) continue;
    const said = textOf(Buffer.from(digits, "hex"));
    if (said !== undefined) found.push({ text: said, start: index, end: index + run.length });
  }
  return found;
}
