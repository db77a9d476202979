import { expect, it } from "vitest";
import { Evidence, type EvidenceRules, type MarkRules } from "./evidence.ts";

const ALPHA = 0.05;
const BETA = 0.05;

/** mulberry32: the same draws on every run. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const mark = (name: string, rest: Partial<MarkRules> = {}): MarkRules => ({
  name,
  weight: 1,
  tolerance: 0,
  floor: 0.01,
  isAwaited: true,
  ...rest,
});

const rules = (marks: readonly MarkRules[], steps: readonly number[] = [1.6]): EvidenceRules => ({
  falseRollback: ALPHA,
  falsePromotion: BETA,
  marks,
  steps,
});

interface World {
  /** The candidate's share at this point of the run, 0 to 1. */
  readonly weight: (part: number) => number;
  /** Mark rates of both arms at this point. */
  readonly rates: (part: number, random: () => number) => { stable: number; candidate: number };
  readonly units: number;
  readonly tolerance?: number;
}

/** Runs of one world that were ever rolled back: everybody looks after every unit. */
function rolledBack(runs: number, seed: number, world: World): number {
  let count = 0;
  for (let run = 0; run < runs; run++) {
    const random = draws(seed * 1_000_003 + run);
    const one = mark("errors", { tolerance: world.tolerance ?? 0 });
    const evidence = new Evidence(rules([one], []));
    for (let at = 0; at < world.units; at++) {
      const probability = world.weight(at / world.units);
      const isCandidate = random() < probability;
      const { stable, candidate } = world.rates(at / world.units, random);
      const errors = random() < (isCandidate ? candidate : stable);
      // Units without a mark change nothing of what is against.
      if (errors) evidence.take({ isCandidate, probability, marks: { errors } });
      if (evidence.isWorse) {
        count += 1;
        break;
      }
    }
  }
  return count;
}

const same = (rate: number) => ({ stable: rate, candidate: rate });
const ramp = (part: number) => [0.01, 0.05, 0.25, 0.5][Math.floor(part * 4)] ?? 0.5;

/** Upper end of a 99 % confidence interval (Wilson) for a share. */
function upper(count: number, of: number): number {
  const [share, z] = [count / of, 2.576];
  const middle = share + (z * z) / (2 * of);
  const spread = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return (middle + spread) / (1 + (z * z) / of);
}

const NULLS: Record<string, World> = {
  "a ramp of exposure": { weight: ramp, rates: () => same(0.3), units: 3000 },
  "rates that drift": { weight: ramp, rates: (part) => same(0.05 + part * 0.5), units: 2500 },
  "an incident that both share": {
    weight: () => 0.1,
    rates: (part) => same(part > 0.4 && part < 0.5 ? 0.9 : 0.02),
    units: 4000,
  },
  "little traffic": { weight: () => 0.5, rates: () => same(0.5), units: 60 },
  "a worse candidate that is just tolerated": {
    weight: ramp,
    rates: () => ({ stable: 0.2, candidate: 0.24 }),
    units: 3000,
    tolerance: 0.2,
  },
};

it("rolls back no more good candidates than it says, in 20,000 runs of five worlds, looking always", () => {
  let [bad, all] = [0, 0];
  for (const [at, [name, world]] of Object.entries(NULLS).entries()) {
    const runs = name === "little traffic" ? 8000 : 3000;
    const count = rolledBack(runs, at + 1, world);
    expect({ name, isBounded: upper(count, runs) < ALPHA + 0.012 }).toEqual({
      name,
      isBounded: true,
    });
    bad += count;
    all += runs;
  }
  expect(all).toBe(20_000);
  expect(bad).toBeGreaterThan(0); // the check can fail
  expect(upper(bad, all)).toBeLessThan(ALPHA);
});

it("rolls back no more good candidates when many marks are watched", () => {
  const runs = 2000;
  let bad = 0;
  const names = ["a", "b", "c", "d", "e", "f"];
  for (let run = 0; run < runs; run++) {
    const random = draws(77_000_000 + run);
    const marks = names.map((name) => mark(name, { weight: 1 / names.length }));
    const evidence = new Evidence(rules(marks, []));
    for (let at = 0; at < 1000 && !evidence.isWorse; at++) {
      const isCandidate = random() < 0.25;
      // They hang together: a hard request has several.
      const isHard = random() < 0.3;
      const made = names.map((name) => [name, isHard && random() < 0.6] as const);
      evidence.take({ isCandidate, probability: 0.25, marks: Object.fromEntries(made) });
    }
    if (evidence.isWorse) bad += 1;
  }
  expect(upper(bad, runs)).toBeLessThan(ALPHA + 0.01);
});

