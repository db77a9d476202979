import { createHmac } from "node:crypto";
import { passesLuhn, passesMod97 } from "../detectors/checksums.ts";

/**
 * What stands for a value upstream: of the same form, so that it still passes where such a value is
 * checked, and the same each time for the same key. `attempt` gives another one.
 */
export function placeholderFor(
  { detector, value }: { readonly detector: string; readonly value: string },
  key: Uint8Array,
  attempt: number,
): string {
  const next = digitsFrom(key, `${attempt} ${detector} ${value}`);
  if (value.includes("@")) return `${letters(next, 10)}@vault.example`;
  if (detector === "pii.iban") return withIbanCheck(shuffled(value, next, 4));
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(value)) return `10.${next(256)}.${next(256)}.${next(256)}`;
  const made = shuffled(value, next, value.startsWith("+") ? 3 : 0);
  const digits = value.replaceAll(/\D/g, "");
  return digits.length >= 12 && passesLuhn(digits) ? withLuhnCheck(made) : made;
}

/** Numbers below a bound that follow from a key and a text. */
function digitsFrom(key: Uint8Array, text: string): (bound: number) => number {
  let round = 0;
  let bytes = Buffer.alloc(0);
  let at = 0;
  return (bound) => {
    if (at + 2 > bytes.length) {
      bytes = createHmac("sha256", key).update(`${round++} ${text}`).digest();
      at = 0;
    }
    at += 2;
    return bytes.readUInt16BE(at - 2) % bound;
  };
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz";

function letters(next: (bound: number) => number, count: number): string {
  return Array.from({ length: count }, () => ALPHABET.charAt(next(26))).join("");
}

/** Other digits and letters in the same places; the first `kept` characters stay. */
function shuffled(value: string, next: (bound: number) => number, kept: number): string {
  const rest = value.slice(kept).replaceAll(/[0-9A-Za-z]/g, (char) => {
    if (/\d/.test(char)) return String(next(10));
    const letter = ALPHABET.charAt(next(26));
    return char === char.toUpperCase() ? letter.toUpperCase() : letter;
  });
  return value.slice(0, kept) + rest;
}

/** The last digit as Luhn's check wants it. */
function withLuhnCheck(value: string): string {
  const at = value.search(/\d\D*$/);
  for (let digit = 0; digit < 10; digit++) {
    const tried = value.slice(0, at) + String(digit) + value.slice(at + 1);
    if (passesLuhn(tried.replaceAll(/\D/g, ""))) return tried;
  }
  return value;
}

/** The two digits behind the country as ISO 7064 wants them. */
function withIbanCheck(value: string): string {
  for (let check = 2; check < 99; check++) {
    const tried = value.slice(0, 2) + String(check).padStart(2, "0") + value.slice(4);
    if (passesMod97(tried.replaceAll(/[ -]/g, "").toUpperCase())) return tried;
  }
  return value;
}
