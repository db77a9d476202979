import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { textOf } from "../text-like.ts";

const RUN = /[\u200B-\u200D\u2060-\u2064\uFEFF]+/g;
/** Eight characters of text, in bits. */
const LEAST_BITS = 64;

/** Bits written as two kinds of invisible characters, eight a byte. */
export const zeroWidth: Decoder = {
  step: "zero_width",
  signs: SIGN.beyondAscii,
  decode(text) {
    const found: Decoded[] = [];
    for (const { 0: run, index } of text.matchAll(RUN)) {
      const said = run.length < LEAST_BITS ? undefined : read(run);
      if (said !== undefined) found.push({ text: said, start: index, end: index + run.length });
    }
    return found;
  },
};

/** Which of the two is the one is not known: text begins with a bit that is none. */
function read(run: string): string | undefined {
  const zero = run.charAt(0);
  const ones = new Set(run);
  if (ones.size !== 2) return undefined;
  const bytes = new Uint8Array(Math.floor(run.length / 8));
  for (const [at] of bytes.entries()) {
    for (let bit = 0; bit < 8; bit++) {
      bytes[at] = ((bytes[at] ?? 0) << 1) | (run.charAt(at * 8 + bit) === zero ? 0 : 1);
    }
  }
  return textOf(bytes);
}
