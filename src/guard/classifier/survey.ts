import {
  ASCII,
  COUNTED_FIRST,
  COUNTED_SECOND,
  COUNT_BITS,
  COUNT_MASK,
  MAX_SENTENCE,
  WORD,
  isIdeograph,
  isWordCode,
  sentenceEnd,
  skipSpaces,
} from "./characters.ts";

/** So many sentences are looked at together: whether a word comes again is asked among them. */
const BLOCK = 64;

/** What a token is: a word too short to say what it is about, one that may, or two ideographs in a row. */
export const TOKEN = { short: 0, content: 1, pair: 2 } as const;
/** Words of so many letters say what a text is about. */
const CONTENT = 4;

/** What a sentence looks like. */
const FORM = { table: 1, code: 2, numbers: 3, prose: 4, tags: 5, mixed: 6 } as const;
/** What it ends with. */
const STOP = { none: 0, question: 1, call: 2, colon: 3, full: 4 } as const;

const LESS_THAN = 60;
const SLOT_BITS = 13;
/** Stands for a word that several sentences share; less is the number of its only one. */
const SHARED = 255;

/**
 * A block of sentences with their words, forms and ends. Words are hashes, and whether two sentences
 * share one is asked of a table by hash: a rare error is no matter. Memory is of a fixed size.
 */
export class Survey {
  count = 0;
  readonly starts = new Uint32Array(BLOCK);
  readonly ends = new Uint32Array(BLOCK);
  readonly tokens = new Int32Array(BLOCK * MAX_SENTENCE * 2);
  readonly tokenKinds = new Uint8Array(BLOCK * MAX_SENTENCE * 2);
  /** Where each sentence's tokens end. */
  readonly tokenEnds = new Uint32Array(BLOCK);
  readonly forms = new Uint8Array(BLOCK);
  readonly stops = new Uint8Array(BLOCK);
  readonly #owners = new Uint8Array(1 << SLOT_BITS);
  #tokenCount = 0;

  /** Reads the sentences that begin here; false: there are none. */
  read(text: string, from: number): boolean {
    this.count = 0;
    this.#tokenCount = 0;
    this.#owners.fill(0);
    for (let end = from; this.count < BLOCK; this.count++) {
      const start = skipSpaces(text, end);
      if (start >= text.length) break;
      end = sentenceEnd(text, start);
      this.#readSentence(text, start, end);
    }
    return this.count > 0;
  }

  /** Is this word in more than one sentence of the block? */
  isShared(word: number): boolean {
    return this.#owners[slotOf(word)] === SHARED;
  }

  #readSentence(text: string, start: number, end: number): void {
    let first = 0;
    let second = 0;
    let word = 0;
    let letters = 0;
    let before = 0;
    for (let at = start; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code < 128) {
        first += COUNTED_FIRST[code] ?? 0;
        second += COUNTED_SECOND[code] ?? 0;
        const folded = ASCII[code] ?? 0;
        if (folded >= WORD) {
          word = (Math.imul(word, 31) + (folded & 0xff)) | 0;
          letters++;
          continue;
        }
        before = 0;
      } else {
        second++;
        const isLetter = isWordCode(code);
        if (isLetter) {
          word = (Math.imul(word, 31) + code) | 0;
          letters++;
        }
        // Where words are not parted, two characters at a time can be an idea.
        const isAlone = isLetter && isIdeograph(code);
        if (isLetter && !isAlone) continue;
        if (isAlone) this.#add((Math.imul(before, 31) + code) | 0, TOKEN.pair);
        before = isAlone ? code : 0;
      }
      if (word === 0) continue;
      this.#add(word, letters >= CONTENT ? TOKEN.content : TOKEN.short);
      word = 0;
      letters = 0;
    }
    if (word !== 0) this.#add(word, letters >= CONTENT ? TOKEN.content : TOKEN.short);
    const index = this.count;
    this.starts[index] = start;
    this.ends[index] = end;
    this.tokenEnds[index] = this.#tokenCount;
    this.stops[index] = stopOf(text, start, end);
    this.forms[index] = formOf(first, second, end - start, text.charCodeAt(start));
  }

  #add(hash: number, kind: number): void {
    this.tokens[this.#tokenCount] = hash;
    this.tokenKinds[this.#tokenCount++] = kind;
    if (kind !== TOKEN.content) return;
    const slot = slotOf(hash);
    const own = this.count + 1;
    const owner = this.#owners[slot] ?? 0;
    if (owner === 0) this.#owners[slot] = own;
    else if (owner !== own) this.#owners[slot] = SHARED;
  }
}

/** From counts of characters as `characters.ts` packs them. */
function formOf(first: number, second: number, length: number, opening: number): number {
  const inked = length - (first & COUNT_MASK);
  const digits = (first >> COUNT_BITS) & COUNT_MASK;
  const bars = first >> (2 * COUNT_BITS);
  const letters = second & COUNT_MASK;
  const signs = second >> COUNT_BITS;
  if (bars >= 2) return FORM.table;
  if (signs * 10 > inked) return opening === LESS_THAN ? FORM.tags : FORM.code;
  if (digits * 4 > inked) return FORM.numbers;
  return letters * 10 > inked * 9 ? FORM.prose : FORM.mixed;
}

function stopOf(text: string, start: number, end: number): number {
  let last = end - 1;
  while (last > start && text.charCodeAt(last) <= 32) last--;
  const code = text.charCodeAt(last);
  if (code === 63 || code === 0xff1f) return STOP.question;
  if (code === 33) return STOP.call;
  if (code === 58) return STOP.colon;
  return code === 46 ? STOP.full : STOP.none;
}

function slotOf(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - SLOT_BITS);
}
