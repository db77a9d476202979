import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { textOf } from "../text-like.ts";

const RUN = /[01][01 ,]+/g;

/** Bytes as eight digits each. */
export const binary: Decoder = {
  step: "binary",
  signs: SIGN.digits | SIGN.hexRun,
  decode(text) {
    const found: Decoded[] = [];
    for (const { 0: run, index } of text.matchAll(RUN)) {
      const bytes = run.replace(/[ ,]/g, "").match(/[01]{8}/g) ?? [];
      const said = textOf(Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 2)));
      if (said !== undefined) found.push({ text: said, start: index, end: index + run.length });
    }
    return found;
  },
};
