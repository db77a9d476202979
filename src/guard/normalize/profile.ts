import { VOCABULARY } from "./vocabulary.ts";

/**
 * One quick look at a text: which decoders have any business with it. Innocent prose gets a zero
 * after a step or two a character, and no decoder runs.
 */
export const SIGN = {
  beyondAscii: 1,
  /** A run that could be base64. */
  longToken: 2,
  percent: 4,
  entity: 8,
  backslash: 16,
  /** Digits among letters. */
  mixedWords: 32,
  /** Letters that stand alone, one after the other. */
  loneLetters: 64,
  /** Common words, shifted by thirteen. */
  shifted: 128,
  /** Common words, back to front. */
  reversed: 256,
  /** Many dots and dashes. */
  marks: 512,
  /** Short words, with digits or of two letters, one after the other. */
  digits: 1024,
  /** A run of hexadecimal digits. */
  hexRun: 2048,
} as const;

const LONG_TOKEN = 16;
const MIN_LONE = 6;
/** Two of a kind among so many words are no accident. */
const NEAR = 12;
const MIN_MARKS = 12;
const MIN_SHORT = 8;

const LETTER = 1;
const DIGIT = 2;
const TOKEN_MARK = 3;
const BEYOND = 255;
const KINDS = Uint8Array.from({ length: 128 }, (_, code) => kindOf(code));

function kindOf(code: number): number {
  const char = String.fromCharCode(code);
  if (/[a-z]/i.test(char)) return LETTER;
  if (/[0-9@$]/.test(char)) return DIGIT;
  if (/[+/_=-]/.test(char)) return TOKEN_MARK;
  return "%&\\.".includes(char) ? code : 0;
}

/** The signs of a text or of a part of it, as bits of `SIGN`. */
export function profile(text: string, from = 0, end = text.length): number {
  const seen = new Seen(text, from);
  let wordFrom = from;
  let word = 0;
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    const kind = code < 128 ? (KINDS[code] ?? 0) : BEYOND;
    if (kind === LETTER) {
      word = (Math.imul(word, 31) + (code | 32)) | 0;
      continue;
    }
    if (kind === DIGIT) {
      if (seen.firstDigit < 0) seen.firstDigit = at;
      seen.lastDigit = at;
      continue;
    }
    if (at > wordFrom) seen.word(wordFrom, at, word);
    word = 0;
    wordFrom = at + 1;
    if (kind !== TOKEN_MARK) seen.endRun(at);
    if (kind > TOKEN_MARK) seen.mark(code);
    else if (kind === TOKEN_MARK && (code === 45 || code === 95)) seen.marks++;
  }
  if (end > wordFrom) seen.word(wordFrom, end, word);
  seen.endRun(end);
  return seen.signs();
}

/** What a pass has counted so far. */
class Seen {
  /** Dots and dashes since the last word. */
  marks = 0;
  /** Where digits stand in the present word; -1: it has none. */
  firstDigit = -1;
  lastDigit = -1;
  #signs = 0;
  #runFrom: number;
  readonly #text: string;
  #words = 0;
  #lone = 0;
  #short = 0;
  /** Which word was the last of its kind. */
  #mixedAt = -NEAR;
  #shiftedAt = -NEAR;
  #reversedAt = -NEAR;

  constructor(text: string, from: number) {
    this.#text = text;
    this.#runFrom = from;
  }

