import { Wealth } from "./wealth.ts";

/**
 * What the marks of two arms say of a candidate: mathematics without I/O, clock or randomness.
 *
 * Each unit of traffic (a call, or a session) may carry **marks**, of which every one is bad: it failed,
 * it was late, it refused. The router gave the unit to the candidate with a known probability. Given that
 * a unit carries a mark, the odds that it was the candidate's are `w·c / ((1−w)·s)` for mark rates `c` and
 * `s` of candidate and stable; under "the candidate is no worse than tolerated", c ≤ (1+tolerance)·s, they
 * are at most `w·(1+tolerance) / (1−w)`. That is a coin with a known bound, however traffic, load and both
 * rates move with time, and we bet on it (`wealth.ts`). Conditioning on the event is the multinomial test of
 * Lindon and Malek (NeurIPS 2022); two rates at fixed blocks are Turner, Ly and Grünwald (JSPI 230, 2024).
 *
 * - **Rollback**: the capitals of all marks, averaged by weight, reach 1/α. An average of e-processes is one,
 *   so a candidate that is no worse is ever rolled back with probability at most α, over the whole rollout
 *   and all marks together.
 * - **Promotion**: the reverse bet, that the candidate is worse than stable by the factor `missWorseThan` and
 *   also marked in more than a small share of its own units. It must be won for every mark, each at 1/β: then
 *   a candidate that is so much worse in any of them goes on with probability at most β.
 */
export interface EvidenceRules {
  /** α: the chance that a candidate that is no worse is rolled back, ever. */
  readonly falseRollback: number;
  /** β: the chance that one that is worse than a step allows passes it. */
  readonly falsePromotion: number;
  readonly marks: readonly MarkRules[];
  /** What each step must show: how many times stable's rate the candidate's is not, rising exposure last. */
  readonly steps: readonly number[];
}

export interface MarkRules {
  readonly name: string;
  /** Its share of α; all together 1. */
  readonly weight: number;
  /** By how much more of stable's rate is tolerated: 0.25 is a quarter more. */
  readonly tolerance: number;
  /** The share of the candidate's units that may carry it at the last step, whatever stable's is. */
  readonly floor: number;
  /** Whether steps wait for it. */
  readonly isAwaited: boolean;
}

/** One unit, as far as marks go. */
export interface Marked {
  readonly isCandidate: boolean;
  /** The probability with which it became the candidate's, among those that are observed. */
  readonly probability: number;
  /** True: it has the mark; absent: nobody can say. */
  readonly marks: Readonly<Record<string, boolean>>;
}

/** How much a mark speaks against the candidate, and for it. */
export interface MarkEvidence {
  readonly name: string;
  /** The e-value against the candidate by this mark alone, and its weight in the whole. */
  readonly against: number;
  readonly weight: number;
  readonly tolerance: number;
  /** By step: the e-value that it is not so much worse. Passed at `passAt`. */
  readonly passes: readonly number[];
  readonly isAwaited: boolean;
  readonly stable: Tally;
  readonly candidate: Tally;
}

export interface Tally {
  readonly marked: number;
  readonly units: number;
}

/** How much worse a candidate may be, and how much is staked on each: most on what is worth finding early. */
const WORSE = [1.25, 1.5, 2, 3, 5, 10, 30];
const STAKES = [0.03, 0.07, 0.2, 0.4, 0.2, 0.07, 0.03];

export class Evidence {
  readonly rules: EvidenceRules;
  private readonly books: readonly MarkBook[];

  constructor(rules: EvidenceRules) {
    this.rules = rules;
    this.books = rules.marks.map((mark) => new MarkBook(mark, rules.steps));
  }

  /** Takes a unit. Units must come in an order that does not depend on how they ended. */
  take(unit: Marked): void {
    for (const book of this.books) {
      const isMarked = unit.marks[book.rules.name];
      if (isMarked !== undefined) book.take(unit, isMarked);
    }
  }

  /**
   * Takes one request that both arms answered: how hard it was says nothing then, and few of them say much.
   */
  takePair(stable: Marked["marks"], candidate: Marked["marks"]): void {
    for (const book of this.books) {
      const [ofStable, ofCandidate] = [stable[book.rules.name], candidate[book.rules.name]];
      if (ofStable === undefined || ofCandidate === undefined) continue;
      book.takePair(ofStable, ofCandidate);
    }
  }

