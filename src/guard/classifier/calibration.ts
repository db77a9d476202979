/**
 * What a score means. A table tells, for some scores, which share of innocent texts scores at least
 * as high: it was measured on texts that the weights were not learned from.
 */
export interface Calibration {
  /** Scores, rising, and the share of innocent texts at or above each, falling. */
  readonly scores: readonly number[];
  readonly rates: readonly number[];
  /** Probability of an attack: 1 / (1 + e^-(slope · score + offset)). */
  readonly slope: number;
  readonly offset: number;
  /** What is taken off a score before it is looked up, by the text's length: see `lifts.ts`. */
  readonly lifts: readonly number[];
}

/** The rates that tables are made for; operators choose among 0.1, 0.5, 1, 2 and 5 %. */
const RATES = [0.5, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.003, 0.002, 0.001, 0.0005] as const;

/** The share of innocent texts with this score or more. Between entries the rate falls evenly by ratio. */
export function rateOf({ scores, rates }: Calibration, score: number): number {
  const above = scores.findIndex((known) => known > score);
  if (above === 0) return 1;
  const last = rates.at(-1) ?? 1;
  if (above < 0) return last;
  const [low = 0, high = 0] = [scores[above - 1], scores[above]];
  const [most = 1, least = last] = [rates[above - 1], rates[above]];
  return most * (least / most) ** ((score - low) / (high - low));
}

export function probabilityOf({ slope, offset }: Calibration, score: number): number {
  return 1 / (1 + Math.exp(-(slope * score + offset)));
}

/** What one innocent text or attack scored; `group` heads, in the order of `heads`, judge it together. */
export interface Scored {
  readonly isAttack: boolean;
  readonly scores: readonly number[];
}

/**
 * Tables for heads that look at the same texts. A rate counts a text once whichever of them it
 * alarms, so that an operator's choice bounds the false alarms of all of them together. The scores
 * are what is left when lifts were taken off, and the tables name no lifts.
 */
export function calibrate(heads: number, scored: readonly Scored[]): Calibration[] {
  const innocent = scored.filter(({ isAttack }) => !isAttack);
  const sorted = Array.from({ length: heads }, (_, head) =>
    Float64Array.from(innocent, ({ scores }) => scores[head] ?? 0).sort(),
  );
  // How rare each text's rarest score is: the joint measure.
  const rarest = Float64Array.from(innocent, ({ scores }) =>
    Math.min(...scores.map((score, head) => tail(sorted[head] ?? new Float64Array(), score))),
  ).sort();
  return sorted.map((own, head) => {
    const points = RATES.filter((rate) => rate * innocent.length >= 1).map((rate) => ({
      rate,
      score: own[Math.floor(own.length * (1 - jointToOwn(rarest, rate)))] ?? Infinity,
    }));
    return {
      ...rising(points),
      lifts: [],
      ...fitSigmoid(scored.map(({ isAttack, scores }) => ({ isAttack, score: scores[head] ?? 0 }))),
    };
  });
}

/** The share of values at or above this one. */
function tail(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return (sorted.length - low) / Math.max(1, sorted.length);
}

/** How rare a score of one head must be so that all heads together alarm at this rate. */
function jointToOwn(rarest: Float64Array, rate: number): number {
  return rarest[Math.max(0, Math.ceil(rarest.length * rate) - 1)] ?? 0;
}

/** Entries whose score does not rise say nothing new. */
function rising(points: readonly { rate: number; score: number }[]) {
  const kept = points.filter(
    ({ score }, at) =>
      Number.isFinite(score) && points.slice(0, at).every((other) => other.score < score),
  );
  return { scores: kept.map(({ score }) => round(score)), rates: kept.map(({ rate }) => rate) };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Platt's sigmoid by gradient steps; both classes weigh the same, since nobody knows the real mix. */
function fitSigmoid(all: readonly { isAttack: boolean; score: number }[]) {
  const attacks = all.filter(({ isAttack }) => isAttack).length;
  const weights = [1 / Math.max(1, all.length - attacks), 1 / Math.max(1, attacks)];
  let slope = 1;
  let offset = 0;
  for (let step = 0; step < 400; step++) {
    let bySlope = 0;
    let byOffset = 0;
    for (const { isAttack, score } of all) {
      const expected = 1 / (1 + Math.exp(-(slope * score + offset)));
      const error = ((isAttack ? 1 : 0) - expected) * (weights[isAttack ? 1 : 0] ?? 0);
      bySlope += error * score;
      byOffset += error;
    }
    slope = Math.max(0.05, slope + 0.3 * bySlope);
    offset += 0.3 * byOffset;
  }
  return { slope: round(slope), offset: round(offset) };
}
