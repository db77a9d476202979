import { conceptOf } from "./concepts.ts";

/**
 * A text as the classifier sees it: sentence by sentence, each one three bags of hashes: runs of two
 * to five characters; words and pairs of words; ideas and pairs of ideas. One pass, whole-number arithmetic, nothing allocated
 * per word: the same code feeds training and the request's path.
 */

/** A sentence ends no earlier and goes on no longer than this, in characters. */
const MIN_SENTENCE = 24;
const MAX_SENTENCE = 320;
/** Ideas make pairs with so many before them. */
const PAIRED = 4;

/** The features of one kind: buckets `0 … count`. */
export interface Bag {
  readonly buckets: Uint32Array;
  count: number;
}

/** How many bags a sentence has, and how much each counts. */
export const BAGS = 3;
export const BAG_WEIGHTS: readonly number[] = [0.7, 1, 2];

/** Bucket counts are multiples of this: a hash has 17 bits, of which eighths are used. */
const BUCKET_STEP = 16_384;
const MAX_BUCKETS = BUCKET_STEP * 8;

/** What a character is, for ASCII: what stands for it (low byte), and whether it is part of a word. */
const WORD = 0x100;
const ASCII = Uint16Array.from({ length: 128 }, (_, code) => describeAscii(code));

function describeAscii(code: number): number {
  if (code <= 32 || code === 127) return 32;
  if (code >= 48 && code <= 57) return 48 + WORD;
  if (code >= 65 && code <= 90) return code + 32 + WORD;
  if (code >= 97 && code <= 122) return code + WORD;
  return code;
}

const SPACE = 32;
const NEWLINE = 10;

export function isBucketCount(buckets: number): boolean {
  return Number.isInteger(buckets / BUCKET_STEP) && buckets > 0 && buckets <= MAX_BUCKETS;
}

/** Walks a text. After each `next()` that says true, the bags are those of the sentence `start … end`. */
export class SentenceHasher {
  readonly #chars: Bag = { buckets: new Uint32Array(MAX_SENTENCE * 4), count: 0 };
  readonly #words: Bag = { buckets: new Uint32Array(MAX_SENTENCE * 2), count: 0 };
  readonly #ideas: Bag = { buckets: new Uint32Array(MAX_SENTENCE * (1 + PAIRED)), count: 0 };
  readonly bags: readonly Bag[] = [this.#chars, this.#words, this.#ideas];
  start = 0;
  end = 0;
  #text = "";
  readonly #eighths: number;
  /** The last few ideas of the sentence, and how many there were. */
  readonly #lastIdeas = new Uint8Array(PAIRED);
  #ideaCount = 0;

  /** `buckets`: see `isBucketCount`. */
  constructor(buckets: number) {
    this.#eighths = buckets / BUCKET_STEP;
  }

  /** Letters beyond ASCII are taken as they stand: lower case is for the caller to make. */
  open(text: string): void {
    this.#text = text;
    this.start = 0;
    this.end = 0;
  }

  next(): boolean {
    const from = skipSpaces(this.#text, this.end);
    if (from >= this.#text.length) return false;
    this.start = from;
    this.end = sentenceEnd(this.#text, from);
    this.#hashChars();
    this.#hashWords();
    return true;
  }

  #hashChars(): void {
    const text = this.#text;
    const eighths = this.#eighths;
    const chars = this.#chars.buckets;
    let count = 0;
    let c1 = SPACE;
    let c2 = 0;
    let c3 = 0;
    let c4 = 0;
    for (let at = this.start; at < this.end; at++) {
      const code = text.charCodeAt(at);
      const c0 = code < 128 ? (ASCII[code] ?? 0) & 0xff : code;
      // A drawn line of dashes or blanks says no more than two of them; letters may be doubled.
      if (c0 === c1 && (c0 < 48 || c0 === c2)) continue;
      const two = Math.imul(c1, 0x2c1b3c6d) + c0;
      const three = two + Math.imul(c2, 0x297a2d39);
      const four = three + Math.imul(c3, 0x1b56c4e9);
      const five = four + Math.imul(c4, 0x6d2b79f5);
      chars[count] = bucketOf(two, eighths);
      chars[count + 1] = bucketOf(three ^ 0x3c6ef372, eighths);
      chars[count + 2] = bucketOf(four ^ 0x5851f42d, eighths);
      chars[count + 3] = bucketOf(five ^ 0x14057b7e, eighths);
      count += 4;
      c4 = c3;
      c3 = c2;
      c2 = c1;
      c1 = c0;
    }
    this.#chars.count = count;
  }

  #hashWords(): void {
    const text = this.#text;
    let word = 0;
    let before = 1;
    let ideograph = 0;
    this.#words.count = 0;
    this.#ideas.count = 0;
    this.#ideaCount = 0;
    for (let at = this.start; at < this.end; at++) {
      const code = text.charCodeAt(at);
      const kind = code < 128 ? (ASCII[code] ?? 0) : isWordCode(code) ? code | WORD_BEYOND : 0;
      const isIdeograph = code >= 0x3040 && code <= 0x9fff;
      if (kind >= WORD) word = (Math.imul(word, 31) + letterOf(kind)) | 0;
      // Where words are not parted, two characters at a time can be an idea.
      if (isIdeograph) this.#addIdea((Math.imul(ideograph, 31) + code) | 0);
      ideograph = isIdeograph ? code : 0;
      if (word === 0 || (kind >= WORD && !isIdeograph)) continue;
      before = this.#addWord(word, before);
      word = 0;
    }
    if (word !== 0) this.#addWord(word, before);
  }

  #addWord(word: number, before: number): number {
    this.#addIdea(word);
    const { buckets } = this.#words;
    const hash = Math.imul(word, 0x7feb352d);
    const pair = (Math.imul(before, 0x9e3779b1) + hash) | 0;
    buckets[this.#words.count++] = bucketOf(hash ^ 0x2545f491, this.#eighths);
    buckets[this.#words.count++] = bucketOf(pair, this.#eighths);
    return hash;
  }

  #addIdea(word: number): void {
    const idea = conceptOf(word);
    if (idea === 0) return;
    const { buckets } = this.#ideas;
    buckets[this.#ideas.count++] = bucketOf(idea * 0x10001, this.#eighths);
    const paired = Math.min(PAIRED, this.#ideaCount);
    for (let back = 1; back <= paired; back++) {
      const other = this.#lastIdeas[(this.#ideaCount - back) % PAIRED] ?? 0;
      buckets[this.#ideas.count++] = bucketOf(0x5bd1e995 + other * 256 + idea, this.#eighths);
    }
    this.#lastIdeas[this.#ideaCount++ % PAIRED] = idea;
  }
}

const WORD_BEYOND = 0x10000;

/** The character that a word's hash takes in. */
function letterOf(kind: number): number {
  return kind >= WORD_BEYOND ? kind & 0xffff : kind & 0xff;
}

/** Beyond ASCII everything is part of a word but punctuation, symbols and blanks. */
function isWordCode(code: number): boolean {
  if (code < 0xc0 || code === 0xd7 || code === 0xf7) return code === 0xaa || code === 0xb5;
  if (code >= 0x2000 && code <= 0x2bff) return false;
  return !(code >= 0x3000 && code <= 0x303f) && !(code >= 0xff00 && code <= 0xff0f);
}

function bucketOf(value: number, eighths: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash >>> 15) * eighths) >> 3;
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Cuts at the end of a line or sentence, in a long one at a blank, at last anywhere. */
function sentenceEnd(text: string, from: number): number {
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
