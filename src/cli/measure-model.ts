import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { formatBytes } from "../gguf/format-bytes.ts";
import { defaultThreads } from "../serve/engine/threads.ts";
import { measureQuality } from "../serve/quality/measuring.ts";
import {
  type Measured,
  type MeasureOptions,
  WINDOW_TOKENS,
  measureFile,
} from "../serve/workshop/measure-file.ts";
import { type Terminal, UsageError, type Values, text } from "./command.ts";
import { openProgress } from "./progress.ts";
import { plotOf } from "./quality-plot.ts";
import { rightTable } from "./table.ts";

export const MEASURE_OPTIONS = {
  text: { type: "string", value: "FILE", help: "eval, compare, optimize: the text to predict" },
  against: { type: "string", value: "FILE", help: "eval: the original that it came from" },
  window: { type: "string", value: "N", help: "eval, compare, optimize: tokens at a time (512)" },
  plot: { type: "string", value: "FILE", help: "compare: draw size and loss into this SVG file" },
} as const;

export function measureOptions(values: Values): MeasureOptions {
  const file = text(values, "text");
  if (file === undefined) {
    throw new UsageError("--text FILE is needed: some thousand words as the model will meet them");
  }
  if (!existsSync(file)) throw new UsageError(`there is no file ${file}`);
  return {
    text: readFileSync(file, "utf8"),
    windowTokens: numberOf(values, "window", WINDOW_TOKENS),
    threads: numberOf(values, "threads", defaultThreads()),
  };
}

function numberOf(values: Values, name: string, usual: number): number {
  const asked = text(values, name);
  if (asked === undefined) return usual;
  const number = Number(asked);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new UsageError(`--${name} is a whole number from 1 on, not "${asked}"`);
}

/** `weir model eval FILE`: how well it predicts a text, and how far it is from its original. */
export async function evaluate(file: string, values: Values, terminal: Terminal): Promise<number> {
  const options = measureOptions(values);
  const original = text(values, "against");
  const quality = await withProgress("Reading", terminal, (onProgress) =>
    measureQuality({ file, original, ...options }, { onProgress }),
  );
  if (values["json"]) {
    terminal.print(JSON.stringify({ file, original: original ?? null, ...quality }, null, 2));
    return 0;
  }
  const { perplexity, perplexityError, tokens, against } = quality;
  terminal.print(
    `perplexity    ${perplexity.toFixed(3)} ± ${perplexityError.toFixed(3)}, over ${tokens} tokens`,
  );
  if (against) {
    terminal.print(
      [
        `original      ${against.originalPerplexity.toFixed(3)}`,
        `divergence    ${against.divergence.toFixed(5)} ± ${against.divergenceError.toFixed(5)} nats a token`,
        `same choice   ${share(against.sameTop)} of tokens`,
      ].join("\n"),
    );
  }
  return 0;
}

export async function withProgress<T>(
  what: string,
  terminal: Terminal,
  work: (onProgress: (done: number, all: number) => void) => Promise<T>,
): Promise<T> {
  const progress = openProgress(what, (windows) => `${windows} windows`, terminal);
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
      await withProgress(what, terminal, (onProgress) =>
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
    ],
    rows.map(({ file, name, speed, quality }) => [
      basename(file),
      name,
      formatBytes(speed.fileBytes),
      formatBytes(speed.peakBytes),
      `${speed.firstTokenMs.toFixed(0)} ms`,
      speed.tokensPerSecond.toFixed(1),
      quality.perplexity.toFixed(3),
      (quality.against?.divergence ?? 0).toFixed(5),
      share(quality.against?.sameTop ?? 1),
    ]),
    2,
  );
}

function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}
