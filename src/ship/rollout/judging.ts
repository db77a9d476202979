/** Two calls that a judge is to score, one of each side. */
export interface JudgedPair {
  readonly stable: string;
  readonly candidate: string;
}

/** Pairs that wait for their judge; the oldest are given up. */
const MOST_WAITING = 200;

/**
 * Chooses what a judge looks at: for each call of the candidate's one of stable's. A judge's calls are dear,
 * and as many of each side tell most: of a small candidate's traffic, nearly all that a random choice would
 * pay for is stable's.
 */
export class Judging {
  private readonly unpaired = { stable: new Array<string>(), candidate: new Array<string>() };
  private readonly pairs: JudgedPair[] = [];
  private readonly scores = new Map<string, number>();
  private budget: number;

  /** `budget`: the most calls that may be judged. */
  constructor(budget: number) {
    this.budget = budget;
  }

  /** A call has ended. */
  saw(id: string, isCandidate: boolean): void {
    if (this.budget < 2) return;
    const [own, other] = isCandidate
      ? [this.unpaired.candidate, this.unpaired.stable]
      : [this.unpaired.stable, this.unpaired.candidate];
    const partner = other.shift();
    if (partner === undefined) {
      // Of the more frequent side the newest are kept: they are nearest in time.
      own.push(id);
      if (own.length > 1) own.shift();
      return;
    }
    this.budget -= 2;
    this.pairs.push(
      isCandidate ? { stable: partner, candidate: id } : { stable: id, candidate: partner },
    );
    if (this.pairs.length > MOST_WAITING) this.forget(this.pairs.shift());
  }

  /** What waits for a score. */
  get waiting(): string[] {
    const all = this.pairs.flatMap(({ stable, candidate }) => [stable, candidate]);
    return all.filter((id) => !this.scores.has(id));
  }

  /** Takes a score; gives both where the pair has them now. */
  score(id: string, score: number): { stable: number; candidate: number } | undefined {
    const at = this.pairs.findIndex(({ stable, candidate }) => stable === id || candidate === id);
    const pair = this.pairs[at];
    if (!pair) return undefined;
    this.scores.set(id, score);
    const [stable, candidate] = [this.scores.get(pair.stable), this.scores.get(pair.candidate)];
    if (stable === undefined || candidate === undefined) return undefined;
    this.pairs.splice(at, 1);
    this.forget(pair);
    return { stable, candidate };
  }

  private forget(pair: JudgedPair | undefined): void {
    if (!pair) return;
    this.scores.delete(pair.stable);
    this.scores.delete(pair.candidate);
  }
}
