import type { Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { substitute } from "./substitute.ts";

const ESCAPE =
  /\\u\{[0-9a-fA-F]{1,6}\}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\x[0-9a-fA-F]{2}|\\[0-7]{3}/g;
const MIN = 4;

/** Characters as source code writes them: `\u0069`, `\u{69}`, `\U00000069`, `\x69`, `\151`. */
export const escapes: Decoder = {
  step: "unicode_escape",
  signs: SIGN.backslash,
  decode: (text) => substitute(text, { pattern: ESCAPE, replace: toChar, min: MIN }),
};

function toChar(escape: string): string {
  const digits = escape.replace(/[\\uUx{}]/g, "");
  const code = Number.parseInt(digits, /^\\[0-7]/.test(escape) ? 8 : 16);
  // Halves of a pair stand in two escapes: they must not be made well-formed one by one.
  return code <= 0xffff
    ? String.fromCharCode(code)
    : code <= 0x10ffff
      ? String.fromCodePoint(code)
      : escape;
}
