import { Baseline } from "./baseline.ts";
import { Evidence } from "./evidence.ts";
import type { Entry, Phase } from "./journal.ts";
import { type CallFacts, type Tolerances, marksOf } from "./marks.ts";
import { type RolloutPlan, type Stage, evidenceRules } from "./plan.ts";

/** A point of the e-value's curve. */
export interface CurvePoint {
  readonly at: number;
  readonly exposed: number;
  readonly against: number;
  readonly stage: number;
}

export interface Turn {
  readonly at: number;
  readonly phase: Phase;
  readonly stage: number;
  readonly why: string;
}

const RECENT = 100;
const MOST_POINTS = 400;

/** What a rollout's journal comes to: nothing but its entries, in order, changes it. */
export class Book {
  readonly plan: RolloutPlan;
  readonly evidence: Evidence;
  phase: Phase = "running";
  stage = 0;
  why = "It has begun.";
  isPaused = false;
  begunAt = 0;
  changedAt = 0;
  /** When anything of it was last seen. */
  heardAt = 0;
  elapsedMs = 0;
  /** Units of the candidate's that users saw, copies that nobody saw, judged pairs, and stable's units. */
  exposed = 0;
  pairs = 0;
  judged = 0;
  controls = 0;
  outside = 0;
  /** Units of the candidate's that failed since one that did not, and stable's meanwhile. */
  failuresInRow = 0;
  readonly meanwhile = { units: 0, failed: 0 };
  crashes = 0;
  readonly critical = { stable: 0, candidate: 0 };
  curve: CurvePoint[] = [];
  /** Every turn that it took. */
  readonly turns: Turn[] = [];
  private readonly tolerances: Tolerances;
  private readonly limits = new Baseline();
  private readonly keys = new Set<string>();
  private readonly stableFailures: boolean[] = [];
  private every = 1;
  private steps = 0;

  constructor(plan: RolloutPlan) {
    this.plan = plan;
    this.tolerances = plan.tolerate;
    this.evidence = new Evidence(evidenceRules(plan));
  }

  apply(entry: Entry): void {
    if (entry.kind === "begun") this.begunAt = this.changedAt = entry.at;
    else if (entry.kind === "unit") this.applyUnit(entry);
    else if (entry.kind === "pair") this.applyPair(entry);
    else if (entry.kind === "judged") this.applyScores(entry);
    else if (entry.kind === "limits") this.limits.use(entry.limits);
    else if (entry.kind === "crash") this.crashes += entry.count;
    else if (entry.kind === "time") {
      this.elapsedMs += entry.elapsedMs;
      this.outside += entry.outside;
      if (entry.outside > 0) this.heardAt = entry.at;
    } else if (entry.kind === "pause") {
      this.isPaused = entry.isPaused;
      this.why = `${entry.isPaused ? "Paused" : "Resumed"} by ${entry.by}.`;
    } else {
      this.phase = entry.phase;
      this.stage = entry.stage;
      this.why = entry.why;
      this.changedAt = entry.at;
      const { at, phase, stage, why } = entry;
      this.turns.push({ at, phase, stage, why });
      this.drawPoint(at);
    }
  }

  get current(): Stage | undefined {
    return this.phase === "running" ? this.plan.stages[this.stage] : undefined;
  }

  /** The place of this stage among those that users see. */
  get step(): number {
    const before = this.plan.stages.slice(0, this.stage);
    return before.filter(({ kind }) => kind === "share").length;
  }

  /** Whether this session was counted: it is not counted twice. */
  hasSeen(key: string | undefined): boolean {
    return key !== undefined && this.keys.has(key);
  }

  /** The share of stable's last units that failed; undefined while too few are known. */
  get stableFailureShare(): number | undefined {
    const { length } = this.stableFailures;
    return length < 20 ? undefined : this.stableFailures.filter(Boolean).length / length;
  }

  private applyUnit(entry: Extract<Entry, { kind: "unit" }>): void {
    const { isCandidate, probability, calls, key, isCold } = entry;
    if (key !== undefined) this.keys.add(key);
    this.heardAt = entry.at;
    const marks = marksOf(calls, this.markAsk(isCandidate, isCold));
    this.evidence.take({ isCandidate, probability, marks });
    if (isCandidate) this.exposed += 1;
    else this.controls += 1;
    this.watch(calls, isCandidate);
    this.mayDraw(entry.at);
  }

  private applyPair(entry: Extract<Entry, { kind: "pair" }>): void {
    const { stable, candidate } = entry;
    this.heardAt = entry.at;
    this.pairs += 1;
    // A copy runs beside the call that it copies: how fast either is says nothing.
    this.evidence.takePair(
      marksOf([stable], this.markAsk(false, true)),
      marksOf([candidate], this.markAsk(true, true)),
    );
    this.watch([stable], false);
    this.watch([candidate], true);
    this.mayDraw(entry.at);
  }

  /**
   * Each side is marked where the other was scored higher: were the candidate's scores, with what is
   * tolerated, no worse, it would lose no more often than stable.
   */
  private applyScores({ stable, candidate }: Extract<Entry, { kind: "judged" }>): void {
    this.judged += 1;
    const lenient = candidate + this.tolerances.judge;
    this.evidence.takePair({ judge: stable < lenient }, { judge: lenient < stable });
  }

  private markAsk(isCandidate: boolean, isCold: boolean) {
    return { isCandidate, isCold, tolerances: this.tolerances, baseline: this.limits };
  }

  private watch(calls: readonly CallFacts[], isCandidate: boolean): void {
    const failed = calls.some((call) => call.failed);
    const stopped = calls.filter(({ guardCritical }) => guardCritical).length;
    this.critical[isCandidate ? "candidate" : "stable"] += stopped;
    if (isCandidate) this.watchCandidate(failed);
    else this.watchStable(failed);
  }

  private watchCandidate(failed: boolean): void {
    this.failuresInRow = failed ? this.failuresInRow + 1 : 0;
    if (this.failuresInRow <= 1) this.meanwhile.units = this.meanwhile.failed = 0;
  }

  private watchStable(failed: boolean): void {
    this.meanwhile.units += 1;
    if (failed) this.meanwhile.failed += 1;
    this.stableFailures.push(failed);
    if (this.stableFailures.length > RECENT) this.stableFailures.shift();
  }

  /** Every so often, so that the whole curve stays short. */
  private mayDraw(at: number): void {
    this.steps += 1;
    if (this.steps % this.every === 0) this.drawPoint(at);
  }

  private drawPoint(at: number): void {
    const { exposed, pairs, stage, evidence } = this;
    this.curve.push({ at, exposed: exposed + pairs, against: evidence.against, stage });
    if (this.curve.length <= MOST_POINTS) return;
    this.curve = this.curve.filter((_, place) => place % 2 === 0);
    this.every *= 2;
  }
}
