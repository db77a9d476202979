import { readFileSync, statSync } from "node:fs";
import { WeirError } from "../../core/errors.ts";
import type { Llama } from "../engine/library.ts";
import { Average, divergence, logSumExp, topOf } from "./distributions.ts";
import type { Quality, QualityJob, Speed, SpeedJob } from "./messages.ts";
import { WindowReader, stepsOf } from "./window-reader.ts";

/** Fewer say nothing. */
const LEAST_TOKENS = 32;

type Progress = (done: number, all: number) => void;

/**
 * How well a model predicts a text, in windows of which the second half counts, as llama.cpp's own tool
 * does; and how far it is from its original. Throws WeirError.
 */
export function measureQuality(llama: Llama, job: QualityJob, progress: Progress): Quality {
  const options = { contextTokens: job.windowTokens, threads: job.threads };
  const reader = new WindowReader(llama, job.file, options);
  const original =
    job.original === undefined ? undefined : new WindowReader(llama, job.original, options);
  if (original && original.vocabulary.size !== reader.vocabulary.size) {
    throw new WeirError(
      "invalid_request",
      `${job.file} has ${reader.vocabulary.size} words and ${job.original} ${original.vocabulary.size}: they are not the same model.`,
    );
  }
  const tokens = reader.vocabulary.tokenize(job.text, { addSpecial: true, parseSpecial: false });
  if (tokens.length < LEAST_TOKENS) {
    throw new WeirError(
      "invalid_request",
      `The text has ${tokens.length} tokens, and fewer than ${LEAST_TOKENS} say nothing. Give a longer one.`,
    );
  }
  const size = Math.min(reader.contextTokens, original?.contextTokens ?? Infinity, tokens.length);
  const windows = windowsOf(tokens, size, llama.beginToken(reader.vocabulary.pointer));
  const sums: Sums = {
    loss: new Average(),
    originalLoss: new Average(),
    divergence: new Average(),
    same: new Average(),
  };
  for (const [at, window] of windows.entries()) {
    readWindow(window, { reader, original }, sums);
    progress(at + 1, windows.length);
  }
  reader.close();
  original?.close();
  return toQuality(sums, size, original !== undefined);
}

interface Sums {
  readonly loss: Average;
  readonly originalLoss: Average;
  readonly divergence: Average;
  readonly same: Average;
}

/** Each begins as a text does: with the model's own beginning, where it has one. */
function windowsOf(tokens: readonly number[], size: number, begin: number): number[][] {
  const count = Math.floor(tokens.length / size);
  const begins = tokens[0] === begin;
  return Array.from({ length: count }, (_, at) => {
    const window = tokens.slice(at * size, (at + 1) * size);
    return begins ? [begin, ...window.slice(1)] : window;
  });
}

function readWindow(
  window: readonly number[],
  {
    reader,
    original,
  }: { readonly reader: WindowReader; readonly original: WindowReader | undefined },
  sums: Sums,
): void {
  reader.clear();
  original?.clear();
  const first = Math.floor(window.length / 2);
  for (const [from, to] of stepsOf(window.length)) {
    const tokens = window.slice(from, to);
    const rows = reader.read(tokens, from);
    const theirs = original?.read(tokens, from);
    for (let at = Math.max(from, first); at < to && at < window.length - 1; at++) {
      const row = rows(at - from);
      const next = window[at + 1] ?? 0;
      sums.loss.add(logSumExp(row) - (row[next] ?? 0));
      if (!theirs) continue;
      const other = theirs(at - from);
      sums.originalLoss.add(logSumExp(other) - (other[next] ?? 0));
      sums.divergence.add(divergence(other, row));
      sums.same.add(topOf(other) === topOf(row) ? 1 : 0);
    }
  }
}

function toQuality(sums: Sums, windowTokens: number, isCompared: boolean): Quality {
  const { loss, originalLoss } = sums;
  const perplexity = Math.exp(loss.mean);
  return {
    perplexity,
    perplexityError: perplexity * loss.error,
    tokens: loss.count,
    windowTokens,
    ...(isCompared && {
      against: {
        originalPerplexity: Math.exp(originalLoss.mean),
        divergence: sums.divergence.mean,
        divergenceError: sums.divergence.error,
        sameTop: sums.same.mean,
      },
    }),
  };
}

/** How fast a model answers, alone in its process. Throws WeirError. */
export function measureSpeed(llama: Llama, job: SpeedJob, progress: Progress): Speed {
  const { file, promptTokens, newTokens, threads } = job;
  const contextTokens = promptTokens + newTokens + 1;
  const reader = new WindowReader(llama, file, { contextTokens, threads });
  const prompt = Math.min(promptTokens, reader.contextTokens - newTokens - 1);
  if (prompt < 1) {
    throw new WeirError(
      "invalid_request",
      `${file} holds ${reader.contextTokens} tokens: too few for ${newTokens} new ones.`,
    );
  }
  const tokens = Array.from({ length: prompt }, (_, at) => (at * 7919) % reader.vocabulary.size);
  // The first pass brings the weights into memory.
  prefill(reader, tokens);
  const began = performance.now();
  let next = prefill(reader, tokens);
  const firstTokenMs = performance.now() - began;
  const made = performance.now();
  for (let at = 0; at < newTokens; at++) {
    next = topOf(reader.read([next], prompt + at)(0));
    progress(at + 1, newTokens);
  }
  const tokensPerSecond = (newTokens / (performance.now() - made)) * 1000;
  reader.close();
  const peakBytes = mostMemory();
  return {
    firstTokenMs,
    promptTokens: prompt,
    tokensPerSecond,
    peakBytes,
    fileBytes: statSync(file).size,
  };
}

/** The most that this process has had, in bytes. On Linux `maxRSS` begins with what the parent had when it forked. */
function mostMemory(): number {
  try {
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    if (kib !== undefined) return Number(kib) * 1024;
  } catch {
    // No Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}

function prefill(reader: WindowReader, tokens: readonly number[]): number {
  reader.clear();
  let next = 0;
  for (const [from, to] of stepsOf(tokens.length)) {
    const rows = reader.read(tokens.slice(from, to), from);
    next = topOf(rows(to - from - 1));
  }
  return next;
}
