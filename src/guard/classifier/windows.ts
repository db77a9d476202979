import { BAGS, BAG_WEIGHTS, type Bag } from "./features.ts";

/**
 * Where in a text something is looked for, in sentences. An instruction buried in a document fills one
 * or two, a persona a page: the strongest stretch of any of these lengths decides, or the whole text.
 */
export const WINDOWS: readonly number[] = [2, 6];
/** As many running totals are kept: more than the longest window has sentences. */
const KEPT = 8;

export function areWindows(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.every((length) => Number.isInteger(length) && length > 0 && length < KEPT)
  );
}

/** A stretch of a text: sentences `first … last`. */
export interface Stretch {
  score: number;
  first: number;
  last: number;
}

/**
 * Sums over sentences as they come, one head's view of one text. A stretch's score is the sum of its
 * weights by the root of their number, bag by bag: what the length of vectors is to a linear model.
 */
export class WindowScores {
  /** Running totals by sentence and bag; a stretch is the difference of two of them. */
  readonly #sums = new Float64Array(KEPT * BAGS);
  readonly #counts = new Float64Array(KEPT * BAGS);
  readonly #best: Stretch = { score: -Infinity, first: 0, last: 0 };
  readonly #lengths: readonly number[];
  #sentences = 0;

  constructor(lengths: readonly number[]) {
    this.#lengths = lengths;
  }

  reset(): void {
    this.#sentences = 0;
    this.#sums.fill(0);
    this.#counts.fill(0);
    this.#best.score = -Infinity;
  }

  /** One sentence: the sum of its weights in each bag, and how many there were. */
  add(sums: Float64Array, bags: readonly Pick<Bag, "count">[]): void {
    const index = this.#sentences++;
    const before = (index % KEPT) * BAGS;
    const now = ((index + 1) % KEPT) * BAGS;
    for (let bag = 0; bag < BAGS; bag++) {
      this.#sums[now + bag] = (this.#sums[before + bag] ?? 0) + (sums[bag] ?? 0);
      this.#counts[now + bag] = (this.#counts[before + bag] ?? 0) + (bags[bag]?.count ?? 0);
    }
    for (const length of this.#lengths) {
      if (this.#sentences >= length) this.#consider(index + 1 - length, index);
    }
  }

  /** To be called after the last sentence: the whole text is a stretch too. */
  finish(): Stretch {
    if (this.#sentences > 0) this.#consider(0, this.#sentences - 1);
    return this.#best;
  }

  #consider(first: number, last: number): void {
    const from = first === 0 ? -1 : (first % KEPT) * BAGS;
    const to = ((last + 1) % KEPT) * BAGS;
    let score = 0;
    for (let bag = 0; bag < BAGS; bag++) {
      const sum = (this.#sums[to + bag] ?? 0) - (from < 0 ? 0 : (this.#sums[from + bag] ?? 0));
      const count =
        (this.#counts[to + bag] ?? 0) - (from < 0 ? 0 : (this.#counts[from + bag] ?? 0));
      if (count > 0) score += ((BAG_WEIGHTS[bag] ?? 1) * sum) / Math.sqrt(count);
    }
    if (score <= this.#best.score) return;
    this.#best.score = score;
    this.#best.first = first;
    this.#best.last = last;
  }
}
