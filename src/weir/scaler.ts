import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Clock, Later } from "../core/time.ts";
import { type Decision, createPolicy } from "../ship/autoscale/policy.ts";
import type { Signals } from "../ship/autoscale/signals.ts";
import type { ScaledModel } from "../serve/scaled-models.ts";
import { type ScaleDriver, type Standing, standingOf } from "./scaling-driver.ts";
import { createFigures } from "./scaling-figures.ts";
import type { Hold, ModelJournal } from "./scaling-journal.ts";
import { policyOf } from "./scaling-policy.ts";

export interface ScalerNeeds {
  readonly driver: ScaleDriver;
  readonly journal: ModelJournal;
  /** Whether a release of this model is being judged: then it does not shrink. */
  readonly isJudged: () => boolean;
  /** The model is awake: who waits goes on. */
  readonly woke: () => void;
  readonly now: Clock;
  readonly monotonic: () => number;
  readonly later: Later;
  readonly log: Log;
}

/** While a model wakes it is looked at so often. */
const WAKING_MS = 500;
const NOTHING: Standing = { ready: 0, starting: 0, draining: 0 };
/** What a first call asks for: the policy says at the next interval whether one is enough. */
const WAKE: Decision = {
  replicas: 1,
  kind: "wake",
  why: "Up from 0 to 1 replica: a call came.",
  numbers: {},
};

/** Decides for one model, once an interval and when a call wakes it, and sees to it that it is done. */
export class Scaler {
  readonly model: ScaledModel;
  private readonly needs: ScalerNeeds;
  private readonly figures: ReturnType<typeof createFigures>;
  private readonly policy: ReturnType<typeof createPolicy>;
  private stop: () => void = () => undefined;
  private decidedAt: number;
  private running: Promise<void> | undefined;
  private isCalled = false;
  private isClosed = false;
  private standingNow = NOTHING;
  private wantedNow: number | undefined;
  private fault: string | undefined;

  constructor(model: ScaledModel, needs: ScalerNeeds) {
    this.model = model;
    this.needs = needs;
    this.figures = createFigures(model);
    this.policy = createPolicy(policyOf(model));
    this.decidedAt = needs.monotonic();
  }

  /** What is there: of replicas that others start and end, as it was last seen. */
  get standing(): Standing {
    const { replicas } = this.model;
    return replicas ? standingOf(replicas) : this.standingNow;
  }

  /** How many there should be; undefined before the first decision. */
  get wanted(): number | undefined {
    return this.wantedNow;
  }

  /** Why what should be done is not; undefined: it is. */
  get trouble(): string | undefined {
    return this.fault ?? this.standing.note;
  }

  get isFrozen(): boolean {
    return this.needs.isJudged();
  }

  start(): void {
    // The first decision is an interval away, but what the configuration promises is begun at once.
    this.again(0);
  }

  close(): void {
    this.isClosed = true;
    this.stop();
  }

  /** A call came while the model sleeps. */
  called(): void {
    if (this.isWaking || this.isCalled) return;
    this.isCalled = true;
    this.again(0);
  }

  /** An operator says how many, until `resume`. */
  hold(hold: Hold): void {
    this.needs.journal.hold = hold;
    this.again(0);
  }

  resume(): void {
    this.needs.journal.hold = undefined;
    this.again(0);
  }

  private get isWaking(): boolean {
    return this.model.sleeper.isAsleep && (this.wantedNow ?? 0) > 0;
  }

  private again(ms: number): void {
    this.stop();
    if (!this.isClosed) this.stop = this.needs.later(ms, () => void this.tick());
  }

  /** One at a time: who asks meanwhile is served by the next. Never rejects. */
  async tick(): Promise<void> {
    this.running ??= this.look().finally(() => {
      this.running = undefined;
      this.isCalled = false;
      this.again(this.isWaking ? WAKING_MS : this.model.scale.interval);
    });
    return this.running;
  }

