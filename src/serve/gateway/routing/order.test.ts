import { describe, expect, it } from "vitest";
import { type Candidate, type OrderRules, orderTargets } from "./order.ts";

const candidate = (more: Partial<Candidate> = {}): Candidate => ({
  weight: 1,
  inFlight: 0,
  firstContentMs: undefined,
  price: undefined,
  prefixMatch: 0,
  usedAt: 0,
  ...more,
});

/** Lehmer's generator: the same numbers in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function firstShares(
  candidates: readonly Candidate[],
  rules: Partial<OrderRules>,
  draws = 10_000,
): number[] {
  const random = randomFrom(7);
  const ids = candidates.map((_, place) => `t${place}`);
  const counts = candidates.map(() => 0);
  for (let draw = 0; draw < draws; draw++) {
    const all = { strategy: "weighted" as const, balance: 1.25, ...rules };
    const [first = 0] = orderTargets(candidates, ids, all, random);
    counts[first] = (counts[first] ?? 0) + 1;
  }
  return counts.map((count) => count / draws);
}

describe("weighted", () => {
  it("shares the traffic by weight, whatever the load", () => {
    const [nine = 0] = firstShares([candidate({ weight: 9, inFlight: 50 }), candidate()], {});
    expect(nine).toBeGreaterThan(0.88);
    expect(nine).toBeLessThan(0.92);
  });
});

describe("least-busy", () => {
  const strategy = "least-busy";

  it("takes the one with the fewest calls for its weight", () => {
    const targets = [candidate({ inFlight: 5 }), candidate({ weight: 4, inFlight: 9 })];
    expect(firstShares(targets, { strategy })).toEqual([0, 1]);
  });

  it("shares by weight where all are as busy", () => {
    const [, one = 0] = firstShares(
      [candidate({ weight: 1, inFlight: 3 }), candidate({ inFlight: 3 })],
      {
        strategy,
      },
    );
    expect(one).toBeGreaterThan(0.45);
    expect(one).toBeLessThan(0.55);
  });
});

describe("latency", () => {
  const strategy = "latency";

  it("takes the faster of two", () => {
    const targets = [candidate({ firstContentMs: 300 }), candidate({ firstContentMs: 100 })];
    expect(firstShares(targets, { strategy })).toEqual([0, 1]);
  });

  it("does not send everything to the best of many, and nothing to the worst", () => {
    const targets = [100, 110, 120, 900].map((firstContentMs) => candidate({ firstContentMs }));
    const [best = 0, second = 0, , worst] = firstShares(targets, { strategy });
    expect(best).toBeLessThan(0.6);
    expect(second).toBeGreaterThan(0.2);
    expect(worst).toBe(0);
  });

  it("counts what waits there already", () => {
    const targets = [
      candidate({ firstContentMs: 100, inFlight: 9 }),
      candidate({ firstContentMs: 300 }),
    ];
    expect(firstShares(targets, { strategy })).toEqual([0, 1]);
  });
});

describe("cost", () => {
  it("takes the cheapest, and those without a price last", () => {
    const targets = [candidate(), candidate({ price: 3 }), candidate({ price: 2 })];
    const order = orderTargets(
      targets,
      ["a", "b", "c"],
      { strategy: "cost", balance: 1.25 },
      randomFrom(1),
    );
    expect(order).toEqual([2, 1, 0]);
  });
});

describe("prefix", () => {
  const strategy = "prefix";

  it("goes where the start of the prompt was seen", () => {
    expect(firstShares([candidate(), candidate({ prefixMatch: 0.9 })], { strategy })).toEqual([
      0, 1,
    ]);
  });

  it("passes a target by that is busier than its share", () => {
    const targets = [candidate({ inFlight: 2 }), candidate({ prefixMatch: 0.9, inFlight: 9 })];
    expect(firstShares(targets, { strategy })).toEqual([1, 0]);
  });

  it("goes by load where next to nothing was seen", () => {
    const targets = [candidate(), candidate({ prefixMatch: 0.1, inFlight: 1 })];
    expect(firstShares(targets, { strategy })).toEqual([1, 0]);
  });

  it("spreads prompts that are new everywhere", () => {
    const targets = [candidate({ usedAt: 9 }), candidate({ usedAt: 5 }), candidate({ usedAt: 7 })];
    expect(firstShares(targets, { strategy })).toEqual([0, 1, 0]);
  });

  it("never lets one target become the hot spot, whoever asks", () => {
    // Every prompt matches target 0 best: its share must stay near a fair one all the same.
    const random = randomFrom(3);
    const inFlight = [0, 0, 0, 0];
    for (let call = 0; call < 400; call++) {
      const targets = inFlight.map((count, place) =>
        candidate({ inFlight: count, prefixMatch: place === 0 ? 1 : 0 }),
      );
      const rules = { strategy, balance: 1.25 } as const;
      const [first = 0] = orderTargets(targets, ["a", "b", "c", "d"], rules, random);
      inFlight[first] = (inFlight[first] ?? 0) + 1;
    }
    expect(Math.max(...inFlight)).toBeLessThanOrEqual(Math.ceil(100 * 1.25));
  });
});

describe("sticky", () => {
  const first = (name: string, ids: readonly string[]) => {
    const targets = ids.map(() => candidate());
    const rules = { strategy: "least-busy", balance: 1.25, stickyTo: name } as const;
    return ids[orderTargets(targets, ids, rules, Math.random)[0] ?? 0];
  };
  const names = Array.from({ length: 1000 }, (_, index) => `user-${index}`);

  it("keeps everybody in place, and spreads them", () => {
    const homes = names.map((name) => first(name, ["a", "b", "c"]));
    expect(names.map((name) => first(name, ["a", "b", "c"]))).toEqual(homes);
    for (const id of ["a", "b", "c"]) {
      const share = homes.filter((home) => home === id).length / names.length;
      expect(share).toBeGreaterThan(0.27);
      expect(share).toBeLessThan(0.4);
    }
  });

  it("moves only those whose target went away", () => {
    const stayed = names.filter((name) => first(name, ["a", "b", "c"]) !== "c");
    const homes = stayed.map((name) => first(name, ["a", "b", "c"]));
    expect(stayed.map((name) => first(name, ["a", "b"]))).toEqual(homes);
  });
});
