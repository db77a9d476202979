/** Counts what a threshold finds: pure, over vectors that were made before. */
import { SimilarIndex } from "../../src/serve/gateway/cache/similar-index.ts";
import { likeness } from "../../src/serve/gateway/cache/words.ts";

/** A question that is asked after the known ones: of which group, and how it differs. */
export interface Asked {
  readonly text: string;
  readonly group: number;
  /** `close` or `free` deserve the known answer; all others are what is different. */
  readonly kind: string;
}

interface Missed {
  readonly missed: number;
  readonly all: number;
}

export interface Tally {
  readonly right: number;
  readonly wrong: number;
  readonly precision: { readonly value: number; readonly low: number; readonly high: number };
  readonly close: Missed;
  readonly free: Missed;
  readonly wrongBy: Readonly<Record<string, number>>;
}

const PARTITION = "study";
const FOREVER = { until: Infinity, most: 100_000 };

export class Study {
  private readonly index = new SimilarIndex();
  private readonly known: readonly Float32Array[];
  private readonly asked: readonly (Asked & { readonly vector: Float32Array })[];

  constructor(
    known: readonly string[],
    knownVectors: readonly Float32Array[],
    asked: readonly Asked[],
    askedVectors: readonly Float32Array[],
  ) {
    this.known = knownVectors;
    this.asked = asked.map((one, at) => ({ ...one, vector: vectorAt(askedVectors, at) }));
    for (const [at, text] of known.entries()) {
      const question = { text, vector: vectorAt(knownVectors, at), key: String(at) };
      this.index.add(PARTITION, question, FOREVER);
    }
  }

  /** `isGuarded`: as the cache looks; else by likeness alone. */
  tally(threshold: number, isGuarded: boolean): Tally {
    const missed = { close: 0, free: 0 };
    const wrongBy: Record<string, number> = {};
    let right = 0;
    let wrong = 0;
    for (const one of this.asked) {
      const found = isGuarded ? this.guarded(one, threshold) : this.bare(one.vector, threshold);
      const deserves = one.kind === "close" || one.kind === "free" ? one.kind : undefined;
      if (found === one.group && deserves) right += 1;
      else if (deserves) missed[deserves] += 1;
      if (found === undefined || (found === one.group && deserves)) continue;
      wrong += 1;
      const kind = found === one.group ? one.kind : "another group";
      wrongBy[kind] = (wrongBy[kind] ?? 0) + 1;
    }
    const all = (kind: string) => this.asked.filter((one) => one.kind === kind).length;
    return {
      right,
      wrong,
      precision: wilson(right, right + wrong),
      close: { missed: missed.close, all: all("close") },
      free: { missed: missed.free, all: all("free") },
      wrongBy,
    };
  }

  private guarded(
    question: { readonly text: string; readonly vector: Float32Array },
    threshold: number,
  ): number | undefined {
    const match = this.index.find(PARTITION, question, { threshold, now: 0 });
    return match && Number(match.key);
  }

  private bare(vector: Float32Array, threshold: number): number | undefined {
    let best: { readonly place: number; readonly alike: number } | undefined;
    for (const [place, other] of this.known.entries()) {
      const alike = likeness(vector, other);
      if (alike >= threshold && alike > (best?.alike ?? 0)) best = { place, alike };
    }
    return best?.place;
  }
}

function vectorAt(vectors: readonly Float32Array[], at: number): Float32Array {
  const vector = vectors[at];
  if (!vector) throw new Error(`no vector for question ${at}`);
  return vector;
}

/** The 95 % interval of a share, which stays sound where all or none are right. */
function wilson(right: number, all: number): Tally["precision"] {
  if (all === 0) return { value: 0, low: 0, high: 1 };
  const z = 1.96;
  const share = right / all;
  const middle = share + z ** 2 / (2 * all);
  const spread = z * Math.sqrt((share * (1 - share)) / all + z ** 2 / (4 * all ** 2));
  const scale = 1 + z ** 2 / all;
  return { value: share, low: (middle - spread) / scale, high: (middle + spread) / scale };
}
