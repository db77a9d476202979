import type { Detector, Finding } from "../detector.ts";
import { placeOf, readingsOf } from "../normalize/readings.ts";
import { type RuleSet, createRuleSet } from "../stream/rule-set.ts";
import { TextChannel } from "../stream/text-channel.ts";
import type { Pattern } from "./pattern.ts";

/** A subject that an operator does not want spoken of, or wants to know of. */
export interface Topic {
  /** As in `custom.NAME`. */
  readonly name: string;
  /** Words and phrases, in any script and case; white space in a phrase stands for any. */
  readonly words: readonly string[];
  /** So many different words of it are the subject. One alone may be chance: 2 where nothing is said. */
  readonly atLeast?: number;
}

/** Fewer words than are the subject, so many, and more. */
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
  const rules = createRuleSet(topics.flatMap((topic) => patternsOf(topic, shapeOf)));
  return {
    name: "custom",
    category: "custom",
    inspect(text) {
      const count = new Count(topics);
      for (const reading of readingsOf(text)) {
        for (const { start, end, ...rest } of rules.look(reading.text, true).findings) {
          if (!isWhole(reading.text, start, end)) continue;
          const word = reading.text.slice(start, end);
          count.add(word, { ...rest, ...placeOf(reading, start, end) });
        }
      }
      return count.findings();
    },
  };
}

/** The words of these topics where they stand alone: what is recognised while a text arrives. */
export function createTopicRules(topics: readonly Topic[]): RuleSet {
  return wholeWords(createRuleSet(topics.flatMap((topic) => patternsOf(topic, anyCaseOf))));
}

export interface TopicWatch {
  /** The next piece of an answer: topics of which so many words are there now, each once. */
  push(text: string): readonly Finding[];
  /** No more will come: also those of which there were too few, and what is held back is looked at. */
  end(): readonly Finding[];
}

/** Opens watches that count the words of topics over a whole answer. */
export function createTopicWatches(topics: readonly Topic[]): () => TopicWatch {
  const rules = createTopicRules(topics);
  return () => {
    const count = new Count(topics);
    const told = new Set<string>();
    let seen = "";
    const channel = new TextChannel(rules, (finding) => {
      count.add(seen.slice(finding.start, finding.end).toLowerCase(), finding);
      return undefined;
    });
    const news = (least: number) =>
      count.findings().filter(({ detector, confidence }) => {
        return confidence >= least && !told.has(detector) && told.add(detector);
      });
    return {
      push(text) {
        seen = channel.held + text;
        channel.push(text);
        return news(CONFIDENCE[1]);
      },
      end() {
        seen = channel.held;
        channel.end();
        return news(0);
      },
    };
  };
}

/** The different words that were found of each topic. */
class Count {
  private readonly least: ReadonlyMap<string, number>;
  private readonly found = new Map<string, { first: Finding; words: Set<string> }>();

  constructor(topics: readonly Topic[]) {
    this.least = new Map(topics.map(({ name, atLeast = 2 }) => [`custom.${name}`, atLeast]));
  }

  add(word: string, finding: Finding): void {
    const { detector } = finding;
    let known = this.found.get(detector);
    if (!known) this.found.set(detector, (known = { first: finding, words: new Set() }));
    known.words.add(word);
  }

  /** One a topic, where it was met first. */
  findings(): Finding[] {
    return Array.from(this.found.values(), ({ first, words }) => {
      const over = words.size - (this.least.get(first.detector) ?? 1);
      return { ...first, confidence: CONFIDENCE[over < 0 ? 0 : over === 0 ? 1 : 2] };
    });
  }
}

function patternsOf({ name, words }: Topic, toShape: (word: string) => string): Pattern[] {
  return words
    .map((word) => word.normalize("NFKC").toLowerCase().trim().replaceAll(/\s+/g, " "))
    .filter((word) => word !== "")
    .map((word) => ({
      name: `custom.${name}`,
      category: "custom",
      confidence: CONFIDENCE[2],
      shape: toShape(word),
    }));
}

/** Of readings, which are in small letters with single blanks. */
function shapeOf(word: string): string {
  return word.replaceAll(SPECIAL, String.raw`\$&`);
}

/** Of texts as they are written. */
function anyCaseOf(word: string): string {
  return Array.from(word, (char) => {
    if (char === " ") return String.raw`\s{1,20}`;
    const upper = char.toUpperCase();
    return upper === char || upper.length + char.length > 2 ? shapeOf(char) : `[${char}${upper}]`;
  }).join("");
}

/** Without what is a part of a longer word; what may become one is waited for. */
function wholeWords(rules: RuleSet): RuleSet {
  return {
    look(text, isEnd, before = "") {
      const looked = rules.look(text, isEnd, before);
      if (looked.findings.length === 0) return looked;
      const open = looked.findings.find(({ end }) => !isEnd && end === text.length);
      const whole = before + text;
      const findings = looked.findings.filter(
        (one) => one !== open && isWhole(whole, before.length + one.start, before.length + one.end),
      );
      return { findings, settled: open ? Math.min(open.start, looked.settled) : looked.settled };
    },
  };
}

function isWhole(text: string, start: number, end: number): boolean {
  const isBound = (inside: string, outside: string) =>
    !WORD_CHAR.test(inside) || !WORD_CHAR.test(outside) || UNSPACED.test(inside);
  return (
    isBound(text.charAt(start), text.charAt(start - 1)) &&
    isBound(text.charAt(end - 1), text.charAt(end))
  );
}
