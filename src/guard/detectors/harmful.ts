import type { Classifier, HeadScore } from "../classifier/classifier.ts";
import type { Detector, Finding } from "../detector.ts";
import { type Reading, linePlaceOf, placeOf, readingsOf } from "../normalize/readings.ts";
import {
  HARM_CATEGORIES,
  HARM_RULES,
  type HarmCategory,
  type HarmRule,
  findRule,
} from "./harm-rules.ts";
import { createLiteralFinder } from "./literal-finder.ts";

/** The categories that there was data to learn from; the others rest on rules alone. */
export const HARM_HEADS = ["illicit", "sexual", "violence"] as const;

/** A head speaks up where fewer innocent texts than this say the like. */
const REPORTED_RATE = 0.02;

/** What belongs to a category belongs to the wider one too, as OpenAI's endpoint has it. */
const WIDER: Partial<Record<HarmCategory, HarmCategory>> = {
  "harassment/threatening": "harassment",
  "hate/threatening": "hate",
  "illicit/violent": "illicit",
  "self-harm/intent": "self-harm",
  "self-harm/instructions": "self-harm",
  "sexual/minors": "sexual",
  "violence/graphic": "violence",
};

export type HarmScores = Readonly<Record<HarmCategory, number>>;

export interface HarmDetector extends Detector {
  /** All categories with the surest sign of each, 0 to 1: what `/v1/moderations` answers. */
  score(text: string): HarmScores;
}

/**
 * Harmful content in a prompt or an answer, in OpenAI's moderation categories: turns of phrase for
 * all of them (English), and a linear classifier for the three that there was data for. What each rests on
 * stands in `models/guard/guard.md`.
 */
export function createHarmDetector(classifier?: Classifier): HarmDetector {
  return {
    name: "harmful",
    category: "harmful",
    inspect: (text) => strongest(signsOf(text, classifier)).map(toFinding),
    score(text) {
      const scores = Object.fromEntries(HARM_CATEGORIES.map((category) => [category, 0]));
      for (const { category, confidence } of signsOf(text, classifier))
        raise(scores, category, confidence);
      return scores as Record<HarmCategory, number>;
    },
  };
}

function raise(scores: Record<string, number>, category: HarmCategory, confidence: number): void {
  scores[category] = Math.max(scores[category] ?? 0, confidence);
  const wider = WIDER[category];
  if (wider) raise(scores, wider, confidence);
}

interface Sign {
  readonly category: HarmCategory;
  readonly confidence: number;
  readonly falsePositiveRate?: number;
  readonly place: Pick<Finding, "start" | "end" | "evidence">;
}

function signsOf(text: string, classifier: Classifier | undefined): Sign[] {
  const readings = readingsOf(text);
  return [
    ...readings.flatMap(phrasesIn),
    ...(classifier ? readings.flatMap((reading) => learnedFrom(reading, classifier)) : []),
  ];
}

const FINDER = createLiteralFinder(HARM_RULES.flatMap(({ anchors }) => anchors));
/** Which rule each of the finder's literals belongs to. */
const OWNERS = HARM_RULES.flatMap((rule) => rule.anchors.map(() => rule));

function phrasesIn(reading: Reading): Sign[] {
  const rules = new Set<HarmRule>();
  FINDER.each(reading.text, (literal) => {
    const owner = OWNERS[literal];
    if (owner) rules.add(owner);
  });
  return [...rules].flatMap((rule) => {
    const hit = findRule(rule, reading.text);
    const { category, confidence } = rule;
    return hit ? [{ category, confidence, place: placeOf(reading, hit.start, hit.end) }] : [];
  });
}

function learnedFrom(reading: Reading, classifier: Classifier): Sign[] {
  const heads = HARM_HEADS.map((name) => classifier.heads.indexOf(name));
  const scores = classifier.score(reading.lines, heads) ?? [];
  return HARM_HEADS.flatMap((category, index) => {
    const found = scores[index];
    return found && found.falsePositiveRate <= REPORTED_RATE
      ? [toSign(reading, category, found)]
      : [];
  });
}

function toSign(reading: Reading, category: HarmCategory, found: HeadScore): Sign {
  const { probability, falsePositiveRate, start, end } = found;
  return {
    category,
    confidence: probability,
    falsePositiveRate,
    place: linePlaceOf(reading, start, end),
  };
}

/** One finding a category: the surest. */
function strongest(signs: readonly Sign[]): Sign[] {
  const best = new Map<HarmCategory, Sign>();
  for (const sign of signs) {
    const known = best.get(sign.category);
    if (!known || sign.confidence > known.confidence) best.set(sign.category, sign);
  }
  return [...best.values()];
}

function toFinding({ category, confidence, falsePositiveRate, place }: Sign): Finding {
  return {
    detector: `harmful.${category}`,
    category: "harmful",
    confidence,
    ...(falsePositiveRate !== undefined && { falsePositiveRate }),
    ...place,
  };
}
