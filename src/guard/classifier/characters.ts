export const SPACE = 32;
const NEWLINE = 10;
const SIGNS = '{}()=;<>_[]\\/`#"$%&*+';

/** Of ASCII: what stands for a character (low byte), and whether it is part of a word. */
export const WORD = 0x100;
export const ASCII = Uint16Array.from({ length: 128 }, (_, code) => foldAscii(code));

/**
 * What tells prose from code and tables is how many characters are of which kind. Five counts of up to
 * `MAX_SENTENCE` go into two numbers, since a count in memory costs more than all else done per character.
 */
export const COUNT_BITS = 10;
export const COUNT_MASK = (1 << COUNT_BITS) - 1;
/** Adds to blanks, digits and bars, from the lowest bits up. */
export const COUNTED_FIRST = Uint32Array.from({ length: 128 }, (_, code) => {
  if (code <= SPACE) return 1;
  if (code >= 48 && code <= 57) return 1 << COUNT_BITS;
  return code === 124 ? 1 << (2 * COUNT_BITS) : 0;
});
/** Adds to letters and signs. */
export const COUNTED_SECOND = Uint32Array.from({ length: 128 }, (_, code) => {
  if ((foldAscii(code) & WORD) !== 0) return code <= 57 ? 0 : 1;
  return SIGNS.includes(String.fromCharCode(code)) ? 1 << COUNT_BITS : 0;
});

/** Small letters for large ones, one digit for all, a space for what cannot be seen. */
function foldAscii(code: number): number {
  if (code <= SPACE || code === 127) return SPACE;
  if (code >= 48 && code <= 57) return 48 + WORD;
  if (code >= 65 && code <= 90) return code + 32 + WORD;
  if (code >= 97 && code <= 122) return code + WORD;
  return code;
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
