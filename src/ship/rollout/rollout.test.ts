import { describe, expect, it } from "vitest";
import { assign } from "./assign.ts";
import type { Entry, News } from "./journal.ts";
import { type CallFacts, TOLERANCES, type ToleranceName } from "./marks.ts";
import { type RolloutPlan, shares } from "./plan.ts";
import { Rollout } from "./rollout.ts";
import { Units } from "./units.ts";

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

const NAMES = Object.keys(TOLERANCES) as ToleranceName[]; // its own keys
const MARKS_BUT_JUDGE = NAMES.filter((name) => name !== "judge");

const PLAN: RolloutPlan = {
  id: "r1",
  model: "chat",
  candidate: "next",
  stable: "now",
  stages: [0.05, 0.25, 0.5].map((share) => ({ kind: "share" as const, share })),
  falseRollback: 0.05,
  tolerate: TOLERANCES,
  promote: {
    missWorseThan: 1.6,
    risk: 0.05,
    maxExposed: 20_000,
    maxDurationMs: 6 * 3_600_000,
    onInconclusive: "hold",
  },
  never: { consecutiveErrors: 10, crashLoops: 2, guardCritical: 3 },
  warmUpMs: 0,
  marks: MARKS_BUT_JUDGE,
  judgeBudget: 2000,
};

const facts = (rest: Partial<CallFacts> = {}): CallFacts => ({
  failed: false,
  isValid: null,
  refused: false,
  guardHit: false,
  guardCritical: false,
  aborted: false,
  ttftMs: 100,
  itlMs: 20,
  outputTokens: 100,
  costNanos: 1000,
  promptTokens: 300,
  cachedTokens: 0,
  ...rest,
});

/** Answers of both arms, one after the other. */
interface Traffic {
  readonly stable: (random: () => number) => Partial<CallFacts>;
  readonly candidate: (random: () => number) => Partial<CallFacts>;
}

const usual = (random: () => number): Partial<CallFacts> => ({
  failed: random() < 0.01,
  ttftMs: 100 * Math.exp(random() + random() - 1),
  itlMs: 20 * Math.exp(random() - 0.5),
  outputTokens: Math.floor(100 * Math.exp(random() + random() - 1)),
  costNanos: Math.floor(1000 * Math.exp(random() - 0.5)),
});

const GOOD: Traffic = { stable: usual, candidate: usual };

function journalled(plan: RolloutPlan, journal: Entry[] = []) {
  const turns: string[] = [];
  const rollout = new Rollout(plan, [...journal], {
    write(news: News) {
      const entry = { at: journal.length + 1, ...news } as Entry; // all but the time is there
      journal.push(entry);
      return entry;
    },
    turned: () => void turns.push(`${rollout.book.phase} ${rollout.book.stage}`),
  });
  rollout.goOn();
  return { rollout, journal, turns };
}

/** Plays traffic until something is decided or the calls are over. */
function play(rollout: Rollout, { stable, candidate }: Traffic, calls: number, seed = 1): void {
  const random = draws(seed);
  for (let at = 0; at < calls && rollout.book.phase === "running"; at++) {
    const { share } = rollout;
    if (share.shadow > 0) {
      rollout.observe({ arm: "outside", probability: 0, calls: [facts(stable(random))] });
      rollout.observePair(facts(stable(random)), facts(candidate(random)));
      continue;
    }
    const { arm, probability } = assign(share, undefined, random);
    const one = arm === "candidate" ? candidate(random) : stable(random);
    rollout.observe({ arm, probability, calls: [facts(one)] });
  }
}

