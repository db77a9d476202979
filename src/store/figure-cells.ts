import type { Run } from "../core/run.ts";
import type { Dimension, FigureCell } from "../core/run-query.ts";
import { Sketch } from "../core/sketch.ts";
import { ROUTE_OF_SHADOWS } from "./shadow-route.ts";

/** What is added up, in the order in which it is kept. */
export const SUMS = [
  "runs",
  "errors",
  "blocked",
  "canceled",
  "guarded",
  "streamed",
  "counted",
  "inputTokens",
  "outputTokens",
  "cachedTokens",
  "cacheWriteTokens",
  "reasoningTokens",
  "imageTokens",
  "audioTokens",
  "costNanos",
  "inputCostNanos",
  "outputCostNanos",
  "unpriced",
] as const satisfies (keyof FigureCell)[];

export const SKETCHES = ["duration", "ttft", "perToken", "queue"] as const;

/** Adds what a run counts to sums in the order of `SUMS`; `sign` −1 takes it out. */
export function addSums(sums: Float64Array, run: Run, sign: 1 | -1): void {
  const weight = run.weight * sign;
  for (const [index, value] of valuesOf(run).entries()) {
    if (value) sums[index] = (sums[index] ?? 0) + value * weight;
  }
}

/** Sums and distributions of some runs. */
export class Cell {
  readonly sums = new Float64Array(SUMS.length);
  readonly duration = new Sketch();
  readonly ttft = new Sketch();
  readonly perToken = new Sketch();
  readonly queue = new Sketch();

  /** `sign` −1 takes out what was put in. */
  add(run: Run, sign: 1 | -1): void {
    const weight = run.weight * sign;
    addSums(this.sums, run, sign);
    if (run.status === "success" && run.durationMs !== null) {
      this.duration.add(run.durationMs, weight);
    }
    // The first content of an answer that comes whole comes at its end.
    if (run.isStream && run.ttftMs !== null) this.ttft.add(run.ttftMs, weight);
    const perToken = perTokenMs(run);
    if (perToken !== undefined) this.perToken.add(perToken, weight);
    const queueMs = run.call?.queueMs;
    if (queueMs != null) this.queue.add(queueMs, weight);
  }

  merge(other: Cell): void {
    for (const [index, value] of other.sums.entries()) {
      if (value) this.sums[index] = (this.sums[index] ?? 0) + value;
    }
    for (const name of SKETCHES) this[name].merge(other[name]);
  }

  toFigures(at: number, values: readonly string[]): FigureCell {
    const sums = Object.fromEntries(
      SUMS.map((name, index) => [name, Math.round((this.sums[index] ?? 0) * 100) / 100]),
    ) as Record<(typeof SUMS)[number], number>;
    const { duration, ttft, perToken, queue } = this;
    return { at, values, ...sums, duration, ttft, perToken, queue };
  }
}

/** Whether a run stands in figures: those that go on, shadows, and what a call of ours counts do not. */
export function isCounted(run: Run): boolean {
  return run.status !== "pending" && !run.isCovered && run.route !== ROUTE_OF_SHADOWS;
}

export function valueOf(run: Run, dimension: Exclude<Dimension, "tag">): string | null {
  return VALUES[dimension](run);
}

const VALUES: Record<Exclude<Dimension, "tag">, (run: Run) => string | null> = {
  model: (run) => run.model,
  target: (run) => run.target,
  provider: (run) => run.provider,
  route: (run) => run.route,
  key: (run) => run.keyId,
  user: (run) => run.userId,
  tenant: (run) => run.tenantId,
  project: (run) => run.projectId,
  promptVersion: (run) => run.promptVersion,
  type: (run) => run.type,
  source: (run) => run.source,
  status: (run) => run.status,
  thread: (run) => run.threadId,
  name: (run) => run.name,
};

function valuesOf(run: Run): number[] {
  const isTold = run.inputTokens + run.outputTokens > 0;
  return [
    1,
    Number(run.status === "error"),
    Number(run.status === "blocked"),
    Number(run.status === "canceled"),
    Number((run.call?.findings.length ?? 0) > 0),
    Number(run.isStream),
    Number(isTold),
    run.inputTokens,
    run.outputTokens,
    run.cachedTokens,
    run.cacheWriteTokens,
    run.reasoningTokens,
    run.imageTokens,
    run.audioTokens,
    run.costNanos ?? 0,
    run.inputCostNanos ?? 0,
    run.outputCostNanos ?? 0,
    Number(isTold && run.costNanos === null),
  ];
}

/** Milliseconds between two tokens of a streamed answer. */
function perTokenMs(run: Run): number | undefined {
  const { durationMs, ttftMs, outputTokens, status, isStream } = run;
  if (status !== "success" || !isStream || outputTokens < 2) return undefined;
  if (durationMs === null || ttftMs === null) return undefined;
  return Math.max(0, durationMs - ttftMs) / (outputTokens - 1);
}
