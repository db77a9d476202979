import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN, profile, rot13 } from "../profile.ts";

/** A shifted or turned stretch is looked for line by line: what stands around it may be plain. */
const LINE = /[^\n]+/g;

export const shifted: Decoder = {
  step: "rot13",
  signs: SIGN.shifted,
  decode: (text) => lines(text, SIGN.shifted, rot13),
};

export const reversed: Decoder = {
  step: "reversed",
  signs: SIGN.reversed,
  decode: (text) => [
    ...lines(text, SIGN.reversed, turnedRound),
    // Each word may be turned round where it stands.
    ...lines(text, SIGN.reversed, (line) => line.replace(/\S+/g, turnedRound)),
  ],
};

function lines(text: string, sign: number, decode: (line: string) => string): Decoded[] {
  const found: Decoded[] = [];
  for (const { 0: line, index } of text.matchAll(LINE)) {
    if ((profile(line) & sign) === 0) continue;
    found.push({ text: decode(line), start: index, end: index + line.length });
  }
  return found;
}

function turnedRound(text: string): string {
  return Array.from(text).toReversed().join("");
}