describe("a rollout", () => {
  it("takes a good candidate through every step and promotes it", () => {
    const { rollout, turns } = journalled(PLAN);
    play(rollout, GOOD, 60_000);
    expect(rollout.book.why).toMatch(/not 1.6 times worse/);
    expect(turns).toEqual(["running 1", "running 2", "promoted 2"]);
    expect(rollout.share).toMatchObject({ candidate: 1, isJudged: false });
  });

  it("rolls back one that fails three times as often, and says by which marks", () => {
    const { rollout } = journalled(PLAN);
    const fails = (random: () => number) => ({ ...usual(random), failed: random() < 0.06 });
    play(rollout, { stable: usual, candidate: fails }, 60_000);
    expect(rollout.book.phase).toBe("rolled-back");
    expect(rollout.book.why).toMatch(/^Evidence .* against a bound of 20: \d+ of \d+ failed/);
    expect(rollout.share).toMatchObject({ candidate: 0, control: 0 });
  });

  it.each([
    ["slower", (random: () => number) => ({ ttftMs: 2 * (usual(random).ttftMs ?? 0) }), /later/],
    ["longer", (random: () => number) => ({ outputTokens: 300 * random() }), /longer/],
    ["shorter", (random: () => number) => ({ outputTokens: 30 * random() }), /shorter/],
    ["dearer", () => ({ costNanos: 2500 }), /cost/],
    ["given to refusing", (random: () => number) => ({ refused: random() < 0.2 }), /refused/],
    ["careless with JSON", (random: () => number) => ({ isValid: random() < 0.8 }), /well formed/],
    ["left by its clients", (random: () => number) => ({ aborted: random() < 0.3 }), /left/],
    ["slow with tokens", () => ({ itlMs: 60 }), /token/],
  ] as const)("rolls back one that is %s", (_what, change, said) => {
    const { rollout } = journalled(PLAN);
    const candidate = (random: () => number) => ({ ...usual(random), ...change(random) });
    play(rollout, { stable: usual, candidate }, 60_000);
    expect(rollout.book.phase).toBe("rolled-back");
    expect(rollout.book.why).toMatch(said);
  });

  it("lets nobody see a candidate whose copies are bad", () => {
    const plan = { ...PLAN, stages: [{ kind: "shadow", pairs: 100 } as const, ...PLAN.stages] };
    const { rollout } = journalled(plan);
    const fails = (random: () => number) => ({ ...usual(random), failed: random() < 0.3 });
    play(rollout, { stable: usual, candidate: fails }, 5000);
    expect(rollout.book).toMatchObject({ phase: "rolled-back", exposed: 0 });
    const good = journalled(plan);
    play(good.rollout, GOOD, 101);
    expect(good.rollout.book).toMatchObject({ phase: "running", stage: 1, pairs: 100 });
  });

  it("tolerates what it was told to", () => {
    const slower = (random: () => number) => ({
      ...usual(random),
      ttftMs: 1.18 * (usual(random).ttftMs ?? 0),
    });
    const { rollout } = journalled(PLAN);
    play(rollout, { stable: usual, candidate: slower }, 60_000);
    expect(rollout.book.phase).toBe("promoted");
  });

  it("never promotes by silence, by a clock or by ten calls a day", () => {
    const { rollout } = journalled(PLAN);
    rollout.tick(5 * 3_600_000);
    expect(rollout.book).toMatchObject({ phase: "running", stage: 0 });
    play(rollout, GOOD, 10);
    expect(rollout.book).toMatchObject({ phase: "running", stage: 0 });
    rollout.tick(-1e12);
    expect(rollout.book.elapsedMs).toBe(5 * 3_600_000);
    rollout.tick(2 * 3_600_000);
    expect(rollout.book.phase).toBe("inconclusive");
    expect(rollout.book.why).toMatch(/nothing was decided: all calls go to stable/);
    expect(rollout.share).toMatchObject({ candidate: 0 });
  });

  it("shows an undecided candidate to no more units than it may", () => {
    const plan = { ...PLAN, promote: { ...PLAN.promote, maxExposed: 30 } };
    const { rollout } = journalled(plan);
    play(rollout, GOOD, 60_000);
    expect(rollout.book).toMatchObject({ phase: "inconclusive", exposed: 30 });
  });

  it("does not go on against a baseline that is broken, nor roll back for what both share", () => {
    const { rollout } = journalled(PLAN);
    const broken = (random: () => number) => ({ ...usual(random), failed: random() < 0.9 });
    play(rollout, { stable: broken, candidate: broken }, 20_000);
    expect(rollout.book).toMatchObject({ phase: "running", stage: 0 });
    const down = journalled(PLAN);
    play(
      down.rollout,
      { stable: () => ({ failed: true }), candidate: () => ({ failed: true }) },
      9000,
    );
    expect(down.rollout.book).toMatchObject({ phase: "running", stage: 0 });
  });

  it("rolls back at once one that only fails, whose engine dies, or that the guard stops", () => {
    const dead = journalled(PLAN);
    play(dead.rollout, { stable: usual, candidate: () => ({ failed: true, ttftMs: null }) }, 9000);
    expect(dead.rollout.book.phase).toBe("rolled-back");
    expect(dead.rollout.book.exposed).toBeLessThanOrEqual(10);
    const crashing = journalled(PLAN);
    crashing.rollout.crashed(1);
    expect(crashing.rollout.book.phase).toBe("running");
    crashing.rollout.crashed(1);
    expect(crashing.rollout.book.why).toMatch(/engine died 2 times/);
    const leaking = journalled(PLAN);
    play(leaking.rollout, { stable: usual, candidate: () => ({ guardCritical: true }) }, 9000);
    expect(leaking.rollout.book.why).toMatch(/guard stopped 3/);
  });

  it("obeys operators, and says so when there is nothing to obey", () => {
    const { rollout, turns } = journalled(PLAN);
    expect(rollout.command("resume", "ops")).toMatch(/not paused already/);
    expect(rollout.command("pause", "ops")).toBeUndefined();
    play(rollout, GOOD, 30_000);
    expect(rollout.book).toMatchObject({ stage: 0, isPaused: true });
    expect(rollout.command("resume", "ops")).toBeUndefined();
    expect(rollout.book.stage).toBeGreaterThan(0);
    expect(rollout.command("promote", "ops")).toBeUndefined();
    expect(rollout.book.why).toBe("Promoted by ops, ahead of the evidence.");
    expect(rollout.command("pause", "ops")).toMatch(/is promoted/);
    expect(rollout.command("abort", "ops")).toBeUndefined();
    expect(rollout.share.candidate).toBe(0);
    expect(turns.at(-1)).toMatch(/^rolled-back/);
  });

  it("rolls back also while it is paused", () => {
    const { rollout } = journalled(PLAN);
    rollout.command("pause", "ops");
    play(rollout, { stable: usual, candidate: () => ({ failed: true }) }, 9000);
    expect(rollout.book.phase).toBe("rolled-back");
  });
});

