/** Letters in a row that two texts must share before anything is said of it: about five words. */
export const GRAM = 24;
/** Of a source every eighth place is kept; of an output each is looked up, so that none is missed. */
export const STRIDE = 8;

const BASE = 0x01000193;
const EMPTY = 0;

/**
 * The letters and digits of a text, one after the other, as a rolling hash of the last few of them (Karp
 * and Rabin, IBM J. R&D 31(2), 1987). White space, marks and case are nothing to it, so spelling
 * something out, wrapping it or quoting it changes nothing.
 */
export class LetterWindow {
  hash = 0;
  /** Letters so far. */
  count = 0;
  private readonly ring: Uint16Array;
  private slot = 0;
  /** What the letter that leaves the window weighs. */
  private readonly leaving: number;

  constructor(size: number) {
    this.ring = new Uint16Array(size);
    let leaving = 1;
    for (let count = 0; count < size; count++) leaving = Math.imul(leaving, BASE);
    this.leaving = leaving;
  }

  /** Whether the window is full. */
  push(letter: number): boolean {
    const { ring, slot } = this;
    const gone = ring[slot] ?? 0;
    ring[slot] = letter;
    this.slot = slot + 1 === ring.length ? 0 : slot + 1;
    this.hash = (Math.imul(this.hash, BASE) + letter - Math.imul(gone, this.leaving)) | 0;
    this.count += 1;
    return this.count >= ring.length;
  }

  /** What is in it, in order. */
  text(): string {
    return String.fromCharCode(
      ...this.ring.subarray(this.slot),
      ...this.ring.subarray(0, this.slot),
    );
  }
}

const ASCII = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code).toLowerCase();
  return /[a-z0-9]/.test(char) ? char.charCodeAt(0) : 0;
});

/** A letter or a digit in small, or 0. Beyond ASCII all is taken for letters but marks and spaces. */
export function letterOf(code: number): number {
  if (code < 128) return ASCII[code] ?? 0;
  const isMark =
    code < 0xc0 || (code >= 0x2000 && code < 0x2c00) || (code >= 0x3000 && code < 0x3040);
  return isMark || code >= 0xfe00 ? 0 : code;
}

/** Hashes of a text's pieces, and of which text each is: an open table, a power of two with room to spare. */
export interface Fingerprints {
  readonly letters: number;
  has(hash: number): boolean;
}

/** Of texts that may be long and many: about 1 byte for each of their letters, once. */
export function createFingerprints(texts: Iterable<string>): Fingerprints {
  const hashes: number[] = [];
  let letters = 0;
  for (const text of texts) letters += collect(text.toLowerCase(), hashes);
  const size = 1 << (32 - Math.clz32(Math.max(hashes.length * 2, 16)));
  const table = new Int32Array(size);
  for (const hash of hashes) insert(table, hash || 1);
  return { letters, has: (hash) => lookUp(table, hash || 1) };
}

/** How many letters and digits a text has. */
export function lettersIn(text: string): number {
  let letters = 0;
  for (let at = 0; at < text.length; at++) if (letterOf(text.charCodeAt(at)) !== 0) letters += 1;
  return letters;
}

/** Hashes of every eighth piece of a text. */
export function piecesOf(text: string): number[] {
  const hashes: number[] = [];
  collect(text.toLowerCase(), hashes);
  return hashes;
}

function collect(text: string, hashes: number[]): number {
  const window = new LetterWindow(GRAM);
  for (let at = 0; at < text.length; at++) {
    const letter = letterOf(text.charCodeAt(at));
    if (letter !== 0 && window.push(letter) && (window.count - GRAM) % STRIDE === 0) {
      hashes.push(window.hash);
    }
  }
  return window.count;
}

function insert(table: Int32Array, hash: number): void {
  const mask = table.length - 1;
  let slot = slotOf(hash, mask);
  while (table[slot] !== EMPTY && table[slot] !== hash) slot = (slot + 1) & mask;
  table[slot] = hash;
}

function lookUp(table: Int32Array, hash: number): boolean {
  const mask = table.length - 1;
  for (let slot = slotOf(hash, mask); table[slot] !== EMPTY; slot = (slot + 1) & mask) {
    if (table[slot] === hash) return true;
  }
  return false;
}

function slotOf(hash: number, mask: number): number {
  return (Math.imul(hash, 0x9e3779b1) >>> 8) & mask;
}
