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
        for (const { name, pattern, confidence } of worthTrying(reading, category)) {
          const detector = `${category}.${name}`;
          if (findings.has(detector)) continue;
          const hit = pattern.exec(reading.text);
          if (!hit) continue;
          const place = placeOf(reading, hit.index, hit.index + hit[0].length);
          findings.set(detector, { detector, category, confidence, ...place });
        }
      }
      return [...findings.values()];
    },
  };
}

/** The phrases of which an anchor is there. One pass serves the detectors of both categories. */
function worthTrying(reading: Reading, category: Category): Phrase[] {
  let phrases = anchored.get(reading);
  if (!phrases) {
    const owners = new Set<Phrase>();
    FINDER.each(reading.text, (literal) => {
      const owner = OWNERS[literal];
      if (owner) owners.add(owner);
    });
    phrases = [...owners];
    anchored.set(reading, phrases);
  }
  return phrases.filter((phrase) => phrase.category === category);
}

/** Readings live as long as the detectors look at one text. */
const anchored = new WeakMap<Reading, readonly Phrase[]>();

export const injectionPhrases: Detector = phraseDetector("injection");
export const jailbreakPhrases: Detector = phraseDetector("jailbreak");
