/** Which target answers: pure decisions over injected time and randomness. */

export interface Routable {
  readonly id: string;
  readonly weight: number;
  readonly fallback: boolean;
}

/** The order in which a model's targets are tried. */
export interface Router {
  order<T extends Routable>(targets: readonly T[]): T[];
  succeeded(id: string): void;
  failed(id: string): void;
}

interface Health {
  failuresInARow: number;
  openUntil: number;
}

const MAX_FAILURES = 3;
const COOL_DOWN_MS = 5_000;

/**
 * Healthy before broken, own targets before fallbacks, and among equals by weighted chance. A target
 * is broken for 5 s after three failures in a row; broken ones are still tried when nothing else is
 * left.
 */
export function createRouter({ now, random }: { now: () => number; random: () => number }): Router {
  const health = new Map<string, Health>();

  function rank({ id, fallback }: Routable): number {
    const known = health.get(id);
    const isBroken = known !== undefined && known.openUntil > now();
    return (isBroken ? 2 : 0) + (fallback ? 1 : 0);
  }

  return {
    order(targets) {
      if (targets.length === 1) return [...targets];
      // Efraimidis and Spirakis: sorting by random^(1/weight) draws without replacement by weight.
      return targets
        .map((target) => ({ target, rank: rank(target), draw: random() ** (1 / target.weight) }))
        .toSorted((a, b) => a.rank - b.rank || b.draw - a.draw)
        .map(({ target }) => target);
    },
    succeeded(id) {
      health.delete(id);
    },
    failed(id) {
      const known = health.get(id) ?? { failuresInARow: 0, openUntil: 0 };
      known.failuresInARow += 1;
      if (known.failuresInARow >= MAX_FAILURES) known.openUntil = now() + COOL_DOWN_MS;
      health.set(id, known);
    },
  };
}
