import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { textOf } from "../text-like.ts";

/**
 * Both alphabets, with or without padding, in one line or in lines of equal length. Only from where a
 * token begins: a short one is not tried again at each of its letters.
 */
const RUN = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]{4,})*={0,2}/g;
const PEEK = 16;

export const base64: Decoder = {
  step: "base64",
  signs: SIGN.longToken,
  decode(text) {
    const found: Decoded[] = [];
    for (const { 0: run, index } of text.matchAll(RUN)) {
      if (!isPromising(run)) continue;
      const said = textOf(Buffer.from(run, "base64"));
      if (said !== undefined) found.push({ text: said, start: index, end: index + run.length });
    }
    return found;
  },
};

/** The first bytes tell most words and hashes from text. */
function isPromising(run: string): boolean {
  const bytes = Buffer.from(run.slice(0, PEEK), "base64");
  return bytes.every(
    (byte) => byte >= 32 || byte === 10 || byte === 13 || byte === 9 || byte === 0,
  );
}
