import { assign } from "../../src/ship/rollout/assign.ts";
import type { News } from "../../src/ship/rollout/journal.ts";
import { TOLERANCES, type ToleranceName } from "../../src/ship/rollout/marks.ts";
import type { RolloutPlan, Stage } from "../../src/ship/rollout/plan.ts";
import { Rollout } from "../../src/ship/rollout/rollout.ts";
import {
  type Report,
  type Row,
  currentCommit,
  describeMachine,
  toMarkdown,
  writeReport,
} from "../report.ts";
import { type Effect, QUIET, type World, requestsOf } from "./worlds.ts";

/** How often a good candidate is rolled back, and how soon a bad one: whole rollouts, all marks on. */

const NULL_RUNS = Number(process.env["WEIR_BENCH_RUNS"] ?? 20_000);
const RUNS = Math.max(50, Math.round(NULL_RUNS / 50));

const share = (value: number): Stage => ({ kind: "share", share: value });
const TENTH = [share(0.1)];
const RAMP = [share(0.05), share(0.25), share(0.5)];

const NAMES = Object.keys(TOLERANCES) as ToleranceName[]; // its own keys
const DEFAULT_MARKS = NAMES.filter((name) => name !== "judge");

function planOf(stages: readonly Stage[], marks: readonly ToleranceName[]): RolloutPlan {
  return {
    id: "bench",
    model: "chat",
    candidate: "candidate",
    stable: "stable",
    stages,
    falseRollback: 0.05,
    tolerate: TOLERANCES,
    promote: {
      missWorseThan: 1.6,
      risk: 0.05,
      maxExposed: 1e9,
      maxDurationMs: 1e12,
      onInconclusive: "hold",
    },
    never: { consecutiveErrors: 10, crashLoops: 2, guardCritical: 3 },
    warmUpMs: 0,
    marks,
    judgeBudget: 2000,
  };
}

interface Case {
  readonly world: World;
  readonly effect: Effect;
  readonly stages: readonly Stage[];
  /** Not promoted before the world ends: only rolled back, or not. */
  readonly isHeld: boolean;
  readonly marks?: readonly ToleranceName[] | undefined;
}

interface Result {
  readonly phase: string;
  readonly exposed: number;
  readonly seconds: number;
}

function play({ world, effect, stages, isHeld, marks }: Case, seed: number): Result {
  const rollout = new Rollout(planOf(stages, marks ?? DEFAULT_MARKS), [], {
    write: (news: News) => ({ at: 1, ...news }),
    turned: () => undefined,
  });
  if (isHeld) rollout.command("pause", "bench");
  let seconds = 0;
  for (const { random, moment, draw } of requestsOf(world, seed)) {
    const { arm, probability } = assign(rollout.share, undefined, random);
    const call = draw(arm === "candidate" ? effect : {});
    rollout.observe({ arm, probability, calls: [call] });
    seconds = moment.at;
    if (rollout.book.phase !== "running") break;
  }
  return { phase: rollout.book.phase, exposed: rollout.book.exposed, seconds };
}

function playAll(one: Case, runs: number, seed: number): Result[] {
  return Array.from({ length: runs }, (_, run) => play(one, seed * 10_000_019 + run));
}

const share20 = (runs: number) => Math.round((NULL_RUNS * runs) / 20);

/** Worlds in which the candidate is as good as stable, and how many of the runs each gets. */
const NULLS: readonly { what: string; one: Case; runs: number }[] = [
  {
    what: "a steady quarter of an hour at 2 requests/s, half to the candidate",
    one: nullCase({ seconds: 900 }, [share(0.5)]),
    runs: share20(4),
  },
  {
    what: "a ramp that the evidence takes, until it is promoted",
    one: { ...nullCase({ seconds: 1800 }, RAMP), isHeld: false },
    runs: share20(4),
  },
  {
    what: "error rate and latency that drift fivefold",
    one: nullCase(
      {
        seconds: 900,
        errorRate: ({ at }) => 0.01 + at / 18_000,
        driftOfLatency: ({ at }) => 1 + at / 225,
      },
      [share(0.25)],
    ),
    runs: share20(4),
  },
  {
    what: "an incident that both share (40 % errors for two minutes)",
    one: nullCase(
      { seconds: 900, errorRate: ({ at }) => (at > 400 && at < 520 ? 0.4 : 0.01) },
      TENTH,
    ),
    runs: share20(4),
  },
  {
    what: "four requests a minute",
    one: nullCase({ seconds: 3600, requestsPerSecond: 1 / 15 }, [share(0.5)]),
    runs: share20(4),
  },
];

function nullCase(world: Partial<World>, stages: readonly Stage[]): Case {
  return { world: { ...QUIET, ...world }, effect: {}, stages, isHeld: true };
}

interface Found {
  readonly what: string;
  readonly effect: Effect;
  readonly within?: number;
  readonly marks?: readonly ToleranceName[];
}

const EFFECTS: readonly Found[] = [
  { what: "three times the errors", effect: { errors: 3 }, within: 300 },
  {
    what: "three times the errors, where errors alone are judged",
    effect: { errors: 3 },
    within: 300,
    marks: ["errors"],
  },
  { what: "five times the errors", effect: { errors: 5 } },
  { what: "twice the time to the first token", effect: { ttft: 2 }, within: 60 },
  { what: "half as long again to the first token", effect: { ttft: 1.5 } },
  { what: "answers twice as long", effect: { length: 2 } },
  { what: "answers a third as long", effect: { length: 1 / 3 } },
  { what: "three times the refusals", effect: { refusals: 3 } },
  { what: "twice the cost", effect: { cost: 2 } },
];

