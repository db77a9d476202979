import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { segment } from "../vocabulary.ts";

/** Six letters or more, each by itself: parted by blanks, line ends or one kind of mark. Marks may stand by themselves, too. */
const RUN =
  /(?<![a-z0-9])[a-z0-9](?:[ \t]{1,4}(?:[a-z0-9](?![a-z0-9])|[.,;:!?'"()](?=\s))|[\r\n]{1,3}[a-z0-9](?![a-z0-9])|[.\-_*,|/~+](?: ?)[a-z0-9](?![a-z0-9])){5,}/gi;
const WIDE = /[ \t]{2,}|[\r\n]{2,}| ?[|/] ?/;

export const spacing: Decoder = {
  step: "spacing",
  signs: SIGN.loneLetters,
  decode(text) {
    const runs = Array.from(text.matchAll(RUN)).filter(({ 0: run }) => isSpelling(run));
    return merged(
      text,
      runs.map(({ 0: run, index }) => ({
        text: joined(run),
        start: index,
        end: index + run.length,
      })),
    );
  },
};

/** Rows of figures are tables, and four different letters are the least that say something. */
function isSpelling(run: string): boolean {
  const letters = run.toLowerCase().match(/[a-z]/g) ?? [];
  const figures = run.match(/[0-9]/g) ?? [];
  return letters.length > 3 * figures.length && new Set(letters).size >= 4;
}

/** A wider gap parts words, marks and all; where all gaps are alike, known words do. */
function joined(run: string): string {
  const parts = run.split(WIDE);
  if (parts.every(({ length }) => length === 1)) return segment(lettersOf(run));
  return parts.map(wordOf).join(" ");
}

/** Letters parted by marks, not by blanks. */
const MARKED = /[a-z0-9][^a-z0-9\s] ?[a-z0-9]/i;
/** More letters than a word has: they are several. */
const LONG = 20;

function wordOf(part: string): string {
  const letters = lettersOf(part);
  if (letters.length > LONG) return segment(letters);
  return MARKED.test(part) ? letters : part.replace(/\s+/g, "").toLowerCase();
}

function lettersOf(part: string): string {
  return part.replace(/[^a-z0-9]/gi, "").toLowerCase();
}

/** Words spelled out one by one stand close together: they are read as one text. */
function merged(text: string, runs: readonly Decoded[]): Decoded[] {
  const result: Decoded[] = [];
  for (const run of runs) {
    const last = result.at(-1);
    if (last && run.start - last.end <= 40) {
      const between = text.slice(last.end, run.start);
      result[result.length - 1] = {
        text: `${last.text} ${between.trim()} ${run.text}`,
        start: last.start,
        end: run.end,
      };
    } else {
      result.push(run);
    }
  }
  return result;
}
