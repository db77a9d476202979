import type { LlamaConfig } from "../config/targets.ts";
import { messageOf, toWeirError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { CatalogueTarget } from "./catalogue.ts";
import type { Sleeper } from "./sleeper.ts";
import type { Engine } from "./engine/engine.ts";
import type { Provider } from "./provider.ts";

/** What is there of a model's replicas. */
export interface ReplicaCounts {
  readonly ready: number;
  /** Asked for, or started again after a crash, and not ready. */
  readonly starting: number;
  /** They finish what they have, and get nothing new. */
  readonly draining: number;
}

/** A target that an embedded engine answers. */
export type EngineTarget = CatalogueTarget & {
  readonly engine: Engine;
  readonly config: LlamaConfig;
};

export interface ReplicasNeeds {
  readonly sleeper: Sleeper;
  /** Makes the engine of another replica, which nobody has started yet; numbers count from 2. */
  readonly another: (number: number) => Engine;
  /** Closes one when its calls have ended; resolves when it is closed. */
  readonly letGo: (provider: Provider) => Promise<void>;
  /** Who else needs the first one; undefined: nobody. */
  readonly sharedWith: () => string | undefined;
  /** Others are there now, or awake. */
  readonly changed: () => void;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  readonly log: Log;
}

interface Further {
  readonly number: number;
  readonly engine: Engine;
  target: EngineTarget;
  isIn: boolean;
}

/**
 * One model's engine processes. The first is the configuration's target: it may rest, and is never taken
 * away. A further one gets calls from when it is ready; one that goes gets none any more, finishes what
 * runs there, and ends. The newest go first.
 */
export class Replicas {
  private readonly needs: ReplicasNeeds;
  private own: EngineTarget;
  private further: readonly Further[] = [];
  private draining = 0;
  private isWaking = false;
  private delayMs: number | undefined;
  private fault: string | undefined;

  constructor(first: EngineTarget, needs: ReplicasNeeds) {
    this.own = first;
    this.needs = needs;
    const isReady = first.engine.health().state === "ready";
    if (!isReady) void this.start(first.engine).catch(() => undefined); // who started it says so
  }

  get first(): EngineTarget {
    return this.own;
  }

  /** The first, as a changed configuration has it: another weight, another price. */
  set first(first: EngineTarget) {
    this.own = first;
    this.further = this.further.map((one) => ({
      ...one,
      target: replicaOf(first, one.number, one.engine),
    }));
    this.relist();
  }

  /** Beside the first. */
  get engines(): readonly Engine[] {
    return this.further.map(({ engine }) => engine);
  }

  get counts(): ReplicaCounts {
    const isResting = this.needs.sleeper.isAsleep && !this.isWaking;
    const all = [...(isResting ? [] : [this.own.engine]), ...this.engines];
    const ready = all.filter((engine) => engine.health().state === "ready").length;
    return { ready, starting: all.length - ready, draining: this.draining };
  }

  /** From being asked for to being ready, of the last that was started; undefined: none was. */
  get startDelayMs(): number | undefined {
    return this.delayMs;
  }

  /** Why what was asked for last could not be done; undefined: it could. */
  get trouble(): string | undefined {
    return this.fault;
  }

  /** Goes over to so many. Starting takes a while: `counts` says how far it is. */
  resize(wanted: number): void {
    this.fault = undefined;
    this.noticeWoken();
    const further = Math.max(0, wanted - 1);
    while (this.further.length > further) this.dropNewest();
    if (wanted === 0) this.rest();
    else if (this.needs.sleeper.isAsleep) this.wake();
    while (this.further.length < further) this.add();
  }

  /** Lets the further ones go when their calls have ended. Nothing is done with the first. */
  retire(): void {
    while (this.further.length > 0) this.dropNewest();
    this.needs.sleeper.wake();
  }

  /** Ends the further ones at once. */
  async close(): Promise<void> {
    const all = this.further;
    this.further = [];
    await Promise.all(all.map(({ engine }) => engine.close()));
  }

  private add(): void {
    const used = new Set(this.further.map(({ number }) => number));
    let number = 2;
    while (used.has(number)) number += 1;
    const engine = this.needs.another(number);
    const target = replicaOf(this.own, number, engine);
    this.further = [...this.further, { number, engine, target, isIn: false }];
    this.start(engine).then(
      () => this.enter(engine),
      (cause: unknown) => this.failed(engine, number, cause),
    );
  }

  private async start(engine: Engine): Promise<void> {
    const { monotonic } = this.needs;
    const startedAt = monotonic();
    await engine.start();
    this.delayMs = monotonic() - startedAt;
  }

  private enter(engine: Engine): void {
    this.further = this.further.map((one) =>
      one.engine === engine ? { ...one, isIn: true } : one,
    );
    this.relist();
  }

  private failed(engine: Engine, number: number, cause: unknown): void {
    const entry = this.further.find((one) => one.engine === engine);
    if (!entry) return; // it was not wanted any more
    this.fault = `replica ${number} could not be started: ${messageOf(cause)}`;
    this.needs.log.error("replica_not_started", { target: entry.target.id, reason: this.fault });
    this.take(entry);
  }

  private dropNewest(): void {
    const newest = this.further.at(-1);
    if (newest) this.take(newest);
  }

  private take(entry: Further): void {
    this.further = this.further.filter((one) => one !== entry);
    this.relist();
    this.draining += 1;
    const gone = () => {
      this.draining -= 1;
    };
    void this.needs.letGo(entry.engine).then(gone, gone);
  }

  private relist(): void {
    const { sleeper, changed } = this.needs;
    sleeper.further = this.further.filter(({ isIn }) => isIn).map(({ target }) => target);
    changed();
  }

  private rest(): void {
    const { sleeper, sharedWith, log } = this.needs;
    if (sleeper.isAsleep || !sleeper.demand.isIdle) return;
    const other = sharedWith();
    if (other !== undefined) {
      this.fault = `it cannot sleep: its engine answers for ${other} too`;
      return;
    }
    sleeper.isAsleep = true;
    log.info("model_sleeps", { target: this.own.id });
    void this.own.engine.rest();
  }

  private wake(): void {
    if (this.isWaking) return;
    this.isWaking = true;
    const { sleeper, log } = this.needs;
    this.start(this.own.engine)
      .then(
        () => {
          log.info("model_awake", { target: this.own.id, ms: Math.round(this.delayMs ?? 0) });
          this.woken();
        },
        (cause: unknown) => {
          this.fault = `it could not be woken: ${messageOf(cause)}`;
          sleeper.cannotWake(toWeirError(cause));
        },
      )
      .finally(() => {
        this.isWaking = false;
      });
  }

  /** An operator's test call starts a resting engine, past all of this. */
  private noticeWoken(): void {
    const isUp = this.own.engine.health().state === "ready";
    if (isUp && this.needs.sleeper.isAsleep && !this.isWaking) this.woken();
  }

  private woken(): void {
    this.needs.sleeper.wake();
    this.needs.changed();
  }
}

function replicaOf(first: EngineTarget, number: number, engine: Engine): EngineTarget {
  return {
    ...first,
    id: `${first.id}@${number}`,
    identity: `${first.identity}@${number}`,
    replicaOf: first.id,
    provider: engine,
    engine,
  };
}
