/**
 * Long texts score higher than short ones, innocent ones too: there is more in them that can look
 * like something. A lift says how much higher, at lengths of 32 characters and each time twice as many; it
 * is taken off, so that a false-positive rate holds for texts of any length.
 */
const SHORTEST = 32;
const STEPS = 9;
/** The share of innocent texts of a length that lie above their lift. */
const ABOVE = 0.03;
/** Fewer texts around a length than these say nothing of it. */
const LEAST_TEXTS = 40;

export interface Measured {
  /** In characters. */
  readonly length: number;
  readonly score: number;
}

/** What to take off a score of a text with so many characters. No lifts: nothing. */
export function liftOf(lifts: readonly number[], length: number): number {
  if (lifts.length === 0) return 0;
  const place = placeOf(length);
  const step = Math.min(STEPS - 2, Math.floor(place));
  const [low = 0, high = 0] = [lifts[step], lifts[step + 1]];
  return low + (high - low) * (place - step);
}

/** Lifts that innocent texts ask for; they never fall with the length. */
export function fitLifts(innocent: readonly Measured[]): number[] {
  const sorted = innocent
    .map(({ length, score }) => ({ place: placeOf(length), score }))
    .toSorted((a, b) => b.score - a.score);
  const quantiles = Array.from({ length: STEPS }, (_, step) => quantile(sorted, step));
  let last = quantiles.find((one) => one !== undefined) ?? 0;
  return quantiles.map((one) => (last = round(Math.max(last, one ?? last))));
}

/** The score that `ABOVE` of the texts around this step reach; a text counts less the farther away it is. */
function quantile(
  sorted: readonly { place: number; score: number }[],
  step: number,
): number | undefined {
  const weightOf = (place: number) => Math.max(0, 1 - Math.abs(place - step));
  const all = sorted.reduce((sum, { place }) => sum + weightOf(place), 0);
  if (all < LEAST_TEXTS) return undefined;
  let above = 0;
  return sorted.find(({ place }) => (above += weightOf(place)) >= ABOVE * all)?.score;
}

/** Which step a length stands at, with the way to the next as a fraction. */
function placeOf(length: number): number {
  return Math.max(0, Math.min(STEPS - 1, Math.log2(Math.max(1, length) / SHORTEST)));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** For model files: as many as there are steps, or none. */
export function areLifts(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    (value.length === 0 || value.length === STEPS) &&
    value.every(Number.isFinite)
  );
}
