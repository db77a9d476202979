import { ASCII, MAX_SENTENCE, SPACE } from "./characters.ts";
import { conceptOf } from "./concepts.ts";
import { Survey, TOKEN } from "./survey.ts";

/**
 * A text as the classifier sees it: sentence by sentence, each one four bags of hashes: runs of two
 * to four characters; words and pairs of words; ideas and pairs of ideas; its form and how it fits in with
 * the others. Whole-number arithmetic, nothing allocated per word: the same code feeds training and the request's path.
 */

/** Ideas make pairs with so many before them. */
const PAIRED = 4;
/** The idea that a sentence begins with is looked for among so many tokens. */
const OPENING = 3;
/** Of how many words it is asked how many of them other sentences have. */
const LEAST_WORDS = 2;
const FIFTHS = 5;
/** Features of a sentence's form. */
const SHAPES = 6;

/** The features of one kind: buckets `0 … count`. */
export interface Bag {
  readonly buckets: Uint32Array;
  count: number;
}

/** How many bags a sentence has, and how much each counts. */
export const BAGS = 4;
export const BAG_WEIGHTS: readonly number[] = [0.5, 1, 2, 1.5];

/** Bucket counts are multiples of this: a hash has 17 bits, of which eighths are used. */
const BUCKET_STEP = 16_384;
const MAX_BUCKETS = BUCKET_STEP * 8;

export function isBucketCount(buckets: number): boolean {
  return Number.isInteger(buckets / BUCKET_STEP) && buckets > 0 && buckets <= MAX_BUCKETS;
}

/** Walks a text. After each `next()` that says true, the bags are those of the sentence `start … end`. */
export class SentenceHasher {
  readonly #chars: Bag = { buckets: new Uint32Array(MAX_SENTENCE * 3), count: 0 };
  readonly #words: Bag = { buckets: new Uint32Array(MAX_SENTENCE * 2), count: 0 };
  readonly #ideas: Bag = { buckets: new Uint32Array(MAX_SENTENCE * 2 * (1 + PAIRED)), count: 0 };
  readonly #shapes: Bag = { buckets: new Uint32Array(SHAPES), count: SHAPES };
  readonly bags: readonly Bag[] = [this.#chars, this.#words, this.#ideas, this.#shapes];
  start = 0;
  end = 0;
  #text = "";
  readonly #eighths: number;
  readonly #survey = new Survey();
  /** The next sentence of the surveyed block, and where its tokens begin. */
  #index = 0;
  #tokenFrom = 0;
  #formBefore = 0;
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
    this.#survey.count = 0;
    this.#index = 0;
    this.#formBefore = 0;
  }

  next(): boolean {
    if (this.#index >= this.#survey.count) {
      if (!this.#survey.read(this.#text, this.end)) return false;
      this.#index = 0;
      this.#tokenFrom = 0;
    }
    this.start = this.#survey.starts[this.#index] ?? 0;
    this.end = this.#survey.ends[this.#index] ?? 0;
    this.#hashChars();
    this.#hashTokens();
    this.#index++;
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
    for (let at = this.start; at < this.end; at++) {
      const code = text.charCodeAt(at);
      const c0 = code < 128 ? (ASCII[code] ?? 0) & 0xff : code;
      // A drawn line of dashes or blanks says no more than two of them; letters may be doubled.
      if (c0 === c1 && (c0 < 48 || c0 === c2)) continue;
      const two = Math.imul(c1, 0x2c1b3c6d) + c0;
      const three = two + Math.imul(c2, 0x297a2d39);
      const four = three + Math.imul(c3, 0x1b56c4e9);
      chars[count] = bucketOf(two, eighths);
      chars[count + 1] = bucketOf(three ^ 0x3c6ef372, eighths);
      chars[count + 2] = bucketOf(four ^ 0x5851f42d, eighths);
      count += 3;
      c3 = c2;
      c2 = c1;
      c1 = c0;
    }
    this.#chars.count = count;
  }

  #hashTokens(): void {
    const survey = this.#survey;
    const end = survey.tokenEnds[this.#index] ?? 0;
    let before = 1;
    let opening = 0;
    let content = 0;
    let shared = 0;
    this.#words.count = 0;
    this.#ideas.count = 0;
    this.#ideaCount = 0;
    for (let at = this.#tokenFrom; at < end; at++) {
      const token = survey.tokens[at] ?? 0;
      const kind = survey.tokenKinds[at];
      const idea = conceptOf(token);
      if (idea !== 0) this.#addIdea(idea);
      if (opening === 0 && at - this.#tokenFrom < OPENING) opening = idea;
      if (kind === TOKEN.pair) continue;
      before = this.#addWord(token, before);
      if (kind !== TOKEN.content) continue;
      content++;
      if (survey.isShared(token)) shared++;
    }
    this.#tokenFrom = end;
    this.#hashShape(
      opening,
      content < LEAST_WORDS
        ? FIFTHS
        : Math.min(FIFTHS - 1, Math.floor((FIFTHS * shared) / content)),
    );
  }

  #addWord(word: number, before: number): number {
    const { buckets } = this.#words;
    const hash = Math.imul(word, 0x7feb352d);
    const pair = (Math.imul(before, 0x9e3779b1) + hash) | 0;
    buckets[this.#words.count++] = bucketOf(hash ^ 0x2545f491, this.#eighths);
    buckets[this.#words.count++] = bucketOf(pair, this.#eighths);
    return hash;
  }

  #addIdea(idea: number): void {
    const { buckets } = this.#ideas;
    buckets[this.#ideas.count++] = bucketOf(idea * 0x10001, this.#eighths);
    const paired = Math.min(PAIRED, this.#ideaCount);
    for (let back = 1; back <= paired; back++) {
      const other = this.#lastIdeas[(this.#ideaCount - back) % PAIRED] ?? 0;
      buckets[this.#ideas.count++] = bucketOf(0x5bd1e995 + other * 256 + idea, this.#eighths);
    }
    this.#lastIdeas[this.#ideaCount++ % PAIRED] = idea;
  }

  /**
   * An order that was planted stands out: a question behind a table, a sentence whose words nothing
   * else in the text has. `opening` is the idea that it begins with, `shared` how many fifths of its words others have.
   */
  #hashShape(opening: number, shared: number): void {
    const form = this.#survey.forms[this.#index] ?? 0;
    const stop = this.#survey.stops[this.#index] ?? 0;
    const turn = this.#formBefore * 8 + form;
    const { buckets } = this.#shapes;
    const eighths = this.#eighths;
    buckets[0] = bucketOf(0x1000001 + form * 8 + stop, eighths);
    buckets[1] = bucketOf(0x2000001 + (form * 64 + opening) * 8 + stop, eighths);
    buckets[2] = bucketOf(0x3000001 + turn, eighths);
    buckets[3] = bucketOf(0x4000001 + (shared * 8 + form) * 8 + stop, eighths);
    buckets[4] = bucketOf(0x5000001 + shared * 64 + opening, eighths);
    buckets[5] = bucketOf(0x6000001 + (turn * 8 + shared) * 64 + opening, eighths);
    this.#formBefore = form;
  }
}

function bucketOf(value: number, eighths: number): number {
  const hash = Math.imul(value ^ (value >>> 15), 0x85ebca6b);
  return ((hash >>> 15) * eighths) >> 3;
}
