import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { segment } from "../vocabulary.ts";

/** Six letters or more, each by itself: parted by blanks, line ends or one kind of mark. */
const RUN =
  /(?<![a-z0-9])[a-z0-9](?:[ \t]{1,4}[a-z0-9](?![a-z0-9])|[\r\n]{1,3}[a-z0-9](?![a-z0-9])|[.\-_*,|/~+](?: ?)[a-z0-9](?![a-z0-9])){5,}/gi;
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

/** A wider gap parts words; where all gaps are alike, known words do. */
function joined(run: string): string {
  const parts = run.split(WIDE);
  const words = parts.every(({ length }) => length === 1) ? [run] : parts;
  return words.map((word) => segment(word.replace(/[^a-z0-9]/gi, "").toLowerCase())).join(" ");
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
