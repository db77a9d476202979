import type { Origin } from "../../core/call.ts";
import type { Category, Detector, Finding } from "../detector.ts";
import { type Reading, linePlaceOf, readingsOf } from "../normalize/readings.ts";
import { HEADS_FOR } from "./attack-heads.ts";
import type { Classifier, HeadScore } from "./classifier.ts";

/** A word or two prove nothing, whatever they look like: those are a matter of phrases. */
const LEAST_CHARS = 14;
/** Few innocent texts as short as "Tell me about yourself" were measured: their rates are taken for so many times as high. */
const SHORT_TEXT = 40;
const DOUBT = 5;
/** An ideograph says about as much as so many letters. */
const IDEOGRAPH = 3;

const MANY_WORDS = 40;
const LEAST_VARIETY = 0.1;
const MOST_READ = 2000;

/** What so many innocent texts look like is no finding: the loosest rate that operators choose. */
const REPORTED_RATE = 0.05;

/**
 * Linear classifiers for injection and jailbreak, over every reading of a text; a finding's place is
 * the stretch that scored highest. What was learned, and what is missed, says `models/guard/guard.md`.
 * Languages: those of the card. Cost: about 0.1 µs a character.
 */
export function classifierDetectors(classifier: Classifier): readonly Detector[] {
  let latest: { readings: readonly Reading[]; isUser: boolean; best: Best[] } | undefined;

  /** Both detectors look at the same text in turn: it is hashed once. */
  function bestOf(text: string, origin: Origin): Best[] {
    const readings = readingsOf(text);
    const isUser = origin !== "document" && origin !== "tool";
    if (latest?.readings !== readings || latest.isUser !== isUser) {
      latest = {
        readings,
        isUser,
        best: scoreReadings(classifier, readings, isUser ? HEADS_FOR.user : HEADS_FOR.document),
      };
    }
    return latest.best;
  }

  return [
    {
      name: "injection.classifier",
      category: "injection",
      inspect: (text, origin = "user") => report("injection", bestOf(text, origin)[0]),
    },
    {
      name: "jailbreak.classifier",
      category: "jailbreak",
      inspect: (text, origin = "user") => report("jailbreak", bestOf(text, origin)[1]),
    },
  ];
}

export interface Best {
  readonly reading: Reading;
  readonly found: HeadScore;
}

/** Of each head the reading that looks most like an attack. */
export function scoreReadings(
  classifier: Classifier,
  readings: readonly Reading[],
  heads: readonly number[],
): Best[] {
  const best: Best[] = [];
  for (const reading of readings) {
    const scores = classifier.score(reading.lines, heads) ?? [];
    for (const [at, found] of scores.entries()) {
      const known = best[at];
      if (!known || found.score > known.found.score) best[at] = { reading, found };
    }
  }
  return best;
}

function isTooShort({ reading, found: { start, end } }: Best): boolean {
  return isShorter(reading.lines.slice(start, end), LEAST_CHARS);
}

function rateOf({ reading, found }: Best): number {
  const isShort = isShorter(reading.lines.trim(), SHORT_TEXT);
  return Math.min(1, found.falsePositiveRate * (isShort ? DOUBT : 1));
}

function isShorter(text: string, least: number): boolean {
  if (text.length >= least) return false;
  const ideographs = text.match(/[\u2E80-\uFFFF]/g)?.length ?? 0;
  return text.length + ideographs * (IDEOGRAPH - 1) < least;
}

/** Filling, as load tests send it: the same few words over and over are like nothing that was learned. */
function isOneWord({ reading, found: { start, end } }: Best): boolean {
  const words = reading.lines.slice(start, Math.min(end, start + MOST_READ)).split(/\s+/);
  return words.length >= MANY_WORDS && new Set(words).size < words.length * LEAST_VARIETY;
}

function report(category: Category, best: Best | undefined): Finding[] {
  if (!best) return [];
  const falsePositiveRate = rateOf(best);
  if (falsePositiveRate > REPORTED_RATE || isTooShort(best) || isOneWord(best)) return [];
  const { start, end, probability } = best.found;
  const place = linePlaceOf(best.reading, start, end);
  const detector = `${category}.classifier`;
  return [{ detector, category, confidence: probability, falsePositiveRate, ...place }];
}
