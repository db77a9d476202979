import type { Detector, Finding } from "../detector.ts";
import { placeOf, readingsOf } from "../normalize/readings.ts";
import { both } from "../stream/both-rule-sets.ts";
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
 * Finds the words of an operator's topic in every reading of a text, hidden ones too, as whole words: one
 * look-up a character, and one more for every 40,000 characters of words. At most one finding, the stronger
 * the more of the words are there. Any language; word forms have to be listed.
 */
export function createTopic(topic: Topic): Detector {
  const rules = ruleSetOf(topic, shapeOf);
  return {
    name: `custom.${topic.name}`,
    category: "custom",
    inspect(text) {
      const count = new Count(topic);
      for (const reading of readingsOf(text)) {
        for (const finding of rules.look(reading.text, true).findings) {
          const { start, end } = finding;
          if (!isWhole(reading.text, start, end)) continue;
          count.add(reading.text.slice(start, end), {
            ...finding,
            ...placeOf(reading, start, end),
          });
        }
      }
      return count.findings();
    },
  };
}

/** The words of a topic where they stand alone: what is recognised while a text arrives. */
export function createTopicRules(topic: Topic): RuleSet {
  return wholeWords(ruleSetOf(topic, anyCaseOf));
}

export interface TopicWatch {
  /** The next piece of an answer: one finding, once so many of the words are there. */
  push(text: string): readonly Finding[];
  /** No more will come: also where there were too few, and what is held back is looked at. */
  end(): readonly Finding[];
}

/** Counts the words of a topic over a whole answer; `rules` as `createTopicRules` makes them. */
export function openTopicWatch(topic: Topic, rules: RuleSet): TopicWatch {
  const count = new Count(topic);
  let seen = "";
  let isTold = false;
  const channel = new TextChannel(rules, (finding) => {
    count.add(seen.slice(finding.start, finding.end).toLowerCase(), finding);
    return undefined;
  });
  const news = (least: number) => {
    const found = isTold ? [] : count.findings().filter(({ confidence }) => confidence >= least);
    isTold ||= found.length > 0;
    return found;
  };
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
}

/** The different words that were found. */
class Count {
  private readonly least: number;
  private readonly words = new Set<string>();
  private first: Finding | undefined;

  constructor({ atLeast = 2 }: Topic) {
    this.least = atLeast;
  }

  add(word: string, finding: Finding): void {
    this.first ??= finding;
    this.words.add(word);
  }

  /** One, where the topic was met first. */
  findings(): Finding[] {
    if (!this.first) return [];
    const over = this.words.size - this.least;
    return [{ ...this.first, confidence: CONFIDENCE[over < 0 ? 0 : over === 0 ? 1 : 2] }];
  }
}

/** Characters of words that one automaton takes. */
const MOST_TOGETHER = 40_000;

function ruleSetOf(topic: Topic, toShape: (word: string) => string): RuleSet {
  const groups: Pattern[][] = [[]];
  let characters = 0;
  for (const pattern of patternsOf(topic, toShape)) {
    characters += pattern.shape.length;
    if (characters > MOST_TOGETHER) {
      groups.push([]);
      characters = pattern.shape.length;
    }
    groups.at(-1)?.push(pattern);
  }
  return groups.map((patterns) => createRuleSet(patterns)).reduce(both);
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
    if (char === " ") return String.raw`\s+`;
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
