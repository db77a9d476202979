import type { Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { substitute } from "./substitute.ts";

const NUMERIC = /&#(?:[xX][0-9a-fA-F]{1,6}|[0-9]{1,7});?/g;
const MIN = 4;

/** Numbered HTML entities: named ones hide no letters. */
export const entities: Decoder = {
  step: "html",
  signs: SIGN.entity,
  decode: (text) => substitute(text, { pattern: NUMERIC, replace: toChar, min: MIN }),
};

function toChar(entity: string): string {
  const digits = entity.replace(/[&#;]/g, "");
  const isHex = digits.startsWith("x") || digits.startsWith("X");
  const code = isHex ? Number.parseInt(digits.slice(1), 16) : Number(digits);
  return code <= 0x10ffff ? String.fromCodePoint(code).toWellFormed() : entity;
}
