import type { StepSample } from "./signals.ts";

/**
 * What a step of continuous batching costs, in milliseconds: a base, something for each running sequence,
 * for each token that these look back on, and for each token of a prompt that is read in it.
 */
export interface StepCost {
  readonly baseMs: number;
  readonly sequenceMs: number;
  readonly kvTokenMs: number;
  readonly promptTokenMs: number;
}

/** A replica of middle size: what is believed until steps are seen, and where too few are. */
export const USUAL_COST: StepCost = {
  baseMs: 25,
  sequenceMs: 0.3,
  kvTokenMs: 5e-5,
  promptTokenMs: 0.15,
};

export function stepMs(cost: StepCost, step: Omit<StepSample, "ms">): number {
  return (
    cost.baseMs +
    cost.sequenceMs * step.running +
    cost.kvTokenMs * step.kvTokens +
    cost.promptTokenMs * step.promptTokens
  );
}

/** Half of what was seen is forgotten after so much time. */
const HALF_MS = 30 * 60_000;
/** What is believed beforehand counts as so many samples. */
const PRIOR_WEIGHT = 0.5;
/** A step that took so many times what was expected, or as small a part, counts as just that. */
const MOST_SURPRISE = 3;
const TERMS = 4;

/**
 * Learns the cost of steps from what engines tell: least squares of the relative error, with forgetting, a
 * weak belief beforehand where steps were too much alike to tell the terms apart, and no term below 0.
 * Single wild steps, and a single sick replica among sound ones, pull it only a little.
 */
export class StepModel {
  cost: StepCost;
  /** Samples that count, those half forgotten by half. */
  seen = 0;
  private readonly prior: StepCost;
  /** Normal equations of factors by which each prior term is to be multiplied. */
  private readonly matrix = new Float64Array(TERMS * TERMS);
  private readonly vector = new Float64Array(TERMS);
  /** The sum of the logarithms of how many times slower than believed steps were. */
  private slowness = 0;

  constructor(prior: StepCost = USUAL_COST) {
    this.prior = prior;
    this.cost = prior;
  }

  learn(samples: readonly StepSample[], elapsedMs: number): void {
    this.forget(2 ** (-elapsedMs / HALF_MS));
    let isNew = false;
    for (const sample of samples) {
      if (!(sample.ms > 0)) continue;
      this.add(sample);
      isNew = true;
    }
    if (isNew) this.cost = scaled(this.prior, this.solve());
  }

  private forget(keep: number): void {
    this.seen *= keep;
    this.slowness *= keep;
    for (let at = 0; at < this.matrix.length; at++) this.matrix[at] = (this.matrix[at] ?? 0) * keep;
    for (let at = 0; at < TERMS; at++) this.vector[at] = (this.vector[at] ?? 0) * keep;
  }

  private add(sample: StepSample): void {
    const expected = stepMs(this.cost, sample);
    // The very first say how fast the machine is at all: nothing is too surprising then.
    const most = this.seen < 1 ? Infinity : MOST_SURPRISE;
    const ms = Math.min(Math.max(sample.ms, expected / most), expected * most);
    const { baseMs, sequenceMs, kvTokenMs, promptTokenMs } = this.prior;
    const terms = [
      baseMs,
      sequenceMs * sample.running,
      kvTokenMs * sample.kvTokens,
      promptTokenMs * sample.promptTokens,
    ].map((term) => term / ms);
    this.seen += 1;
    this.slowness += Math.log(ms / stepMs(this.prior, sample));
    for (let row = 0; row < TERMS; row++) {
      const one = terms[row] ?? 0;
      this.vector[row] = (this.vector[row] ?? 0) + one;
      for (let column = 0; column < TERMS; column++) {
        const at = row * TERMS + column;
        this.matrix[at] = (this.matrix[at] ?? 0) + one * (terms[column] ?? 0);
      }
    }
  }

  /** The factors of the prior's terms. A term that would be negative is left out, and the others found anew. */
  private solve(): number[] {
    const left = new Set<number>();
    for (;;) {
      const factors = this.solveWithout(left);
      const negative = factors.findIndex((factor) => factor < 0);
      if (negative === -1) return factors;
      left.add(negative);
    }
  }

  private solveWithout(left: ReadonlySet<number>): number[] {
    const { speed } = this;
    // The belief is one of relative errors as well: of a tenfold slower machine it weighs no more.
    const trust = PRIOR_WEIGHT / (speed * speed);
    const rows = [0, 1, 2, 3]
      .filter((row) => !left.has(row))
      .map((row, _, kept) => [
        ...kept.map((column) => this.entry(row, column) + (row === column ? trust : 0)),
        (this.vector[row] ?? 0) + trust * speed,
      ]);
    const solution = solveLinear(rows);
    const factors = [0, 0, 0, 0];
    let next = 0;
    for (let row = 0; row < TERMS; row++) if (!left.has(row)) factors[row] = solution[next++] ?? 1;
    return factors;
  }

  private entry(row: number, column: number): number {
    return this.matrix[row * TERMS + column] ?? 0;
  }

  /** How many times slower steps are than was believed, all in all: what is not seen alone is taken to be so too. */
  private get speed(): number {
    return Math.exp(this.slowness / (this.seen + PRIOR_WEIGHT));
  }
}

function scaled(prior: StepCost, [base = 1, sequence = 1, kv = 1, prompt = 1]: number[]): StepCost {
  return {
    baseMs: prior.baseMs * base,
    sequenceMs: prior.sequenceMs * sequence,
    kvTokenMs: prior.kvTokenMs * kv,
    promptTokenMs: prior.promptTokenMs * prompt,
  };
}

/** Gauss with pivots, on rows that carry their right side. The rows are used up. */
function solveLinear(rows: number[][]): number[] {
  const size = rows.length;
  for (let step = 0; step < size; step++) {
    const best = rows
      .slice(step)
      .reduce(
        (most, row, at) =>
          Math.abs(row[step] ?? 0) > Math.abs(rows[most]?.[step] ?? 0) ? at + step : most,
        step,
      );
    const pivot = rows[best] ?? [];
    rows[best] = rows[step] ?? [];
    rows[step] = pivot;
    for (const row of rows.slice(step + 1)) subtract(row, pivot, step);
  }
  const solution = Array.from({ length: size }, () => 0);
  for (let at = size - 1; at >= 0; at--) {
    const row = rows[at] ?? [];
    let rest = row[size] ?? 0;
    for (let column = at + 1; column < size; column++) {
      rest -= (row[column] ?? 0) * (solution[column] ?? 0);
    }
    solution[at] = rest / (row[at] ?? 1);
  }
  return solution;
}

function subtract(row: number[], pivot: readonly number[], column: number): void {
  const factor = (row[column] ?? 0) / (pivot[column] ?? 1);
  for (let at = column; at < row.length; at++) row[at] = (row[at] ?? 0) - factor * (pivot[at] ?? 0);
}