it("is the same after its process was killed between any two entries, and never exposes more", () => {
  const plan = { ...PLAN, stages: [{ kind: "shadow", pairs: 40 } as const, ...PLAN.stages] };
  const whole: Entry[] = [];
  const { rollout } = journalled(plan, whole);
  play(rollout, GOOD, 60_000, 3);
  expect(rollout.book.phase).toBe("promoted");
  let allowed = 0;
  for (let cut = 1; cut <= whole.length; cut++) {
    const last = whole[cut - 1];
    if (last?.kind === "phase") allowed = last.phase === "promoted" ? 1 : shareAt(plan, last.stage);
    const isTurn = [whole[cut - 1], whole[cut], whole[cut + 1]].some(
      (one) => one?.kind === "phase",
    );
    if (!isTurn && cut % 401 !== 0) continue;
    const again = journalled(plan, whole.slice(0, cut));
    // What was decided and not yet written down is decided again, the same way.
    const decided = whole[cut]?.kind === "phase" ? whole[cut] : undefined;
    const expected =
      decided?.kind === "phase"
        ? decided.phase === "promoted"
          ? 1
          : shareAt(plan, decided.stage)
        : allowed;
    expect(again.rollout.share.candidate).toBe(expected);
  }
});

function shareAt(plan: RolloutPlan, stage: number): number {
  const one = plan.stages[stage];
  return one?.kind === "share" ? one.share : 0;
}

it("asks less of a step that few see", () => {
  expect(shares(PLAN)).toEqual([0.05, 0.25, 0.5]);
  const { rollout } = journalled(PLAN);
  const steps = rollout.book.evidence.rules.steps;
  expect(steps.at(-1)).toBe(1.6);
  expect(steps[0]).toBeGreaterThan(5);
});

describe("sessions", () => {
  it("are one unit each, however often their calls carry a mark", () => {
    const bad = { seeds: 300, rolledBack: 0 };
    for (let seed = 1; seed <= bad.seeds; seed++) {
      const random = draws(seed * 7919);
      const { rollout } = journalled({ ...PLAN, stages: [{ kind: "share", share: 0.25 }] });
      let now = 0;
      const units = new Units({ sessionMs: 1000, giveUpMs: 1000 }, (unit) => rollout.observe(unit));
      for (let session = 0; session < 400; session++) {
        const { arm, probability, key } = assign(rollout.share, `s${session}-${seed}`, random);
        // The whole session is bad or good, whoever answers.
        const failed = random() < 0.1;
        for (let call = 0; call < 8; call++) {
          units.begin({ arm, probability, key }, now)(facts({ failed }), now + 1);
        }
        units.flush((now += 1000));
      }
      if (rollout.book.phase === "rolled-back") bad.rolledBack += 1;
    }
    expect(bad.rolledBack / bad.seeds).toBeLessThan(0.05);
  });

  it("stay with the candidate while exposure grows", () => {
    const share = { id: "r", control: 0.1, shadow: 0, isJudged: true };
    const arms = (candidate: number) =>
      Array.from({ length: 2000 }, (_, at) => {
        return assign({ ...share, candidate }, `session ${at}`, Math.random).arm === "candidate";
      });
    const [few, many] = [arms(0.05), arms(0.5)];
    expect(few.filter(Boolean).length / 2000).toBeCloseTo(0.05, 1);
    expect(few.every((isCandidate, at) => !isCandidate || many[at])).toBe(true);
  });
});

