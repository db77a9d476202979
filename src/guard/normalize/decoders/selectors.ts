import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { textOf } from "../text-like.ts";

const RUN = /[\uFE00-\uFE0F\u{E0100}-\u{E01EF}]{8,}/gu;

/** Variation selectors, 256 of them: one a byte, hidden behind an emoji or a letter. */
export const selectors: Decoder = {
  step: "variation_selectors",
  signs: SIGN.beyondAscii,
  decode(text) {
    const found: Decoded[] = [];
    for (const { 0: run, index } of text.matchAll(RUN)) {
      const said = textOf(Uint8Array.from(Array.from(run), toByte));
      if (said !== undefined) found.push({ text: said, start: index, end: index + run.length });
    }
    return found;
  },
};

function toByte(selector: string): number {
  const code = selector.codePointAt(0) ?? 0;
  return code < 0xe0100 ? code - 0xfe00 : code - 0xe0100 + 16;
}
