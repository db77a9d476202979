import { type Share, controlFor } from "./assign.ts";
import { Baseline } from "./baseline.ts";
import { Book } from "./book.ts";
import { decide } from "./decide.ts";
import type { Entry, News, Phase } from "./journal.ts";
import { Judging } from "./judging.ts";
import type { CallFacts } from "./marks.ts";
import type { RolloutPlan } from "./plan.ts";
import type { Unit } from "./units.ts";

export type Command = "pause" | "resume" | "promote" | "abort";

export interface RolloutEffects {
  /** Writes an entry down and gives it its time. Throws what the disk says: then nothing has happened. */
  write(news: News): Entry;
  /** The share of calls is another one from now on. */
  turned(): void;
}

/** So often the journal is told of time and of units that nothing is compared with. */
const TELL_MS = 10_000;

/**
 * One rollout: shadow → steps → promoted, rolled back or inconclusive. Everything that happens becomes an
 * entry, which is written down first and then applied (`book.ts`), and what is decided follows from the
 * book alone (`decide.ts`). So what comes of a journal is the state at its end, wherever its writer died.
 */
export class Rollout {
  readonly book: Book;
  /** Stable's traffic as it is being learned; the book knows what was written down of it. */
  readonly learning = new Baseline();
  private readonly effects: RolloutEffects;
  private readonly judging: Judging | undefined;
  private untoldMs = 0;
  private untoldOutside = 0;

  /** A new one, or one that goes on after its journal. */
  constructor(plan: RolloutPlan, journal: Iterable<Entry>, effects: RolloutEffects) {
    this.effects = effects;
    this.book = new Book(plan);
    const isJudged = plan.marks.includes("judge");
    for (const entry of journal) this.book.apply(entry);
    if (this.book.begunAt === 0) this.note({ kind: "begun", plan });
    const left = plan.judgeBudget - 2 * this.book.judged;
    this.judging = isJudged ? new Judging(left) : undefined;
  }

  /** How calls are parted now. */
  get share(): Share {
    const { plan, phase, current, isPaused } = this.book;
    const none = { id: plan.id, candidate: 0, control: 0, shadow: 0, isJudged: false };
    if (phase === "promoted") return { ...none, candidate: 1 };
    if (!current) return none;
    if (current.kind === "shadow") return { ...none, shadow: isPaused ? 0 : 1, isJudged: true };
    const { share } = current;
    return { ...none, candidate: share, control: controlFor(share), isJudged: true };
  }

  /** Takes a unit of traffic that is over. */
  observe({ arm, probability, key, calls }: Unit): void {
    const { book } = this;
    if (book.phase !== "running") return;
    const isCandidate = arm === "candidate";
    if (arm === "outside") this.untoldOutside += 1;
    else if (!book.hasSeen(key)) {
      const isCold = book.elapsedMs + this.untoldMs < book.plan.warmUpMs;
      this.note({ kind: "unit", isCandidate, probability, key, isCold, calls });
    }
    for (const { id, failed } of calls) {
      if (id !== undefined && !failed) this.judging?.saw(id, isCandidate);
    }
    if (!isCandidate) this.learn(calls);
    this.goOn();
  }

  /** Calls that a judge is to score, as many of each side. */
  get toJudge(): readonly string[] {
    return this.judging?.waiting ?? [];
  }

  /** Takes a judge's score of a call, 0 to 1. False: nobody waits for it. */
  score(id: string, score: number): boolean {
    if (!this.toJudge.includes(id)) return false;
    const both = this.judging?.score(id, score);
    if (both && this.book.phase === "running") {
      this.note({ kind: "judged", ...both });
      this.goOn();
    }
    return true;
  }

  /** Takes a call of stable's and what the candidate made of its copy. */
  observePair(stable: CallFacts, candidate: CallFacts): void {
    const { current, isPaused } = this.book;
    if (current?.kind !== "shadow" || isPaused) return;
    this.note({ kind: "pair", stable, candidate });
    this.goOn();
  }

  /** So many milliseconds have passed, by a clock that never goes back. */
  tick(ms: number): void {
    if (this.book.phase !== "running") return;
    this.untoldMs += Math.max(0, ms);
    if (this.untoldMs < TELL_MS) return;
    this.note({ kind: "time", elapsedMs: this.untoldMs, outside: this.untoldOutside });
    this.untoldMs = this.untoldOutside = 0;
    this.goOn();
  }

  /** The candidate's engine died so often more. */
  crashed(count: number): void {
    if (this.book.phase !== "running" || count <= 0) return;
    this.note({ kind: "crash", count });
    this.goOn();
  }

  /** An operator decides. Gives why it cannot be, or undefined. */
  command(command: Command, by: string): string | undefined {
    const { book } = this;
    if (command === "promote" || command === "abort") return this.end(command, by);
    if (book.phase !== "running")
      return `The rollout is ${book.phase}: there is nothing to ${command}.`;
    const isPaused = command === "pause";
    if (book.isPaused === isPaused)
      return `The rollout is ${isPaused ? "" : "not "}paused already.`;
    this.note({ kind: "pause", isPaused, by });
    this.effects.turned();
    this.goOn();
    return undefined;
  }

  private end(command: "promote" | "abort", by: string): string | undefined {
    const { book } = this;
    const phase: Phase = command === "promote" ? "promoted" : "rolled-back";
    if (book.phase === phase) return `The rollout is ${phase} already.`;
    const why =
      command === "promote" ? `Promoted by ${by}, ahead of the evidence.` : `Aborted by ${by}.`;
    this.note({ kind: "phase", phase, stage: book.stage, why });
    this.effects.turned();
    return undefined;
  }

  private learn(calls: readonly CallFacts[]): void {
    let hasMoved = false;
    for (const call of calls) hasMoved = this.learning.learn(call) || hasMoved;
    if (hasMoved) this.note({ kind: "limits", limits: this.learning.current });
  }

  /** Decides what can be decided; to be called once after a journal was read. */
  goOn(): void {
    for (let turn = decide(this.book); turn; turn = decide(this.book)) {
      this.note(turn);
      this.effects.turned();
    }
  }

  private note(news: News): void {
    this.book.apply(this.effects.write(news));
  }
}
