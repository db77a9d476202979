/**
 * A bet against a null hypothesis about a coin: "heads has probability at most `p`" (all `ratios` above
 * 1), or "at least `p`" (all below). Each ratio r stakes a share of the capital on the odds being r times
 * those of `p`. Under the null the capital cannot be expected to grow, whatever `p` is at each toss and
 * however often one looks, so by Ville's inequality it ever reaches 1/α with probability at most α
 * (Ville 1939; Shafer, JRSS-A 2021; Ramdas, Grünwald, Vovk and Shafer, Statistical Science 2023).
 */
export class Wealth {
  private readonly ratios: readonly number[];
  private readonly capital: Float64Array;

  /** `stakes`: how the capital is parted among the ratios at the start; absent: evenly. */
  constructor(ratios: readonly number[], stakes?: readonly number[]) {
    this.ratios = ratios;
    this.capital = Float64Array.from(ratios, (_, at) => stakes?.[at] ?? 1 / ratios.length);
  }

  /** Takes one toss whose null is `p`, which must have been known before it. */
  bet(isHeads: boolean, p: number): void {
    const { ratios, capital } = this;
    for (let at = 0; at < ratios.length; at++) {
      const ratio = ratios[at] ?? 1;
      // q/p for heads and (1-q)/(1-p) for tails, where odds(q) = ratio × odds(p).
      const factor = (isHeads ? ratio : 1) / (1 + (ratio - 1) * p);
      capital[at] = Math.min((capital[at] ?? 0) * factor, LARGEST);
    }
  }

  /**
   * Takes one pair of outcomes of the same request, whose null is "the first happens at most `factor` times
   * as often as the second" (all ratios above 1), or "at least" (all below). However much the two hang
   * together, `1 + λ·(first − factor·second)` is not expected to be more than 1 then (Waudby-Smith and
   * Ramdas, JRSS-B 2024); at a factor of 1 it is the bet on which of a differing pair is marked.
   */
  betPair(first: boolean, second: boolean, factor: number): void {
    const { ratios, capital } = this;
    const difference = Number(first) - factor * Number(second);
    for (let at = 0; at < ratios.length; at++) {
      const ratio = ratios[at] ?? 1;
      const stake = (ratio - 1) / (ratio + 1);
      const gain = 1 + (stake > 0 ? stake / factor : stake) * difference;
      capital[at] = Math.min((capital[at] ?? 0) * gain, LARGEST);
    }
  }

  /** What one unit of money has become. */
  get value(): number {
    let sum = 0;
    for (const part of this.capital) sum += part;
    return sum;
  }
}

/** Beyond any bound, and far from the largest number there is. */
const LARGEST = 1e200;
