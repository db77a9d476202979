import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { textOf } from "../text-like.ts";
import { runEnd, tableOf } from "./run-end.ts";

/** Both alphabets, with or without padding, in one line or in lines of equal length. */
const RUN = /[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]{4,})*={0,2}/y;
const TOKEN = tableOf(/[\w+/-]/);
const SHORTEST = 16;

/** What a character of either alphabet stands for; of others nothing is asked. */
const SIXES = Uint8Array.from({ length: 128 }, (_, code) => sixOf(String.fromCharCode(code)));

function sixOf(char: string): number {
  const six = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".indexOf(char);
  if (char === "-") return 62;
  if (char === "_") return 63;
  return Math.max(0, six);
}

export const base64: Decoder = {
  step: "base64",
  signs: SIGN.longToken,
  decode(text) {
    const found: Decoded[] = [];
    for (let at = 0, from = 0; from < text.length; from = at + 1) {
      at = runEnd(text, from, TOKEN);
      if (at - from < SHORTEST || !isPromising(text, from)) continue;
      RUN.lastIndex = from;
      const run = RUN.exec(text)?.[0] ?? "";
      at = from + run.length;
      const said = textOf(Buffer.from(run, "base64"));
      if (said !== undefined) found.push({ text: said, start: from, end: at });
    }
    return found;
  },
};

/** The first bytes tell most words and hashes from text. */
function isPromising(text: string, from: number): boolean {
  for (let at = from; at < from + SHORTEST; at += 4) {
    let bits = 0;
    for (let six = at; six < at + 4; six++) bits = bits * 64 + (SIXES[text.charCodeAt(six)] ?? 0);
    if (!isText(bits >> 16) || !isText((bits >> 8) & 255) || !isText(bits & 255)) return false;
  }
  return true;
}

/** UTF-16 has zeros in it. */
function isText(byte: number): boolean {
  return byte >= 32 || byte === 10 || byte === 13 || byte === 9 || byte === 0;
}
