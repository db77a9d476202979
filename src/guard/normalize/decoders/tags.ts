import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { asText } from "../text-like.ts";

const RUN = /[\u{E0020}-\u{E007E}]{8,}/gu;

/** Tag characters: ASCII that no screen shows. The flags of England, Scotland and Wales have six of them. */
export const tags: Decoder = {
  step: "tags",
  signs: SIGN.beyondAscii,
  decode(text) {
    const found: Decoded[] = [];
    for (const { 0: run, index } of text.matchAll(RUN)) {
      const said = asText(Array.from(run, toAscii).join(""));
      if (said !== undefined) found.push({ text: said, start: index, end: index + run.length });
    }
    return found;
  },
};

function toAscii(tag: string): string {
  return String.fromCharCode((tag.codePointAt(0) ?? 0) & 0x7f);
}