  word(from: number, end: number, hash: number): void {
    const length = end - from;
    this.#words++;
    if (this.marks >= MIN_MARKS) this.#signs |= SIGN.marks;
    this.marks = 0;
    this.#lone = length === 1 ? this.#lone + 1 : 0;
    if (this.#lone >= MIN_LONE) this.#signs |= SIGN.loneLetters;
    if (this.firstDigit >= 0) {
      this.#digits(length, end, hash);
      return;
    }
    this.#short = length === 2 ? this.#short + 1 : 0;
    if (length < 3) return;
    const turn = turnOf(hash);
    if (turn === SHIFTED) {
      if (this.#words - this.#shiftedAt < NEAR) this.#signs |= SIGN.shifted;
      this.#shiftedAt = this.#words;
    } else if (turn === REVERSED) {
      if (this.#words - this.#reversedAt < NEAR) this.#signs |= SIGN.reversed;
      this.#reversedAt = this.#words;
    }
  }

  #digits(length: number, end: number, hash: number): void {
    this.#short = length <= 8 ? this.#short + 1 : 0;
    if (this.#short >= MIN_SHORT) this.#signs |= SIGN.digits;
    // A letter behind a digit: "x86" is no such word, "1gnore" and "pr3v" are.
    const hasLetterBehind = this.firstDigit < end - 1 && hash !== 0;
    if (hasLetterBehind && this.lastDigit - this.firstDigit < length - 1) {
      if (this.#words - this.#mixedAt < NEAR) this.#signs |= SIGN.mixedWords;
      this.#mixedAt = this.#words;
    }
    this.firstDigit = -1;
  }

  endRun(at: number): void {
    if (at - this.#runFrom >= LONG_TOKEN) this.#signs |= signsOfRun(this.#text, this.#runFrom, at);
    this.#runFrom = at + 1;
  }

  mark(code: number): void {
    if (code >= 128) this.#signs |= SIGN.beyondAscii;
    else if (code === 46) this.marks++;
    else if (code === 37) this.#signs |= SIGN.percent;
    else if (code === 38) this.#signs |= SIGN.entity;
    else this.#signs |= SIGN.backslash;
  }

  signs(): number {
    return this.#signs | (this.marks >= MIN_MARKS ? SIGN.marks : 0);
  }
}

/** Long words and paths have letters of one case only, and hardly a digit. */
function signsOfRun(text: string, from: number, end: number): number {
  let upper = 0;
  let lower = 0;
  let digits = 0;
  let others = 0;
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) digits++;
    else if (code >= 97) lower++;
    else if (code >= 65 && code <= 90) upper++;
    if ((code | 32) > 102 || code < 48) others++;
  }
  if (others === 0) return SIGN.hexRun | SIGN.longToken;
  return (upper > 0 && lower > 0) || digits > 2 ? SIGN.longToken : 0;
}

/** Words of English and of code that are others turned round or shifted. */
const REAL_WORDS: ReadonlySet<string> = new Set(
  "saw era ton nac dah won doc did live tes tops evig nus sah nep eub flow mod pets tide emit mane tac ten tub eno rof edit bar fur ire ure tube ones gel gnat bone balk erne ear tang".split(
    " ",
  ),
);

const SHIFTED = 1;
const REVERSED = 2;
/** A table of hashes that is mostly empty: one look tells nearly every word of a text. */
const SLOTS = 2048;
const HASHES = new Int32Array(SLOTS);
const TURNS = new Uint8Array(SLOTS);
fillTable();

function turnOf(hash: number): number {
  for (let slot = (hash ^ (hash >>> 11)) & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
    const turn = TURNS[slot] ?? 0;
    if (turn === 0 || HASHES[slot] === hash) return turn;
  }
}

function fillTable(): void {
  const known = new Set(VOCABULARY);
  const add = (word: string, turn: number) => {
    // "was" is "saw" turned round, and both are words.
    if (known.has(word) || REAL_WORDS.has(word) || word.length < 3) return;
    const hash = Array.from(word).reduce(
      (sum, char) => (Math.imul(sum, 31) + char.charCodeAt(0)) | 0,
      0,
    );
    let slot = (hash ^ (hash >>> 11)) & (SLOTS - 1);
    while (TURNS[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    HASHES[slot] = hash;
    TURNS[slot] = turn;
  };
  for (const word of VOCABULARY) {
    add(rot13(word), SHIFTED);
    add(Array.from(word).toReversed().join(""), REVERSED);
  }
}

/** Letters thirteen places on: its own inverse. */
export function rot13(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => {
    const code = letter.charCodeAt(0);
    return String.fromCharCode(code + ((code | 32) < 110 ? 13 : -13));
  });
}
