import { BAGS, BAG_WEIGHTS, SentenceHasher } from "./features.ts";
import { WINDOWS, WindowScores } from "./windows.ts";

/** One labelled text. `text` is in lower case beyond ASCII, as `toPlain` makes it. */
export interface FitRow {
  readonly text: string;
  /** One a head: is this one of its positives? Undefined: the head learns nothing from it. */
  readonly targets: readonly (boolean | undefined)[];
  readonly weight: number;
}

export interface FitOptions {
  readonly buckets: number;
  readonly epochs: number;
  readonly rate: number;
  /** The same seed and rows give the same weights. */
  readonly seed: number;
  /** What each head looks at, in sentences; absent: `WINDOWS`. */
  readonly windows?: readonly (readonly number[])[];
  /** From this epoch on the weights are averaged, which evens out the last steps; absent: they are not. */
  readonly averageFrom?: number;
  /** Weights to go on from; absent: from nothing. */
  readonly start?: readonly FittedHead[];
}

/** One head's weights as learned: one a bucket, and what is added to every score. */
export interface FittedHead {
  readonly weights: Float32Array;
  bias: number;
  readonly windows: readonly number[];
}

/** All buckets of one bag in a row, and where each sentence's end. */
interface Column {
  readonly buckets: Uint32Array;
  readonly ends: Uint32Array;
}

/** Rows as numbers: a column a bag, and where each row's sentences end. */
interface Prepared {
  readonly columns: readonly Column[];
  readonly rowEnds: Uint32Array;
}

/**
 * Logistic regression with AdaGrad, head by head. After a first round on whole texts each text
 * teaches by its strongest stretch, which is what will be asked of it later; positives by the
 * whole as well, since nobody told where in them the attack is.
 */
export function fitHeads(
  rows: readonly FitRow[],
  heads: number,
  options: FitOptions,
): FittedHead[] {
  const prepared = prepare(rows, options.buckets);
  return Array.from({ length: heads }, (_, head) => fitHead(prepared, rows, head, options));
}

function prepare(rows: readonly FitRow[], buckets: number): Prepared {
  const hasher = new SentenceHasher(buckets);
  const columns = hasher.bags.map((bag) => ({ bag, buckets: new Growing(), ends: new Growing() }));
  const rowEnds = new Growing();
  let sentences = 0;
  for (const { text } of rows) {
    hasher.open(text);
    for (; hasher.next(); sentences++) {
      for (const { bag, buckets, ends } of columns) {
        buckets.append(bag.buckets, bag.count);
        ends.push(buckets.length);
      }
    }
    rowEnds.push(sentences);
  }
  return {
    columns: columns.map(({ buckets, ends }) => ({ buckets: buckets.view(), ends: ends.view() })),
    rowEnds: rowEnds.view(),
  };
}

function fitHead(
  data: Prepared,
  rows: readonly FitRow[],
  head: number,
  { buckets, epochs, rate, seed, start, windows, averageFrom = epochs }: FitOptions,
): FittedHead {
  const order = rows.map((_, row) => row).filter((row) => rows[row]?.targets[head] !== undefined);
  const empty = emptyHead(buckets, windows?.[head] ?? WINDOWS);
  const learner = new Learner(data, rate, start?.[head] ?? empty, start !== undefined);
  const average = new Average(buckets);
  const random = createRandom(seed + head);
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, random);
    for (const row of order) {
      const { targets, weight } = rows[row] ?? { targets: [], weight: 0 };
      const isPositive = targets[head] === true;
      if (epoch === 0 || isPositive) learner.learnWhole(row, isPositive, weight);
      if (epoch > 0) learner.learnBest(row, isPositive, weight);
    }
    if (epoch >= averageFrom) average.add(learner.head);
  }
  return average.of(learner.head);
}

function emptyHead(buckets: number, windows: readonly number[]): FittedHead {
  return { weights: new Float32Array(buckets), bias: 0, windows };
}

/** The mean of some states of a head. */
class Average {
  readonly #sums: Float64Array;
  #bias = 0;
  #count = 0;

  constructor(buckets: number) {
    this.#sums = new Float64Array(buckets);
  }

  add({ weights, bias }: FittedHead): void {
    for (const [bucket, weight] of weights.entries()) {
      this.#sums[bucket] = (this.#sums[bucket] ?? 0) + weight;
    }
    this.#bias += bias;
    this.#count++;
  }

