import type { Category, Detector, Finding } from "../detector.ts";
import { type Reading, placeOf, readingsOf } from "../normalize/readings.ts";
import { createLiteralFinder } from "./literal-finder.ts";
import { PHRASES, type Phrase } from "./phrase-table.ts";

const FINDER = createLiteralFinder(PHRASES.flatMap(({ anchors }) => anchors));
/** Which phrase each of the finder's literals belongs to. */
const OWNERS = PHRASES.flatMap((phrase) => phrase.anchors.map(() => phrase));

function phraseDetector(category: Category): Detector {
  return {
    name: category,
    category,
    inspect(text) {
      const findings = new Map<string, Finding>();
      for (const reading of readingsOf(text)) {
        for (const [phrase, anchors] of anchorsIn(reading)) {
          const detector = `${phrase.category}.${phrase.name}`;
          if (phrase.category !== category || findings.has(detector)) continue;
          const hit = find(phrase, reading.text, anchors);
          if (!hit) continue;
          const { confidence } = phrase;
          const place = placeOf(reading, hit.start, hit.end);
          findings.set(detector, { detector, category, confidence, ...place });
        }
      }
      return [...findings.values()];
    },
  };
}

/** Around an anchor a phrase is looked for in so many characters on both sides. */
const REACH = 400;
/** Where a text is no longer than this it is looked through as a whole. */
const SHORT = 4 * REACH;

/** A long text is looked into around the anchors only: each stretch of it at most twice a phrase. */
function find(
  { pattern }: Phrase,
  text: string,
  anchors: readonly number[],
): { start: number; end: number } | undefined {
  let covered = 0;
  for (const anchor of anchors) {
    if (anchor + REACH / 2 < covered) continue;
    const from = text.length <= SHORT ? 0 : Math.max(0, anchor - REACH);
    covered = text.length <= SHORT ? Infinity : anchor + REACH;
    const hit = pattern.exec(from === 0 && covered === Infinity ? text : text.slice(from, covered));
    if (hit) return { start: from + hit.index, end: from + hit.index + hit[0].length };
  }
  return undefined;
}

/** Where the anchors of each phrase begin. One pass serves the detectors of both categories. */
function anchorsIn(reading: Reading): ReadonlyMap<Phrase, readonly number[]> {
  let anchors = anchored.get(reading);
  if (!anchors) {
    const found = new Map<Phrase, number[]>();
    FINDER.each(reading.text, (literal, start) => {
      const owner = OWNERS[literal];
      if (!owner) return;
      const known = found.get(owner);
      if (known) known.push(start);
      else found.set(owner, [start]);
    });
    anchored.set(reading, (anchors = found));
  }
  return anchors;
}

/** Readings live as long as the detectors look at one text. */
const anchored = new WeakMap<Reading, ReadonlyMap<Phrase, readonly number[]>>();

export const injectionPhrases: Detector = phraseDetector("injection");
export const jailbreakPhrases: Detector = phraseDetector("jailbreak");
