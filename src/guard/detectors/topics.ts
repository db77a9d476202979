import type { Detector, Finding } from "../detector.ts";
import { placeOf, readingsOf } from "../normalize/readings.ts";
import { createRuleSet } from "../stream/rule-set.ts";
import type { Pattern } from "./pattern.ts";

/** A subject that an operator does not want spoken of, or wants to know of. */
export interface Topic {
  /** As in `custom.NAME`. */
  readonly name: string;
  /** Words and phrases, in any script and case; white space in a phrase stands for any. */
  readonly words: readonly string[];
}

/** One mention may be chance; several different words are the subject. */
const CONFIDENCE = [0.6, 0.8, 0.9] as const;
const SPECIAL = /[.*+?^$()[\]{}|\\/-]/g;
const WORD_CHAR = /[\p{L}\p{N}_]/u;
/** These scripts set no blanks between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

/**
 * Finds the words of the operator's topics in every reading of a text, hidden ones too, as whole words:
 * one automaton for all lists, one look-up a character. At most one finding a topic, the stronger the more
 * of its words are there. Any language; word forms have to be listed.
 */
export function createTopics(topics: readonly Topic[]): Detector {
  const patterns = topics.flatMap(patternsOf);
  const rules = createRuleSet(patterns);
  return {
    name: "custom",
    category: "custom",
    inspect(text) {
      const found = new Map<string, { first: Finding; words: Set<string> }>();
      for (const reading of readingsOf(text)) {
        for (const { detector, start, end, ...rest } of rules.look(reading.text, true).findings) {
          if (!isWhole(reading.text, start, end)) continue;
          const first = { ...rest, detector, ...placeOf(reading, start, end) };
          const known = found.get(detector) ?? { first, words: new Set() };
          found.set(detector, known);
          known.words.add(reading.text.slice(start, end));
        }
      }
      return Array.from(found.values(), ({ first, words }) => ({
        ...first,
        confidence: CONFIDENCE[Math.min(words.size, CONFIDENCE.length) - 1] ?? CONFIDENCE[0],
      }));
    },
  };
}

function patternsOf({ name, words }: Topic): Pattern[] {
  return words
    .map((word) => word.normalize("NFKC").toLowerCase().trim().replaceAll(/\s+/g, " "))
    .filter((word) => word !== "")
    .map((word) => ({
      name: `custom.${name}`,
      category: "custom",
      confidence: CONFIDENCE[0],
      shape: word.replaceAll(SPECIAL, String.raw`\$&`),
    }));
}

function isWhole(text: string, start: number, end: number): boolean {
  const isBound = (inside: string, outside: string) =>
    !WORD_CHAR.test(inside) || !WORD_CHAR.test(outside) || UNSPACED.test(inside);
  return (
    isBound(text.charAt(start), text.charAt(start - 1)) &&
    isBound(text.charAt(end - 1), text.charAt(end))
  );
}
