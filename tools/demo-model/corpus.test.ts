import { expect, it } from "vitest";
import { encodeConversation } from "./chat-format.ts";
import { createConversations, fillSlots, readCorpus, textsOf } from "./corpus.ts";
import { drawBatch } from "./make-batch.ts";
import { createRandom } from "./random.ts";
import { parseLessons, phrasingsOf } from "./read-lessons.ts";
import { rephrase } from "./rephrase.ts";
import { trainTokenizer } from "./tokenizer.ts";

const corpus = readCorpus();
const lessons = [...corpus.knowledge, ...corpus.talk, ...corpus.followUps, ...corpus.offTopic];
const random = createRandom(3);

it("holds at least 300 different answers about production, each asked in three ways or more", () => {
  const answers = new Set(corpus.knowledge.map(({ answer }) => answer));
  expect(answers.size).toBe(corpus.knowledge.length);
  expect(answers.size).toBeGreaterThanOrEqual(300);
  const rare = corpus.knowledge.filter((lesson) => new Set(phrasingsOf(lesson)).size < 3);
  expect(rare).toEqual([]);
});

it("never gives one question two answers", () => {
  const answers = new Map<string, string>();
  const clashes = lessons.flatMap((lesson) =>
    [...phrasingsOf(lesson), lesson.heldOut ?? ""].filter((question) => {
      const key = question.toLowerCase().replace(/[?.!]+$/, "");
      const before = answers.get(key);
      if (key !== "") answers.set(key, lesson.answer);
      return before !== undefined && before !== lesson.answer;
    }),
  );
  expect(clashes).toEqual([]);
});

it("answers in one to three sentences, without line breaks", () => {
  const long = lessons.filter(
    ({ answer }) => answer.length > 330 || answer.split(/[.!?](?:\s|$)/).length > 5,
  );
  expect(long.map(({ answer }) => answer)).toEqual([]);
});

it("keeps what it measures with out of training", () => {
  const trained = new Set(lessons.flatMap(phrasingsOf));
  const heldOut = lessons.flatMap((lesson) => (lesson.heldOut ? [lesson.heldOut] : []));
  expect(heldOut.length).toBeGreaterThan(80);
  expect([...heldOut, ...corpus.unseenOffTopic].filter((asked) => trained.has(asked))).toEqual([]);
});

it("has words for every slot", () => {
  const filled = corpus.offTopic.flatMap(({ questions }) =>
    questions.map((question) => fillSlots(question, corpus.slots, random)),
  );
  expect(filled.filter((question) => /[{}]/.test(question))).toEqual([]);
});

it("reads a lesson: phrasings, terms, a held-out phrasing, comments", () => {
  const text =
    "# no\nQ: One?\nQ: Two?\nQ: Three?\nA: First.\n\n@ a sheep | wool\nQ: Baa?\nA: Second.";
  const [first, second] = parseLessons(text, "farm");
  expect(first).toEqual({
    topic: "farm",
    answer: "First.",
    questions: ["One?", "Two?", "Three?"],
    definitions: [],
  });
  expect(second?.heldOut).toBe("Baa?");
  expect(second?.definitions).toContain("What is a sheep?");
  expect(second?.definitions).toContain("Wool?");
  expect(() => parseLessons("Q: And the answer?", "farm")).toThrow("one A:");
});

it("says the same again in other words, the same for the same seed", () => {
  const said = (seed: number): string[] => {
    const own = createRandom(seed);
    return Array.from({ length: 50 }, () => rephrase("What is the KV cache?", own));
  };
  expect(said(1)).toEqual(said(1));
  expect(new Set(said(1)).size).toBeGreaterThan(15);
});

it("scores the assistant's words and the end of its turn, nothing else", () => {
  const tokenizer = trainTokenizer(["Hello you, hello you"], 300);
  const turns = [
    { role: "user", content: "Hello" },
    { role: "assistant", content: "hello you" },
    { role: "user", content: "you" },
    { role: "assistant", content: "Hello" },
  ] as const;
  const all = encodeConversation(tokenizer, turns);
  expect(all.rows.map((row) => all.tokens[row + 1])).toEqual(all.targets);
  expect(tokenizer.decode(all.targets)).toBe("hello youHello");
  const last = encodeConversation(tokenizer, turns, "last");
  expect(tokenizer.decode(last.targets)).toBe("Hello");
});

it("packs batches that fit, with each conversation on its own", () => {
  const tokenizer = trainTokenizer(textsOf(corpus), 400);
  const source = { tokenizer, converse: createConversations(corpus, 1) };
  const room = 1024;
  for (let draw = 0; draw < 40; draw++) {
    const { tokens, starts, rows, targets } = drawBatch(source, random, {
      room,
      isLong: draw % 4 === 0,
    });
    expect(tokens.length).toBeLessThanOrEqual(room);
    expect(rows.length).toBe(targets.length);
    // The target of a cut conversation's last row is no part of the batch.
    const isInside = (row: number): boolean => starts[row + 1] === starts[row];
    expect(rows.filter((row, at) => isInside(row) && tokens[row + 1] !== targets[at])).toEqual([]);
    expect(starts.filter((start, row) => start > row || tokens[start] !== 1)).toEqual([]);
  }
});
