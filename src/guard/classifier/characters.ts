/** Kinds of characters: what tells prose from code and tables. */
export const KIND = { other: 0, letter: 1, digit: 2, bar: 3, sign: 4, blank: 5 } as const;
export const KINDS = 6;

export const SPACE = 32;
const NEWLINE = 10;
const SIGNS = '{}()=;<>_[]\\/`#"$%&*+';

/** Of ASCII: what stands for a character (low byte), whether it is part of a word, and its kind above. */
export const WORD = 0x100;
export const KIND_SHIFT = 9;
export const ASCII = Uint16Array.from({ length: 128 }, (_, code) => {
  const folded = foldAscii(code);
  return folded + (kindOf(code, folded) << KIND_SHIFT);
});

/** Small letters for large ones, one digit for all, a space for what cannot be seen. */
function foldAscii(code: number): number {
  if (code <= SPACE || code === 127) return SPACE;
  if (code >= 48 && code <= 57) return 48 + WORD;
  if (code >= 65 && code <= 90) return code + 32 + WORD;
  if (code >= 97 && code <= 122) return code + WORD;
  return code;
}

function kindOf(code: number, folded: number): number {
  if (code <= SPACE) return KIND.blank;
  if (folded === 48 + WORD) return KIND.digit;
  if (folded >= WORD) return KIND.letter;
  if (code === 124) return KIND.bar;
  return SIGNS.includes(String.fromCharCode(code)) ? KIND.sign : KIND.other;
}

/** Beyond ASCII everything is part of a word but punctuation, symbols and blanks. */
export function isWordCode(code: number): boolean {
  if (code < 0xc0 || code === 0xd7 || code === 0xf7) return code === 0xaa || code === 0xb5;
  if (code >= 0x2000 && code <= 0x2bff) return false;
  return !(code >= 0x3000 && code <= 0x303f) && !(code >= 0xff00 && code <= 0xff0f);
}

export function isIdeograph(code: number): boolean {
  return code >= 0x3040 && code <= 0x9fff;
}

/** A sentence ends no earlier and goes on no longer than this, in characters. */
const MIN_SENTENCE = 24;
export const MAX_SENTENCE = 320;

export function skipSpaces(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Cuts at the end of a line or sentence, in a long one at a blank, at last anywhere. */
export function sentenceEnd(text: string, from: number): number {
  const most = Math.min(from + MAX_SENTENCE, text.length);
  let blank = most;
  for (let at = from; at < most; at++) {
    const code = text.charCodeAt(at);
    if (code > 63 && code < 0x3000) continue;
    if (code === SPACE) blank = at;
    if (at - from >= MIN_SENTENCE && isStop(text, at, code)) return at + 1;
  }
  if (most === text.length) return most;
  return blank - from >= MIN_SENTENCE ? blank : most;
}

function isStop(text: string, at: number, code: number): boolean {
  if (code === NEWLINE) return true;
  // The ideographic full stop, and the wide forms of "!", "?" and ";".
  if (code === 0x3002 || code === 0xff01 || code === 0xff1f || code === 0xff1b) return true;
  const isMark = code === 46 || code === 33 || code === 63 || code === 59;
  return isMark && (at + 1 >= text.length || isSpace(text.charCodeAt(at + 1)));
}

function isSpace(code: number): boolean {
  return code <= SPACE || code === 0xa0 || code === 0x3000;
}
