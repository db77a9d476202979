import { Buffer } from "node:buffer";
import { rot13 } from "../normalize/profile.ts";
import { LetterWindow, letterOf } from "./fingerprints.ts";

/** A shorter mark is met by chance, or is a word. */
const LEAST_LETTERS = 12;

/** Marks that stand in a prompt and nowhere else: whoever writes one has read the prompt out. */
export interface CanaryWatch {
  /** A letter or digit in small, as `letterOf` gives it; true when it ends a mark. */
  push(letter: number): boolean;
}

/**
 * Watches for marks as they are, spelled out with anything between their letters, back to front, in
 * ROT13, in hex and as character codes. Throws RangeError for a mark of less than 12 letters and digits.
 */
export function createCanaryWatch(canaries: readonly string[]): CanaryWatch {
  const spellings = canaries.flatMap(spellingsOf);
  const size = Math.min(...spellings.map((letters) => letters.length));
  // Of longer spellings the beginning is enough.
  const wanted = new Set(spellings.map((letters) => letters.slice(0, size)));
  const hashes = new Set(Array.from(wanted, hashOf));
  const window = new LetterWindow(size);
  return {
    push: (letter) => window.push(letter) && hashes.has(window.hash) && wanted.has(window.text()),
  };
}

function spellingsOf(canary: string): string[] {
  const letters = lettersOf(canary);
  if (letters.length < LEAST_LETTERS) {
    throw new RangeError(`a canary needs ${LEAST_LETTERS} letters and digits at least`);
  }
  const bytes = Buffer.from(canary);
  return [
    letters,
    lettersOf(Array.from(canary).toReversed().join("")),
    lettersOf(rot13(canary)),
    bytes.toString("hex"),
    // As `\x77\x65` and as `0x77, 0x65`.
    Array.from(bytes, (byte) => `x${hex(byte)}`).join(""),
    Array.from(bytes, (byte) => `0x${hex(byte)}`).join(""),
    bytes.join(""),
  ];
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function lettersOf(text: string): string {
  const lower = text.toLowerCase();
  return String.fromCharCode(
    ...Array.from({ length: lower.length }, (_, at) => letterOf(lower.charCodeAt(at))).filter(
      (letter) => letter !== 0,
    ),
  );
}

function hashOf(letters: string): number {
  const window = new LetterWindow(letters.length);
  for (let at = 0; at < letters.length; at++) window.push(letters.charCodeAt(at));
  return window.hash;
}
