import { z } from "zod";
import type { ChatMessage } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";

/** What is asked of a model, and which answers are right. */
export interface Question {
  /** Its line in the file, from 1 on. */
  readonly line: number;
  readonly messages: readonly ChatMessage[];
  readonly answers: readonly string[];
  readonly match: "contains" | "exact" | "regex";
  /** The model chooses the likeliest of these, and writes nothing. */
  readonly choices?: readonly string[] | undefined;
  readonly maxTokens: number;
}

const Turns = z
  .array(z.object({ role: z.enum(["system", "user", "assistant"]), content: z.string() }))
  .min(1);

const Line = z
  .strictObject({
    prompt: z.string().min(1).optional(),
    messages: Turns.optional(),
    answer: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
    // As OpenAI's evals name them.
    input: z.union([z.string().min(1), Turns]).optional(),
    ideal: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
    match: z.enum(["contains", "exact", "regex"]).default("contains"),
    choices: z.array(z.string().min(1)).min(2).optional(),
    maxTokens: z.int().min(1).max(4096).default(128),
  })
  .transform(({ prompt, messages, input, answer, ideal, ...rest }, context) => {
    const asked = [prompt, messages, input].filter((one) => one !== undefined);
    const right = answer ?? ideal;
    if (asked.length !== 1) context.addIssue("give one of prompt, messages and input");
    if (right === undefined) context.addIssue("give an answer (or ideal)");
    const [first = ""] = asked;
    const turns = typeof first === "string" ? [{ role: "user" as const, content: first }] : first;
    return { ...rest, messages: turns, answers: [right ?? ""].flat() };
  });

/**
 * An evaluation set: JSON Lines of `{ prompt | messages, answer, match?, choices?, maxTokens? }`, or of OpenAI's
 * `{ input, ideal }`. Throws WeirError `invalid_request` with the line that is wrong.
 */
export function readQuestions(text: string): Question[] {
  const lines = text.split(/\r?\n/).map((content, at) => ({ content, line: at + 1 }));
  const questions = lines.filter(({ content }) => content.trim() !== "").map(toQuestion);
  if (questions.length === 0) {
    throw new WeirError("invalid_request", "The evaluation set has no questions.");
  }
  return questions;
}

function toQuestion({ content, line }: { content: string; line: number }): Question {
  const parsed = Line.safeParse(parse(content, line));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.length ? `${issue.path.join(".")}: ` : "";
    throw wrong(line, `${where}${issue?.message ?? "it is no question"}`);
  }
  const { answers, match, choices } = parsed.data;
  if (choices && !answers.every((answer) => choices.includes(answer))) {
    throw wrong(line, "answer: it must be one of choices");
  }
  if (match === "regex" && !answers.every(isPattern)) {
    throw wrong(line, "answer: it is no regular expression");
  }
  return { line, ...parsed.data };
}

function parse(content: string, line: number): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw wrong(line, "it is no JSON");
  }
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, "u").source !== "";
  } catch {
    return false;
  }
}

function wrong(line: number, what: string): WeirError {
  return new WeirError("invalid_request", `Line ${line} of the evaluation set: ${what}.`);
}

/** Whether what a model said is right: letter case and space around it do not count, but in patterns. */
export function isRight({ answers, match }: Question, said: string): boolean {
  const plain = (text: string) => text.trim().toLowerCase();
  return answers.some((answer) => {
    if (match === "regex") return new RegExp(answer, "u").test(said);
    if (match === "exact") return plain(said) === plain(answer);
    return plain(said).includes(plain(answer));
  });
}
