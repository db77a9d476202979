import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { formatBytes } from "../gguf/format-bytes.ts";
import { defaultThreads } from "../serve/engine/threads.ts";
import { measureAnswers, measureQuality } from "../serve/quality/measuring.ts";
import type { Answered, Quality } from "../serve/quality/messages.ts";
import { readQuestions } from "../serve/quality/questions.ts";
import {
  type Measured,
  type MeasureOptions,
  WINDOW_TOKENS,
  measureFile,
} from "../serve/workshop/measure-file.ts";
import { builtIn } from "./built-in.ts";
import { type Terminal, UsageError, type Values, text } from "./command.ts";
import { openProgress } from "./progress.ts";
import { plotOf } from "./quality-plot.ts";
import { rightTable } from "./table.ts";

export const MEASURE_OPTIONS = {
  text: { type: "string", value: "FILE", help: "eval, compare, optimize: the text to predict" },
  against: { type: "string", value: "FILE", help: "eval: the original that it came from" },
  set: {
    type: "string",
    value: "FILE",
    help: "eval, compare: your own questions, a JSON object a line, put to each model",
  },
  window: { type: "string", value: "N", help: "eval, compare, optimize: tokens at a time (512)" },
  plot: { type: "string", value: "FILE", help: "compare: draw size and loss into this SVG file" },
} as const;

export function measureOptions(values: Values): MeasureOptions {
  const file = text(values, "text");
  if (file === undefined) {
    throw new UsageError("--text FILE is needed: some thousand words as the model will meet them");
  }
  return { text: contentsOf(file), ...usualOptions(values) };
}

function usualOptions(values: Values) {
  const set = text(values, "set");
  return {
    windowTokens: numberOf(values, "window", WINDOW_TOKENS),
    threads: numberOf(values, "threads", defaultThreads()),
    questions: set === undefined ? undefined : readQuestions(contentsOf(set)),
  };
}

function contentsOf(file: string): string {
  if (!existsSync(file)) throw new UsageError(`there is no file ${file}`);
  return readFileSync(file, "utf8");
}

function numberOf(values: Values, name: string, usual: number): number {
  const asked = text(values, name);
  if (asked === undefined) return usual;
  const number = Number(asked);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new UsageError(`--${name} is a whole number from 1 on, not "${asked}"`);
}

/** `weir model eval FILE`: how well it predicts a text or answers questions, and how far it is from its original. */
export async function evaluate(file: string, values: Values, terminal: Terminal): Promise<number> {
  const against = text(values, "against");
  const original = against === undefined ? undefined : builtIn(against);
  const { questions, threads, windowTokens } = usualOptions(values);
  const sample = text(values, "text");
  if (sample === undefined && !questions) {
    throw new UsageError("--text FILE is needed, to be predicted, or --set FILE, to be answered");
  }
  const quality =
    sample === undefined
      ? undefined
      : await withProgress(["Reading", "windows"], terminal, (onProgress) => {
          const job = { file, original, text: contentsOf(sample), threads, windowTokens };
          return measureQuality(job, { onProgress });
        });
  const ask = (model: string) =>
    questions &&
    withProgress(["Asking", "questions"], terminal, (onProgress) =>
      measureAnswers({ file: model, questions, threads }, { onProgress }),
    );
  const answered = await ask(file);
  const originally = original === undefined ? undefined : await ask(original);
  if (values["json"]) {
    const all = { file, original: original ?? null, ...quality, ...answered };
    terminal.print(JSON.stringify({ ...all, originalAnswers: originally?.answers }, null, 2));
    return 0;
  }
  if (quality) terminal.print(linesOf(quality).join("\n"));
  if (answered) terminal.print(answerLines(answered, originally).join("\n"));
  return 0;
}

function linesOf({ perplexity, perplexityError, tokens, against }: Quality): string[] {
  const lines = [
    `perplexity    ${perplexity.toFixed(3)} ± ${perplexityError.toFixed(3)}, over ${tokens} tokens`,
  ];
  if (!against) return lines;
  return [
    ...lines,
    `original      ${against.originalPerplexity.toFixed(3)}`,
    `divergence    ${against.divergence.toFixed(5)} ± ${against.divergenceError.toFixed(5)} nats a token`,
    `same choice   ${share(against.sameTop)} of tokens`,
  ];
}

/** How many are right; and by line, which were lost and won against the original. */
function answerLines({ answers }: Answered, original: Answered | undefined): string[] {
  const lines = [`right         ${rightOf(answers)}`];
  const wrong = answers.filter(({ isRight }) => !isRight);
  if (!original) return wrong.length > 0 ? [...lines, `wrong         ${onLines(wrong)}`] : lines;
  const before = new Map(original.answers.map(({ line, isRight }) => [line, isRight]));
  const turned = (isRight: boolean) =>
    answers.filter((one) => one.isRight === isRight && before.get(one.line) !== isRight);
  const [won, lost] = [turned(true), turned(false)];
  return [
    ...lines,
    `original      ${rightOf(original.answers)}`,
    ...(lost.length > 0 ? [`lost          ${onLines(lost)}`] : []),
    ...(won.length > 0 ? [`won           ${onLines(won)}`] : []),
  ];
}

type Answers = Answered["answers"];

function rightOf(answers: Answers): string {
  const right = answers.filter(({ isRight }) => isRight).length;
  return `${right} of ${answers.length} (${share(right / answers.length)})`;
}

function onLines(answers: Answers): string {
  return `line ${answers.map(({ line }) => line).join(", ")}`;
}

export async function withProgress<T>(
  [what, unit]: readonly [what: string, unit: string],
  terminal: Terminal,
  work: (onProgress: (done: number, all: number) => void) => Promise<T>,
): Promise<T> {
  const progress = openProgress(what, (steps) => `${steps} ${unit}`, terminal);
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}

/** `weir model compare ORIGINAL FILE…`: what each costs and loses, as a table and a picture. */
export async function compare(
  files: readonly string[],
  values: Values,
  terminal: Terminal,
): Promise<number> {
  const [original, ...others] = files;
  if (original === undefined || others.length === 0) {
    throw new UsageError("compare needs the original, and files that were made from it");
  }
  const options = measureOptions(values);
  const rows: Measured[] = [];
  for (const file of files) {
    const what = `Measuring ${basename(file)}`;
    rows.push(
      await withProgress([what, "windows"], terminal, (onProgress) =>
        measureFile({ file, original, options, onProgress }),
      ),
    );
  }
  const plot = text(values, "plot");
  if (plot !== undefined) writeFileSync(plot, plotOf(rows));
  if (values["json"]) terminal.print(JSON.stringify(rows, null, 2));
  else terminal.print(measuredTable(rows));
  return 0;
}

export function measuredTable(rows: readonly Measured[]): string {
  const hasAnswers = rows.some(({ answered }) => answered);
  return rightTable(
    [
      "file",
      "type",
      "size",
      "memory",
      "first token",
      "tokens/s",
      "perplexity",
      "divergence",
      "same choice",
      ...(hasAnswers ? ["right"] : []),
    ],
    rows.map(({ file, name, speed, quality, answered }) => [
      basename(file),
      name,
      formatBytes(speed.fileBytes),
      formatBytes(speed.peakBytes),
      `${speed.firstTokenMs.toFixed(0)} ms`,
      speed.tokensPerSecond.toFixed(1),
      quality.perplexity.toFixed(3),
      (quality.against?.divergence ?? 0).toFixed(5),
      share(quality.against?.sameTop ?? 1),
      ...(answered ? [rightOf(answered.answers)] : []),
    ]),
    2,
  );
}

function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}