export async function run(): Promise<Report> {
  const rows = [...nullRows(), ...effectRows(), ...promotionRows(), ...flaggerRows()];
  const report: Report = {
    name: "rollout",
    commit: currentCommit(),
    machine: describeMachine(),
    notes: [
      "Whole rollouts over simulated traffic (errors 1 %, refusals 3 %, log-normal latency under a load that both arms share), with all marks on, defaults, and a stated bound of 5 %.",
      `The null has ${NULL_RUNS} seeded runs, everybody looking after every call; effects have ${RUNS} runs of an hour at 2 requests/s, a tenth of them the candidate's.`,
      "The peer is Flagger's rule as its documents give it: checks each minute, success rate at least 97 %, rolled back after five failed checks.",
      "",
    ],
    rows,
  };
  writeReport(report);
  return Promise.resolve(report);
}

function nullRows(): Row[] {
  let [bad, all] = [0, 0];
  const rows = NULLS.map(({ what, one, runs }, at) => {
    const count = playAll(one, runs, at + 1).filter(isRolledBack).length;
    bad += count;
    all += runs;
    return { what: `good candidate rolled back: ${what}`, value: (100 * count) / runs, unit: "%" };
  });
  const value = 100 * upper(bad, all);
  const what = `good candidates rolled back in ${all} runs, upper 95 % confidence limit`;
  return [{ what, value, unit: "%", target: "≤ 5", met: value <= 5 }, ...rows];
}

function effectRows(): Row[] {
  return EFFECTS.flatMap(({ what, effect, within, marks }, at) => {
    const one = { world: QUIET, effect, stages: TENTH, isHeld: true, marks };
    const results = playAll(one, RUNS, 100 + at);
    const found = results.filter(isRolledBack);
    // Those that were not found count as later than all others.
    const value = median(
      results.map((result) => (isRolledBack(result) ? result.exposed : Infinity)),
    );
    const unit = "candidate's requests";
    const limit = within && { target: `≤ ${within}`, met: value <= within };
    return [
      { what: `${what}: rolled back after (median)`, value, unit, ...limit },
      { what: `${what}: found within the hour`, value: (100 * found.length) / RUNS, unit: "%" },
    ];
  });
}

function promotionRows(): Row[] {
  const world = { ...QUIET, seconds: 4 * 3600 };
  const good = playAll({ world, effect: {}, stages: RAMP, isHeld: false }, RUNS, 200);
  const promoted = good.filter(({ phase }) => phase === "promoted");
  const worse = playAll({ world, effect: { errors: 6 }, stages: RAMP, isHeld: false }, RUNS, 201);
  const missed = worse.filter(({ phase }) => phase === "promoted").length;
  return [
    {
      what: "good candidate over 5, 25 and 50 %: promoted within four hours",
      value: (100 * promoted.length) / RUNS,
      unit: "%",
    },
    {
      what: "… after (median)",
      value: median(promoted.map(({ exposed }) => exposed)),
      unit: "candidate's requests",
    },
    {
      what: "… after (median)",
      value: median(promoted.map(({ seconds }) => seconds / 60)),
      unit: "min",
    },
    {
      what: "candidate with six times the errors promoted",
      value: (100 * missed) / RUNS,
      unit: "%",
      target: "≤ 5",
      met: missed <= RUNS * 0.05,
    },
  ];
}

/** What the field's rule does with a good candidate. */
function flaggerRows(): Row[] {
  const incident: World = {
    ...QUIET,
    errorRate: ({ at }) => (at > 1200 && at < 1500 ? 0.08 : 0.01),
  };
  return [
    { what: "good candidate rolled back in an hour at 2 requests/s", world: QUIET },
    { what: "… with an incident that both share (8 % errors for five minutes)", world: incident },
  ].map(({ what, world }, at) => {
    const ours = playAll({ world, effect: {}, stages: TENTH, isHeld: true }, RUNS, 300 + at);
    let theirs = 0;
    for (let run = 0; run < RUNS; run++) if (flagger(world, 77_000 + run)) theirs += 1;
    const value = (100 * ours.filter(isRolledBack).length) / RUNS;
    const peer = (100 * theirs) / RUNS;
    return { what, value, unit: "%", peer, ratio: value / peer };
  });
}

function flagger(world: World, seed: number): boolean {
  let failedChecks = 0;
  let minute = 0;
  const tally = { all: 0, failed: 0 };
  for (const { random, moment, draw } of requestsOf(world, seed)) {
    if (Math.floor(moment.at / 60) > minute) {
      minute = Math.floor(moment.at / 60);
      // A minute without a value is a failed check as well.
      if (tally.all === 0 || tally.failed / tally.all > 0.03) failedChecks += 1;
      if (failedChecks >= 5) return true;
      tally.all = tally.failed = 0;
    }
    if (random() >= 0.1) continue;
    tally.all += 1;
    if (draw({}).failed) tally.failed += 1;
  }
  return false;
}

function isRolledBack({ phase }: Result): boolean {
  return phase === "rolled-back";
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Upper end of a 95 % interval for a share (Wilson). */
function upper(count: number, of: number): number {
  const [part, z] = [count / of, 1.96];
  const middle = part + (z * z) / (2 * of);
  const spread = z * Math.sqrt((part * (1 - part)) / of + (z * z) / (4 * of * of));
  return (middle + spread) / (1 + (z * z) / of);
}

if (import.meta.main) console.log(toMarkdown(await run()));
