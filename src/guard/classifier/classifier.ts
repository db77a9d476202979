import { probabilityOf, rateOf } from "./calibration.ts";
import { BAGS, SentenceHasher } from "./features.ts";
import { liftOf } from "./lifts.ts";
import { type Model, parseModel } from "./model-file.ts";
import { WindowScores } from "./windows.ts";

/** What one head makes of a text, and the stretch that it goes by. */
export interface HeadScore {
  readonly score: number;
  /** 0 to 1. */
  readonly probability: number;
  /** The share of innocent texts (0 to 1) that score at least as high. */
  readonly falsePositiveRate: number;
  /** Offsets into the text that was given. */
  readonly start: number;
  readonly end: number;
}

export interface Classifier {
  /** Names of the heads, in the order of their numbers. */
  readonly heads: readonly string[];
  /** Scores a text by some heads; `text` in lower case beyond ASCII. Undefined: there is nothing in it. */
  score(text: string, heads: readonly number[]): HeadScore[] | undefined;
}

/** Reads a model file; throws a RangeError that says what is wrong with it. */
export function createClassifier(bytes: Uint8Array): Classifier {
  return classifierOf(parseModel(bytes));
}

export function classifierOf(model: Model): Classifier {
  const hasher = new SentenceHasher(model.buckets);
  const sums = new Float64Array(BAGS);
  const windows = model.heads.map((head) => new WindowScores(head.windows));
  const weights = model.heads.map((_, head) =>
    model.weights.subarray(head * model.buckets, (head + 1) * model.buckets),
  );
  const places = new Places();

  return {
    heads: model.heads.map(({ name }) => name),
    score(text, heads) {
      places.reset();
      for (const head of heads) windows[head]?.reset();
      hasher.open(text);
      while (hasher.next()) {
        places.add(hasher.start, hasher.end);
        for (const head of heads) add(head);
      }
      if (places.count === 0) return undefined;
      return heads.map((head) => result(head, text.length));
    },
  };

  function add(head: number): void {
    const own = weights[head];
    if (!own) return;
    for (let index = 0; index < BAGS; index++) {
      const bag = hasher.bags[index];
      sums[index] = bag ? sumOf(own, bag.buckets, bag.count) : 0;
    }
    windows[head]?.add(sums, hasher.bags);
  }

  function result(head: number, length: number): HeadScore {
    const { scale = 1, bias = 0, calibration } = model.heads[head] ?? {};
    const best = windows[head]?.finish();
    if (!best || !calibration) throw new RangeError(`this model has no head ${head}`);
    const score = best.score * scale + bias - liftOf(calibration.lifts, length);
    return {
      score,
      probability: probabilityOf(calibration, score),
      falsePositiveRate: rateOf(calibration, score),
      start: places.start(best.first),
      end: places.end(best.last),
    };
  }
}

function sumOf(weights: Int8Array, buckets: Uint32Array, count: number): number {
  let sum = 0;
  for (let at = 0; at < count; at++) sum += weights[buckets[at] ?? 0] ?? 0;
  return sum;
}

/** Where sentences stand. One block of memory serves all texts; it grows with the longest. */
class Places {
  count = 0;
  #spans = new Uint32Array(256);

  reset(): void {
    this.count = 0;
    // A very long text is rare: its block is not kept.
    if (this.#spans.length > 65_536) this.#spans = new Uint32Array(256);
  }

  add(start: number, end: number): void {
    if (2 * this.count >= this.#spans.length) {
      const larger = new Uint32Array(this.#spans.length * 2);
      larger.set(this.#spans);
      this.#spans = larger;
    }
    this.#spans[2 * this.count] = start;
    this.#spans[2 * this.count + 1] = end;
    this.count++;
  }

  start(sentence: number): number {
    return this.#spans[2 * sentence] ?? 0;
  }

  end(sentence: number): number {
    return this.#spans[2 * sentence + 1] ?? 0;
  }
}
