import type { Random } from "./random.ts";
import { phrasingsOf, type Lesson } from "./read-lessons.ts";

/** A word that this many lessons use says little about which one is meant. */
const MOST_LESSONS = 9;

const FORMS = [
  "{}",
  "{}?",
  "{}?",
  "How do I {}?",
  "How can I {}?",
  "What about {}?",
  "Why {}?",
  "When should I {}?",
  "Which {}?",
  "What if {}?",
  "Can I {}?",
  "What is the {}?",
  "My {}, what can I do?",
];

/**
 * Makes loose questions out of the words that a lesson, answer included, shares with few others:
 * "How do I longer context memory?". They teach the model to go by words rather than by whole
 * sentences, so that it understands a phrasing that it never saw.
 */
export function createKeywordQuestions(
  lessons: readonly Lesson[],
): (lesson: Lesson, random: Random) => string | undefined {
  const pools = new Map(lessons.map((lesson) => [lesson, wordsOf(lesson)]));
  const lessonsWith = new Map<string, number>();
  for (const words of pools.values())
    for (const word of words) lessonsWith.set(word, (lessonsWith.get(word) ?? 0) + 1);
  const rare = new Map(
    Array.from(pools, ([lesson, words]) => [
      lesson,
      [...words].filter((word) => (lessonsWith.get(word) ?? 0) <= MOST_LESSONS),
    ]),
  );

  return (lesson, random) => {
    const pool = rare.get(lesson) ?? [];
    const wanted = 2 + random.below(3);
    if (pool.length < wanted) return undefined;
    const picked = new Set<string>();
    while (picked.size < wanted) picked.add(random.pick(pool));
    const question = random.pick(FORMS).replace("{}", [...picked].join(" "));
    return question.charAt(0).toUpperCase() + question.slice(1);
  };
}

function wordsOf(lesson: Lesson): Set<string> {
  const text = [lesson.answer, ...phrasingsOf(lesson)].join(" ");
  return new Set(
    Array.from(text.matchAll(/[\p{L}\p{N}][\p{L}\p{N}._-]*[\p{L}\p{N}]/gu), ([w]) => w),
  );
}
