import type { Detector, Finding } from "../detector.ts";
import { toPlain } from "../normalize/plain.ts";

/** What repeats itself within so many characters is seen. A power of two. */
const REACH = 4096;
/** Where pieces of 16 characters were seen last. */
const SLOTS = 8192;
const PIECE = 16;
const BASE = 0x01000193;

export interface RepetitionOptions {
  /** Characters that only repeat what stood before them: so many are too many. */
  readonly most: number;
  /** And so many times at the least. */
  readonly times: number;
}

/** Answers: a rule of dashes, a table, a list of zeroes are shorter. */
const IN_ANSWERS: RepetitionOptions = { most: 600, times: 8 };
/** Prompts and documents: logs and data repeat themselves more. */
const IN_TEXTS: RepetitionOptions = { most: 3000, times: 16 };

export interface RepetitionWatch {
  /** The next piece of the answer; a loop is found once. Offsets count from the answer's beginning. */
  push(text: string): readonly Finding[];
}

/**
 * Sees loops while they are written: text that only repeats its last 1 to 4,096 characters, 600 characters
 * and 8 times or more. Any language. Bounded memory (80 kB), about 10 ns a character.
 */
export function openRepetitionWatch(options: RepetitionOptions = IN_ANSWERS): RepetitionWatch {
  const loop = new Loop(options);
  return {
    push(text) {
      const found: Finding[] = [];
      for (let at = 0; at < text.length; at++) {
        if (loop.push(text.charCodeAt(at))) found.push(toFinding(loop.start, loop.end));
      }
      return found;
    },
  };
}

function toFinding(start: number, end: number): Finding {
  return { detector: "repetition.loop", category: "repetition", start, end, confidence: 0.9 };
}

/** How long the text has been repeating itself, and with which period. */
class Loop {
  start = 0;
  end = 0;
  private readonly ring = new Uint16Array(REACH);
  /** One more than where a piece ended last; 0: never. */
  private readonly seen = new Float64Array(SLOTS);
  private readonly leaving: number;
  private readonly most: number;
  private readonly times: number;
  private hash = 0;
  private period = 0;
  private run = 0;
  private isFound = false;

  constructor({ most, times }: RepetitionOptions) {
    this.most = most;
    this.times = times;
    let leaving = 1;
    for (let count = 0; count < PIECE; count++) leaving = Math.imul(leaving, BASE);
    this.leaving = leaving;
  }

  /** True when it has become a loop; once for each. */
  push(code: number): boolean {
    const at = this.end;
    this.end += 1;
    const { ring } = this;
    const gone = at >= PIECE ? (ring[(at - PIECE) & (REACH - 1)] ?? 0) : 0;
    this.hash = (Math.imul(this.hash, BASE) + code - Math.imul(gone, this.leaving)) | 0;
    const slot = (Math.imul(this.hash, 0x9e3779b1) >>> 8) & (SLOTS - 1);
    const before = (this.seen[slot] ?? 0) - 1;
    this.seen[slot] = at + 1;
    if (this.period > 0 && ring[(at - this.period) & (REACH - 1)] === code) this.run += 1;
    else this.restart(at, before);
    ring[at & (REACH - 1)] = code;
    if (this.isFound || this.run < this.most || this.run < this.times * this.period) return false;
    this.isFound = true;
    this.start = at + 1 - this.run;
    return true;
  }

  /** The same piece stood `at - before` characters ago: perhaps that is the period. */
  private restart(at: number, before: number): void {
    const period = at - before;
    this.period = before >= 0 && period < REACH ? period : 0;
    this.run = 0;
    this.isFound = false;
  }
}

/** A word so long is none: nothing that people write goes on like this without a blank. */
const LONGEST_WORD = 20_000;
const MARKS = /\p{M}{12}/u;
/** Asking for an answer without an end: what is to be done, and in the same sentence for how long. */
const ENDLESS =
  /\b(?:forever(?! [a-z])|infinitely|endlessly|indefinitely|ad infinitum|without (?:ever )?(?:stopping|end)\b|until (?:you|i) (?:run out|say stop|reach)|(?:\d{4,12}|\d{1,3}(?:,\d{3}){1,4}|a (?:thousand|million|billion)) times)/g;
const DOING = /\b(?:repeat|say|write|print|output|type|count|generate|list)\b/;
const SENTENCE = 100;

/**
 * Texts that are made to cost: long repetitions, words of tens of thousands of characters, letters under
 * heaps of marks, and requests for an answer without an end. Requests: English; the rest: any language.
 * One pass, bounded memory.
 */
export const repetition: Detector = {
  name: "repetition",
  category: "repetition",
  inspect(text, origin = "user") {
    return [
      ...(text.length > IN_TEXTS.most ? openRepetitionWatch(IN_TEXTS).push(text) : []),
      ...longWord(text),
      ...heapsOfMarks(text),
      ...(origin === "user" ? askedFor(text) : []),
    ];
  },
};

function finding(name: string, start: number, end: number, confidence: number): Finding {
  return { detector: `repetition.${name}`, category: "repetition", start, end, confidence };
}

const BLANK = /[\s\u3000-\u9fff\uac00-\ud7af]/;
/** Pictures and files in base64 are long, and no attack. */
const FILE = /^(?:data:|[A-Za-z0-9+/_=-]+$)/;

function longWord(text: string): Finding[] {
  if (text.length < LONGEST_WORD) return [];
  let from = 0;
  for (let at = LONGEST_WORD; at <= text.length; at += LONGEST_WORD / 2) {
    const stretch = text.slice(from, at);
    if (!BLANK.test(stretch) && !FILE.test(stretch)) {
      return [finding("long_word", from, at, 0.7)];
    }
    from = at - LONGEST_WORD / 2;
  }
  return [];
}

function heapsOfMarks(text: string): Finding[] {
  const marks = MARKS.exec(text);
  if (!marks) return [];
  return [finding("heaps_of_marks", marks.index, marks.index + marks[0].length, 0.7)];
}

function askedFor(text: string): Finding[] {
  const plain = toPlain(text);
  for (const { 0: length, index } of plain.text.matchAll(ENDLESS)) {
    const stretch = plain.text.slice(Math.max(0, index - SENTENCE), index);
    const sentence = stretch.slice(stretch.lastIndexOf(".") + 1);
    const from = sentence.search(DOING);
    if (from < 0) continue;
    const start = plain.at(index - sentence.length + from);
    return [finding("endless_answer", start, plain.at(index + length.length), 0.75)];
  }
  return [];
}
