import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { textOf } from "../text-like.ts";

const RUN = /[0-9a-fA-F]{16,}/g;
/** Pair by pair, with `\\x`, `0x`, blanks, commas, colons or dashes between. */
const PAIRS = /(?:(?:\\x|0x)?[0-9a-fA-F]{2}(?:[ ,:-]|, )?){8,}/g;
const AROUND = /\\x|0x|[ ,:-]/g;

export const hex: Decoder = {
  step: "hex",
  signs: SIGN.hexRun,
  decode: (text) => read(text, RUN),
};

export const hexPairs: Decoder = {
  step: "hex",
  signs: SIGN.digits | SIGN.backslash,
  decode: (text) => read(text, PAIRS),
};

function read(text: string, pattern: RegExp): Decoded[] {
  const found: Decoded[] = [];
  for (const { 0: run, index } of text.matchAll(pattern)) {
    const digits = run.replace(AROUND, "");
    if (digits.length % 2 !== 0) continue;
    const said = textOf(Buffer.from(digits, "hex"));
    if (said !== undefined) found.push({ text: said, start: index, end: index + run.length });
  }
  return found;
}
