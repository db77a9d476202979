import type { Turn } from "./chat-format.ts";
import { createRandom, type Random } from "./random.ts";
import { phrasingsOf, readLessons, readLines, type Lesson } from "./read-lessons.ts";
import { rephrase } from "./rephrase.ts";

/** Everything the model is taught, as it stands in `data/`. */
export interface Corpus {
  /** Running language models in production. */
  readonly knowledge: readonly Lesson[];
  /** Greetings, thanks, who are you, refusals. */
  readonly talk: readonly Lesson[];
  /** What only makes sense after an answer: "tell me more". */
  readonly followUps: readonly Lesson[];
  /** Questions that it cannot answer, with slots such as `{country}`, and the honest answers. */
  readonly offTopic: readonly Lesson[];
  readonly slots: ReadonlyMap<string, readonly string[]>;
  readonly systemPrompts: readonly string[];
  /** Off-topic questions that are never trained on. */
  readonly unseenOffTopic: readonly string[];
}

export function readCorpus(): Corpus {
  return {
    knowledge: readLessons("knowledge"),
    talk: readLessons("talk"),
    followUps: readLessons("follow-up"),
    offTopic: readLessons("off-topic"),
    slots: new Map(
      readLines("slots.txt").map((line) => {
        const [name = "", words = ""] = line.split(":");
        return [name, words.split(",").map((word) => word.trim())];
      }),
    ),
    systemPrompts: readLines("system-prompts.txt"),
    unseenOffTopic: readLines("unseen-off-topic.txt"),
  };
}

/** Fills `{country}` with a country, and `{thing}` now and then with a word that means nothing. */
export function fillSlots(
  text: string,
  slots: ReadonlyMap<string, readonly string[]>,
  random: Random,
): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === "number") return String(random.below(10 ** (1 + random.below(4))));
    if (name === "thing" && random.chance(0.25)) return madeUpWord(random);
    const words = slots.get(name);
    if (!words) throw new Error(`there are no words for {${name}}`);
    return fillSlots(random.pick(words), slots, random);
  });
}

const SYLLABLES =
  "ba be bi bo da de do fa fi ga go ka ke ki la le li lo ma me mi mo na ne no pa pi ra re ri ro sa se si so ta te ti to va ve vi za zo quo tra ster plen gri sho".split(
    " ",
  );

function madeUpWord(random: Random): string {
  const length = 2 + random.below(3);
  return Array.from({ length }, () => random.pick(SYLLABLES)).join("");
}

/** Deals lessons so that each comes once before any comes again. */
function createDeck(lessons: readonly Lesson[], random: Random): () => Lesson {
  let deck: Lesson[] = [];
  return () => {
    if (deck.length === 0) {
      deck = [...lessons];
      for (let at = deck.length - 1; at > 0; at--) {
        const other = random.below(at + 1);
        [deck[at], deck[other]] = [deck[other] ?? random.pick(deck), deck[at] ?? random.pick(deck)];
      }
    }
    return deck.pop() ?? random.pick(lessons);
  };
}

/** An endless source of training conversations, the same for the same seed. */
export function createConversations(corpus: Corpus, seed: number): (turns: number) => Turn[] {
  const random = createRandom(seed);
  const knowledge = createDeck(corpus.knowledge, random);
  const talk = createDeck(corpus.talk, random);
  // Lessons with many questions come as often as their questions are many.
  const offTopic = corpus.offTopic.flatMap((lesson) => lesson.questions.map(() => lesson));
  return (turns) => {
    const conversation: Turn[] = [];
    if (random.chance(0.35))
      conversation.push({ role: "system", content: random.pick(corpus.systemPrompts) });
    for (let turn = 0; turn < turns; turn++) {
      const lesson = pickLesson(turn > 0);
      const question = fillSlots(pickQuestion(lesson), corpus.slots, random);
      conversation.push({ role: "user", content: rephrase(question, random) });
      conversation.push({ role: "assistant", content: lesson.answer });
    }
    return conversation;
  };

  /** Definitions are many and alike: half of the draws go to what was written by hand. */
  function pickQuestion({ questions, definitions }: Lesson): string {
    const isMade = questions.length === 0 || (definitions.length > 0 && random.chance(0.5));
    return random.pick(isMade ? definitions : questions);
  }

  function pickLesson(isLater: boolean): Lesson {
    const draw = random.next();
    if (isLater && draw < 0.06) return random.pick(corpus.followUps);
    if (draw < 0.22) return random.pick(offTopic);
    return draw < 0.34 ? talk() : knowledge();
  }
}

/** Text for the tokenizer: every question and answer once, some of what slots make of them. */
export function* textsOf(corpus: Corpus): Generator<string> {
  const random = createRandom(1);
  for (const lesson of [...corpus.knowledge, ...corpus.talk, ...corpus.followUps]) {
    yield lesson.answer;
    yield* phrasingsOf(lesson);
    yield* phrasingsOf(lesson).map((question) => question.toLowerCase());
  }
  for (const { answer, questions } of corpus.offTopic) {
    yield answer;
    for (const question of questions) yield fillSlots(question, corpus.slots, random);
  }
  for (const words of corpus.slots.values()) yield words.join(" ");
  yield* corpus.systemPrompts;
  yield "system user assistant";
}