it("finds a candidate that fails three times as often, and one that fails always at once", () => {
  const power = (candidate: number, units: number) =>
    rolledBack(200, 5, { weight: () => 0.1, rates: () => ({ stable: 0.01, candidate }), units });
  expect(power(0.03, 20_000)).toBe(200);
  expect(power(1, 100)).toBeGreaterThan(190);
});

it("bets on pairs whatever they have in common", () => {
  const runs = 4000;
  const count = (tolerance: number, candidateOnly: number, stableOnly: number) => {
    let bad = 0;
    for (let run = 0; run < runs; run++) {
      const random = draws(31_000_000 + run);
      const evidence = new Evidence(rules([mark("refusals", { tolerance })], []));
      for (let at = 0; at < 600 && !evidence.isWorse; at++) {
        const isHard = random() < 0.2;
        const draw = random();
        const stable = isHard || draw < stableOnly;
        const candidate = isHard || (draw >= stableOnly && draw < stableOnly + candidateOnly);
        evidence.takePair({ refusals: stable }, { refusals: candidate });
      }
      if (evidence.isWorse) bad += 1;
    }
    return bad;
  };
  expect(upper(count(0, 0.1, 0.1), runs)).toBeLessThan(ALPHA + 0.01);
  // A quarter more than stable's 20 % is tolerated, though only the candidate has it in differing pairs.
  expect(upper(count(0.25, 0.05, 0), runs)).toBeLessThan(ALPHA + 0.01);
  expect(count(0, 0.2, 0.02)).toBe(runs);
});

/** Candidates that pass a step, and after how many units of their own in the middle. */
function passed(runs: number, world: World, ratio = 1.6, floor = 0.01) {
  const after: number[] = [];
  for (let run = 0; run < runs; run++) {
    const random = draws(9_000_000 + run);
    const evidence = new Evidence(rules([mark("errors", { floor })], [ratio]));
    let own = 0;
    for (let at = 0; at < world.units; at++) {
      const probability = world.weight(at / world.units);
      const isCandidate = random() < probability;
      if (isCandidate) own += 1;
      const { stable, candidate } = world.rates(at / world.units, random);
      const errors = random() < (isCandidate ? candidate : stable);
      evidence.take({ isCandidate, probability, marks: { errors } });
      if (evidence.awaited(0).length > 0) continue;
      after.push(own);
      break;
    }
  }
  return { count: after.length, median: after.toSorted((a, b) => a - b)[after.length >> 1] };
}

it("lets a candidate that is worse than allowed pass no more often than it says", () => {
  const worse = { weight: () => 0.5, units: 2000 };
  const relative = passed(4000, { ...worse, rates: () => ({ stable: 0.25, candidate: 0.4 }) });
  expect(upper(relative.count, 4000)).toBeLessThan(BETA);
  const rare = passed(4000, { ...worse, rates: () => ({ stable: 0.001, candidate: 0.01 }) });
  expect(upper(rare.count, 4000)).toBeLessThan(BETA);
});

it("lets a good candidate pass, also where nothing ever goes wrong", () => {
  const good = { weight: () => 0.5, units: 4000 };
  const spotless = passed(50, { ...good, rates: () => same(0) });
  expect(spotless.count).toBe(50);
  expect(spotless.median).toBeLessThan(500);
  const usual = passed(50, { ...good, rates: () => same(0.2) });
  expect(usual.count).toBe(50);
});

it("waits for what nobody has seen yet, and only for what is awaited", () => {
  const evidence = new Evidence(
    rules([mark("errors", { weight: 0.5 }), mark("judge", { weight: 0.5, isAwaited: false })]),
  );
  for (let at = 0; at < 1000; at++) {
    evidence.take({ isCandidate: at % 2 === 0, probability: 0.5, marks: { errors: false } });
  }
  expect(evidence.awaited(0)).toEqual([]);
  const asked = new Evidence(
    rules([mark("errors", { weight: 0.5 }), mark("judge", { weight: 0.5 })]),
  );
  for (let at = 0; at < 1000; at++) {
    asked.take({ isCandidate: at % 2 === 0, probability: 0.5, marks: { errors: false } });
  }
  expect(asked.awaited(0)).toEqual(["judge"]);
  expect(asked.against).toBeCloseTo(1, 9);
});

it("stays a number when all goes one way", () => {
  const evidence = new Evidence(rules([mark("errors")], [1.6, 8]));
  for (let at = 0; at < 50_000; at++) {
    evidence.take({ isCandidate: true, probability: 0.01, marks: { errors: true } });
  }
  expect(evidence.against).toBeGreaterThan(1e100);
  expect(Number.isFinite(evidence.against)).toBe(true);
  expect(evidence.awaited(1)).toEqual(["errors"]);
});