  private async look(): Promise<void> {
    const { monotonic } = this.needs;
    const silent = await this.see();
    const elapsedMs = monotonic() - this.decidedAt;
    if (this.isClosed) return;
    // In between, figures say nothing: it is only woken, and looked whether it is awake.
    if (
      this.model.sleeper.isAsleep &&
      elapsedMs < this.model.scale.interval &&
      silent === undefined
    ) {
      if (!this.isWaking && !this.model.sleeper.demand.isIdle) await this.obey(this.note(WAKE));
      return;
    }
    this.decidedAt = monotonic();
    await this.obey(this.decide(Math.max(1, elapsedMs), silent));
  }

  /** Looks at what is there; returns why that cannot be known. */
  private async see(): Promise<string | undefined> {
    try {
      this.standingNow = await this.needs.driver.look();
      this.noticeSleep();
      return undefined;
    } catch (cause) {
      return messageOf(cause);
    }
  }

  /** Of replicas that others start and end, it is their number that says whether the model sleeps. */
  private noticeSleep(): void {
    const { sleeper, replicas, scale } = this.model;
    if (replicas) return;
    const { ready } = this.standingNow;
    if (ready > 0 && sleeper.isAsleep) {
      sleeper.wake();
      this.needs.woke();
    } else if (ready === 0 && scale.min === 0) sleeper.isAsleep = true;
  }

  private decide(elapsedMs: number, silent: string | undefined): Decision {
    const { ready, starting, draining, startDelayMs } = this.standingNow;
    const figures = this.figures.take();
    const signals: Signals = {
      ...figures,
      at: this.needs.now(),
      elapsedMs,
      replicas: { ready, starting, draining },
      ...(startDelayMs !== undefined && { startDelayMs }),
      ...(this.isFrozen && { frozen: "a release of it is being judged" }),
      ...(silent !== undefined && { silent }),
    };
    return this.note(this.policy.decide(signals), figures.arrived.requests);
  }

  /** Writes down what was decided, or what an operator says instead. */
  private note(decided: Decision, arrived = 0): Decision {
    const { now, journal } = this.needs;
    const { ready, starting } = this.standingNow;
    const { waiting, running } = this.model.sleeper.demand;
    const decision = held(decided, journal.hold);
    const there = { ready, starting, waiting: waiting.requests, running, arrived };
    journal.decided({ ...decision, ...there, at: now(), from: ready + starting });
    return decision;
  }

  private async obey({ replicas, kind, why }: Decision): Promise<void> {
    const { driver, log } = this.needs;
    const { ready, starting } = this.standingNow;
    const isNews = this.wantedNow !== replicas && ready + starting !== replicas;
    this.wantedNow = replicas;
    if (isNews) log.info("scale", { model: this.model.name, replicas, kind, why });
    // Where nothing is known, nothing is done.
    if (kind === "silent") {
      this.fault = why;
      return;
    }
    if (replicas === 0 && !this.fallAsleep()) return;
    try {
      await driver.resize(replicas);
      this.fault = undefined;
      // What is asked for at once is there at once, as far as it is: the next figures begin there.
      await this.see();
    } catch (cause) {
      this.fault = `${replicas} replicas could not be asked for: ${messageOf(cause)}`;
      log.warn("scale_failed", { model: this.model.name, replicas, reason: messageOf(cause) });
    }
  }

  /** False where a call came since. Local replicas see to it themselves. */
  private fallAsleep(): boolean {
    const { sleeper, replicas } = this.model;
    if (replicas) return true;
    if (!sleeper.demand.isIdle) return false;
    sleeper.isAsleep = true;
    return true;
  }
}

/** An operator's number stands over the policy's, which is told all the same. */
function held(decision: Decision, hold: Hold | undefined): Decision {
  if (!hold || decision.kind === "silent") return decision;
  const { replicas } = hold;
  const why = `Held at ${replicas} by ${hold.by}. The policy says: ${decision.why}`;
  return { ...decision, replicas, kind: "steady", why };
}
