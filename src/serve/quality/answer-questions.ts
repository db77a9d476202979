import { WeirError } from "../../core/errors.ts";
import type { Metadata } from "../../gguf/metadata.ts";
import { type ChatTemplate, createChatTemplate } from "../engine/chat-template.ts";
import type { Llama } from "../engine/library.ts";
import { logSumExp, topOf } from "./distributions.ts";
import type { Answered, AnswersJob } from "./messages.ts";
import { type Question, isRight } from "./questions.ts";
import { WindowReader, stepsOf } from "./window-reader.ts";

/** Room for a question and its answer; a model that holds less has less. */
const MOST_TOKENS = 8192;

type Progress = (done: number, all: number) => void;

/** Puts an evaluation set to a model, as chats, and always takes the likeliest token. Throws WeirError. */
export function answerQuestions(
  llama: Llama,
  { file, questions, threads, metadata }: AnswersJob & { readonly metadata: Metadata },
  progress: Progress,
): Answered {
  const reader = new WindowReader(llama, file, { contextTokens: MOST_TOKENS, threads });
  const template = createChatTemplate(metadata);
  const answers = questions.map((question, at) => {
    const prompt = promptOf(question, { reader, template });
    const said = question.choices
      ? likeliest(reader, prompt, question.choices)
      : write(reader, prompt, question.maxTokens);
    progress(at + 1, questions.length);
    return { line: question.line, said, isRight: isRight(question, said) };
  });
  reader.close();
  return { answers };
}

function promptOf(
  { line, messages, maxTokens, choices }: Question,
  { reader, template }: { readonly reader: WindowReader; readonly template: ChatTemplate },
): number[] {
  const parts = template.render({ messages });
  const tokens = reader.vocabulary.tokenizePrompt(parts);
  const longest = choices ? Math.max(...choices.map((choice) => choice.length)) : maxTokens;
  if (tokens.length + longest > reader.contextTokens) {
    throw new WeirError(
      "invalid_request",
      `Line ${line} of the evaluation set: ${tokens.length} tokens and the answer's ${longest} are more than the model's ${reader.contextTokens}.`,
    );
  }
  return tokens;
}

/** Reads tokens from `position` on; gives what is expected behind the last, until the next call. */
function readAll(reader: WindowReader, tokens: readonly number[], position: number): Float32Array {
  let last: Float32Array = new Float32Array();
  for (const [from, to] of stepsOf(tokens.length)) {
    last = reader.read(tokens.slice(from, to), position + from)(to - from - 1);
  }
  return last;
}

function write(reader: WindowReader, prompt: readonly number[], maxTokens: number): string {
  reader.clear();
  const made: number[] = [];
  let next = topOf(readAll(reader, prompt, 0));
  while (made.length < maxTokens && !reader.vocabulary.isEnd(next)) {
    made.push(next);
    next = topOf(reader.read([next], prompt.length + made.length - 1)(0));
  }
  const said = reader.vocabulary.detokenize(made);
  // What a model thinks before it answers is no answer.
  return (said.split("</think>").at(-1) ?? said).trim();
}

/** The choice that is likeliest to be written, as a whole, behind the prompt. */
function likeliest(
  reader: WindowReader,
  prompt: readonly number[],
  choices: readonly string[],
): string {
  const scored = choices.map((choice) => {
    const tokens = reader.vocabulary.tokenize(choice, { addSpecial: false, parseSpecial: false });
    reader.clear();
    let score = 0;
    let row = readAll(reader, prompt, 0);
    for (const [at, token] of tokens.entries()) {
      score += (row[token] ?? 0) - logSumExp(row);
      if (at < tokens.length - 1) row = reader.read([token], prompt.length + at)(0);
    }
    return { choice, score };
  });
  return scored.reduce((best, one) => (one.score > best.score ? one : best)).choice;
}