describe("units", () => {
  const collect = () => {
    const taken: string[] = [];
    const units = new Units({ sessionMs: 100, giveUpMs: 1000 }, ({ arm, key, calls }) => {
      taken.push(
        `${key ?? arm} ${calls.map(({ failed }) => (failed ? "failed" : "ok")).join("+")}`,
      );
    });
    return { units, taken };
  };
  const call = (key: string | undefined, arm: "candidate" | "control" = "control") => ({
    arm,
    probability: 0.5,
    key,
  });

  it("come in the order in which they began", () => {
    const { units, taken } = collect();
    const slow = units.begin(call(undefined, "candidate"), 0);
    const quick = units.begin(call(undefined), 1);
    quick(facts(), 2);
    expect(taken).toEqual([]);
    slow(facts(), 50);
    expect(taken).toEqual(["candidate ok", "control ok"]);
  });

  it("do not wait for ever: what hangs has failed", () => {
    const { units, taken } = collect();
    const hanging = units.begin(call(undefined, "candidate"), 0);
    units.begin(call(undefined), 1)(facts(), 2);
    units.flush(1000);
    expect(taken).toEqual(["candidate failed", "control ok"]);
    hanging(facts(), 5000);
    units.flush(9000);
    expect(taken).toHaveLength(2);
  });

  it("take a session's calls together, for a while, and of its first arm only", () => {
    const { units, taken } = collect();
    units.begin(call("s"), 0)(facts(), 1);
    units.begin(call("s"), 50)(facts({ failed: true }), 60);
    units.begin(call("s", "candidate"), 70)(facts({ failed: true }), 80);
    units.flush(99);
    expect(taken).toEqual([]);
    units.flush(100);
    units.begin(call("s"), 150)(facts(), 151);
    units.flush(5000);
    expect(taken).toEqual(["s ok+failed"]);
  });

  it("leave out who says nothing", () => {
    const { units, taken } = collect();
    units.begin(call(undefined), 0)(null, 1);
    units.begin(call(undefined), 1)(facts(), 2);
    expect(taken).toEqual(["control ok"]);
  });
});

describe("a judge", () => {
  const judged = {
    ...PLAN,
    stages: [{ kind: "share", share: 0.1 } as const],
    marks: ["judge"] as const,
  };

  /** Calls of both sides, each scored when it is asked for. */
  function judgeAll(
    rollout: Rollout,
    score: (isCandidate: boolean, random: () => number) => number,
  ) {
    const random = draws(17);
    const sides = new Map<string, boolean>();
    let asked = 0;
    for (let at = 0; at < 40_000 && rollout.book.phase === "running"; at++) {
      const { arm, probability } = assign(rollout.share, undefined, random);
      const id = `call ${at}`;
      sides.set(id, arm === "candidate");
      rollout.observe({ arm, probability, calls: [facts({ id })] });
      for (const wanted of rollout.toJudge) {
        asked += 1;
        expect(rollout.score(wanted, score(sides.get(wanted) ?? false, random))).toBe(true);
      }
    }
    return asked;
  }

  it("is asked for as many calls of each side, and finds a candidate whose answers are worse", () => {
    const { rollout } = journalled(judged);
    const asked = judgeAll(rollout, (isCandidate, random) => (isCandidate ? 0.5 : 0.9) * random());
    expect(rollout.book.phase).toBe("rolled-back");
    expect(rollout.book.why).toMatch(/judged worse/);
    expect(asked).toBeLessThan(400);
    expect(asked).toBe(2 * rollout.book.judged);
  });

  it("lets one pass whose answers are as good, and stays within its budget", () => {
    const { rollout } = journalled(judged);
    judgeAll(rollout, (_isCandidate, random) => Math.round(random() * 10) / 10);
    expect(rollout.book.phase).toBe("promoted");
    const poor = journalled({ ...judged, judgeBudget: 4 });
    expect(judgeAll(poor.rollout, () => 1)).toBe(4);
    expect(poor.rollout.book.phase).toBe("running");
    expect(poor.rollout.score("nobody asked", 1)).toBe(false);
  });
});