  /** The head as it is where nothing was added. */
  of(head: FittedHead): FittedHead {
    if (this.#count === 0) return head;
    const weights = Float32Array.from(this.#sums, (sum) => sum / this.#count);
    return { ...head, weights, bias: this.#bias / this.#count };
  }
}

/** What a weight is taken to have been through already: the more, the smaller its first steps. */
const NEW_SQUARES = 1e-3;
const OLD_SQUARES = 1e-2;

class Learner {
  readonly head: FittedHead;
  readonly #data: Prepared;
  readonly #squares: Float32Array;
  readonly #rate: number;
  readonly #scores: WindowScores;
  #biasSquares = 1e-3;

  constructor(data: Prepared, rate: number, head: FittedHead, isOld: boolean) {
    this.#data = data;
    this.#rate = rate;
    this.#scores = new WindowScores(head.windows);
    this.head = { ...head, weights: head.weights.slice() };
    this.#squares = new Float32Array(head.weights.length).fill(isOld ? OLD_SQUARES : NEW_SQUARES);
  }

  learnWhole(row: number, isPositive: boolean, weight: number): void {
    const [first, end] = this.#sentencesOf(row);
    if (end > first) this.#learn(first, end - 1, isPositive, weight);
  }

  learnBest(row: number, isPositive: boolean, weight: number): void {
    const [from, end] = this.#sentencesOf(row);
    if (end === from) return;
    this.#scores.reset();
    const sums = new Float64Array(BAGS);
    const bags = this.#data.columns.map(() => ({ count: 0 }));
    for (let sentence = from; sentence < end; sentence++) {
      for (const [index, { buckets, ends }] of this.#data.columns.entries()) {
        const [bagFrom, bagEnd] = span(ends, sentence);
        sums[index] = sumOf(this.head.weights, buckets, bagFrom, bagEnd);
        const bag = bags[index];
        if (bag) bag.count = bagEnd - bagFrom;
      }
      this.#scores.add(sums, bags);
    }
    const { first, last } = this.#scores.finish();
    this.#learn(from + first, from + last, isPositive, weight);
  }

  #learn(first: number, last: number, isPositive: boolean, weight: number): void {
    const parts = this.#data.columns.map(({ buckets, ends }, bag) => {
      const from = span(ends, first)[0];
      const end = span(ends, last)[1];
      return {
        buckets,
        from,
        end,
        scale: (BAG_WEIGHTS[bag] ?? 1) / Math.sqrt(Math.max(1, end - from)),
      };
    });
    let score = this.head.bias;
    for (const { buckets, from, end, scale } of parts) {
      score += sumOf(this.head.weights, buckets, from, end) * scale;
    }
    const error = ((isPositive ? 1 : 0) - 1 / (1 + Math.exp(-score))) * weight;
    if (Math.abs(error) < 1e-4) return;
    for (const { buckets, from, end, scale } of parts)
      this.#move(buckets, from, end, error * scale);
    this.#biasSquares += error * error;
    this.head.bias += (0.1 * this.#rate * error) / Math.sqrt(this.#biasSquares);
  }

  #move(buckets: Uint32Array, from: number, end: number, gradient: number): void {
    const { weights } = this.head;
    const squares = this.#squares;
    const rate = this.#rate;
    const square = gradient * gradient;
    for (let at = from; at < end; at++) {
      const bucket = buckets[at] ?? 0;
      const sum = (squares[bucket] ?? 0) + square;
      squares[bucket] = sum;
      weights[bucket] = (weights[bucket] ?? 0) + (rate * gradient) / Math.sqrt(sum);
    }
  }

  #sentencesOf(row: number): [number, number] {
    return span(this.#data.rowEnds, row);
  }
}

function span(ends: Uint32Array, index: number): [number, number] {
  return [index === 0 ? 0 : (ends[index - 1] ?? 0), ends[index] ?? 0];
}

function sumOf(weights: Float32Array, buckets: Uint32Array, from: number, end: number): number {
  let sum = 0;
  for (let at = from; at < end; at++) sum += weights[buckets[at] ?? 0] ?? 0;
  return sum;
}

/** Numbers in one block of memory that doubles when it is full. */
class Growing {
  length = 0;
  #block = new Uint32Array(1024);

  push(value: number): void {
    this.#reserve(1);
    this.#block[this.length++] = value;
  }

  append(values: Uint32Array, count: number): void {
    this.#reserve(count);
    this.#block.set(values.subarray(0, count), this.length);
    this.length += count;
  }

  view(): Uint32Array {
    return this.#block.subarray(0, this.length);
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#block.length) return;
    const larger = new Uint32Array(Math.max(this.#block.length * 2, this.length + count));
    larger.set(this.view());
    this.#block = larger;
  }
}

function shuffle(values: number[], random: () => number): void {
  for (let at = values.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [values[at], values[other]] = [values[other] ?? 0, values[at] ?? 0];
  }
}

/** Xorshift, 0 ≤ x < 1. */
export function createRandom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