  /** The e-value against the candidate, all marks together. */
  get against(): number {
    return this.books.reduce((sum, { rules, against }) => sum + rules.weight * against.value, 0);
  }

  /** What `against` must reach. */
  get bound(): number {
    return 1 / this.rules.falseRollback;
  }

  get isWorse(): boolean {
    return this.against >= this.bound;
  }

  /** What each mark must reach to pass a step. */
  get passAt(): number {
    return 1 / this.rules.falsePromotion;
  }

  /** Marks that do not yet say that a step may be left. None: it was earned. */
  awaited(step: number): string[] {
    const waiting = this.books.filter(
      ({ rules, passes }) => rules.isAwaited && (passes[step]?.value ?? 0) < this.passAt,
    );
    return waiting.map(({ rules }) => rules.name);
  }

  report(): MarkEvidence[] {
    return this.books.map((book) => book.report());
  }
}

/** All bets on one mark. */
class MarkBook {
  readonly rules: MarkRules;
  readonly against = new Wealth(WORSE, STAKES);
  readonly passes: readonly StepBets[];
  private readonly stable = { marked: 0, units: 0 };
  private readonly candidate = { marked: 0, units: 0 };

  constructor(rules: MarkRules, steps: readonly number[]) {
    this.rules = rules;
    const last = steps.at(-1) ?? 1;
    this.passes = steps.map((ratio) => new StepBets(ratio, (rules.floor * ratio) / last));
  }

  take({ isCandidate, probability }: Marked, isMarked: boolean): void {
    const tally = isCandidate ? this.candidate : this.stable;
    tally.units += 1;
    if (isMarked) tally.marked += 1;
    if (isMarked) this.against.bet(isCandidate, shareOf(probability, 1 + this.rules.tolerance));
    for (const pass of this.passes) {
      if (isMarked) pass.marked(isCandidate, probability);
      if (isCandidate) pass.ofCandidate(isMarked);
    }
  }

  takePair(ofStable: boolean, ofCandidate: boolean): void {
    this.stable.units += 1;
    this.candidate.units += 1;
    if (ofStable) this.stable.marked += 1;
    if (ofCandidate) this.candidate.marked += 1;
    this.against.betPair(ofCandidate, ofStable, 1 + this.rules.tolerance);
    for (const pass of this.passes) pass.pair(ofCandidate, ofStable);
  }

  report(): MarkEvidence {
    const { rules, against, passes, stable, candidate } = this;
    const { name, weight, tolerance, isAwaited } = rules;
    return {
      name,
      weight,
      tolerance,
      isAwaited,
      against: against.value,
      passes: passes.map(({ value }) => value),
      stable: { ...stable },
      candidate: { ...candidate },
    };
  }
}

/**
 * Two bets against "so much worse than stable, and in more than a share of its own units": if that were
 * so, neither could be expected to win, and so not their average. The first needs marks; where there are
 * hardly any, the second is won by units without them.
 */
class StepBets {
  private readonly ratio: number;
  private readonly floor: number;
  private readonly relative: Wealth;
  private readonly absolute = new Wealth(BETTER);

  constructor(ratio: number, floor: number) {
    this.ratio = ratio;
    this.floor = Math.min(floor, MOST_FLOOR);
    // From a little better than the null up to as good as stable, and beyond.
    this.relative = new Wealth(TOWARDS_EQUAL.map((power) => ratio ** -power));
  }

  marked(isCandidate: boolean, probability: number): void {
    this.relative.bet(isCandidate, shareOf(probability, this.ratio));
  }

  pair(ofCandidate: boolean, ofStable: boolean): void {
    this.relative.betPair(ofCandidate, ofStable, this.ratio);
    this.absolute.bet(ofCandidate, this.floor);
  }

  ofCandidate(isMarked: boolean): void {
    this.absolute.bet(isMarked, this.floor);
  }

  get value(): number {
    return (this.relative.value + this.absolute.value) / 2;
  }
}

const TOWARDS_EQUAL = [0.3, 0.6, 1, 1.6];
const BETTER = [0.02, 0.2, 0.5, 0.75];
const MOST_FLOOR = 0.9;

/** The candidate's share of marks where its rate is `ratio` times stable's. */
function shareOf(probability: number, ratio: number): number {
  const candidate = probability * ratio;
  return candidate / (candidate + 1 - probability);
}
