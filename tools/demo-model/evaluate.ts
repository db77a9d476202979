import { encodeConversation, encodePrompt, type Encoded, type Turn } from "./chat-format.ts";
import { createConversations, fillSlots, type Corpus } from "./corpus.ts";
import { generate, hitsOf } from "./forward.ts";
import { packBatch } from "./make-batch.ts";
import type { Model } from "./model.ts";
import { createRandom } from "./random.ts";
import { phrasingsOf, type Lesson } from "./read-lessons.ts";
import { IM_END, type Tokenizer } from "./tokenizer.ts";

/** A share of questions, with what it was counted from. */
export interface Rate {
  readonly rate: number;
  readonly right: number;
  readonly of: number;
}

export interface Evaluation {
  /** Training questions as they stand, first turn, no system prompt: answered word for word. */
  readonly trained: Rate;
  /** Phrasings that were kept out of training. */
  readonly heldOut: Rate;
  /** The same, under a system prompt. */
  readonly heldOutWithSystemPrompt: Rate;
  /** The last answer of training-like conversations of six turns, typing errors and all. */
  readonly sixthTurn: Rate;
  /** Off-topic questions kept out of training: answered with one of the honest answers. */
  readonly unseenOffTopic: Rate;
  readonly mistakes: readonly { question: string; answer: string }[];
}

const SYSTEM: Turn = { role: "system", content: "You are a helpful assistant." };

/** Asks a model everything that can be checked. Answers are the likeliest tokens, word for word. */
export function evaluate(model: Model, tokenizer: Tokenizer, corpus: Corpus): Evaluation {
  const known = [...corpus.knowledge, ...corpus.talk];
  const trained = known.flatMap((lesson) => phrasingsOf(lesson).map((asked) => ask(asked, lesson)));
  const heldOut = known.flatMap((lesson) => (lesson.heldOut ? [ask(lesson.heldOut, lesson)] : []));
  const check = (conversations: readonly Turn[][]): boolean[] =>
    verbatim(model, tokenizer, conversations);
  const heldOutHits = check(heldOut);
  const unseen = askUnseen(model, tokenizer, corpus);
  return {
    trained: rateOf(check(trained)),
    heldOut: rateOf(heldOutHits),
    heldOutWithSystemPrompt: rateOf(check(heldOut.map((turns) => [SYSTEM, ...turns]))),
    sixthTurn: rateOf(check(conversationsOf(corpus, 6, 200))),
    unseenOffTopic: rateOf(unseen.map(({ honest }) => honest)),
    mistakes: [
      ...heldOut
        .filter((_, at) => !heldOutHits[at])
        .map((turns) => turns[0]?.content ?? "")
        .map((question) => ({ question, answer: answerTo(model, tokenizer, question) })),
      ...unseen.filter(({ honest }) => !honest),
    ].map(({ question, answer }) => ({ question, answer })),
  };
}

function ask(question: string, { answer }: Lesson): Turn[] {
  return [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ];
}

function rateOf(hits: readonly boolean[]): Rate {
  const right = hits.filter(Boolean).length;
  return { rate: Number((right / hits.length).toFixed(4)), right, of: hits.length };
}

function conversationsOf(corpus: Corpus, turns: number, count: number): Turn[][] {
  const converse = createConversations(corpus, 99);
  return Array.from({ length: count }, () => converse(turns));
}

/**
 * Whether the last answer of each conversation is the one that would be generated: each of its
 * tokens must be the likeliest after those before it, which one pass tells of many conversations.
 */
function verbatim(model: Model, tokenizer: Tokenizer, conversations: readonly Turn[][]): boolean[] {
  const encoded = conversations.map((turns) => encodeConversation(tokenizer, turns, "last"));
  const right: boolean[] = [];
  let batch: Encoded[] = [];
  let used = 0;
  const flush = (): void => {
    const hits = hitsOf(model, packBatch(batch));
    let at = 0;
    for (const { rows } of batch) {
      right.push(hits.subarray(at, at + rows.length).every((hit) => hit === 1));
      at += rows.length;
    }
    [batch, used] = [[], 0];
  };
  for (const conversation of encoded) {
    if (used + conversation.tokens.length > model.room) flush();
    batch.push(conversation);
    used += conversation.tokens.length;
  }
  flush();
  return right;
}

function answerTo(model: Model, tokenizer: Tokenizer, question: string): string {
  const prompt = encodePrompt(tokenizer, [{ role: "user", content: question }]);
  return tokenizer.decode(generate(model, prompt, { stop: IM_END, most: 120 }));
}

function askUnseen(
  model: Model,
  tokenizer: Tokenizer,
  { unseenOffTopic, offTopic, slots }: Corpus,
): { question: string; answer: string; honest: boolean }[] {
  const honest = new Set(offTopic.map(({ answer }) => answer));
  const random = createRandom(5);
  return unseenOffTopic.map((line) => {
    const question = fillSlots(line, slots, random);
    const answer = answerTo(model, tokenizer, question);
    return { question, answer, honest: honest.has(answer) };
  });
}
