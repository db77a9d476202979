import { createRandom as createGenerator } from "../../src/guard/classifier/fit.ts";

/** Seeded randomness: the same numbers on every machine. */
export interface Random {
  /** A whole number in [0, end). */
  below(end: number): number;
  pick<T>(from: readonly T[]): T;
  /** True this often. */
  chance(probability: number): boolean;
}

export function createRandom(seed: number): Random {
  const next = createGenerator(seed);
  const below = (end: number) => Math.floor(next() * end);
  return {
    below,
    pick(from) {
      const picked = from[below(from.length)];
      if (picked === undefined) throw new RangeError("nothing to pick from");
      return picked;
    },
    chance: (probability) => next() < probability,
  };
}
