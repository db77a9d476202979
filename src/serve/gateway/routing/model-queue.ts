import { WeirError } from "../../../core/errors.ts";
import type { Later } from "../../../core/time.ts";
import { FairQueue, type Waiting } from "./fair-queue.ts";

/** A call that waits for room, as its queue sees it. */
export interface QueuedCall extends Waiting {
  readonly fits: boolean;
  release(): void;
  refuse(error: WeirError): void;
}

export interface QueueRules {
  readonly wait: number;
  readonly calls: number;
}

interface QueueNeeds {
  readonly rules: () => QueueRules;
  readonly later: Later;
}

/**
 * One model's calls that no target has room for yet. They are bound to a target as late as possible:
 * whichever has room first takes the first in line.
 */
export class ModelQueue<T extends QueuedCall> {
  private readonly queue = new FairQueue<T>();
  private readonly timers = new Map<T, () => void>();
  private readonly needs: QueueNeeds;

  constructor(needs: QueueNeeds) {
    this.needs = needs;
  }

  get size(): number {
    return this.queue.size;
  }

  /** Lets a call wait; returns what takes it out again. Full: the last in line gives way. */
  add(call: T): () => void {
    const { wait, calls } = this.needs.rules();
    this.queue.add(call);
    this.timers.set(
      call,
      this.needs.later(wait, () => this.refuse(call, tookTooLong(wait))),
    );
    if (this.queue.size > calls) {
      const last = this.queue.last();
      if (last) this.refuse(last, full(calls));
    }
    return () => this.forget(call);
  }

  /** Somewhere there is room again. */
  pump(): void {
    while (this.queue.size > 0) {
      const next = this.queue.take((call) => call.fits);
      if (!next) return;
      this.forget(next);
      next.release();
    }
  }

  private refuse(call: T, error: WeirError): void {
    this.forget(call);
    call.refuse(error);
  }

  private forget(call: T): void {
    this.queue.remove(call);
    this.timers.get(call)?.();
    this.timers.delete(call);
  }
}

function tookTooLong(waitMs: number): WeirError {
  return new WeirError(
    "engine_busy",
    `No target of this model had room within ${waitMs / 1000} s. Try again later, add a target, or raise routing.queue.wait.`,
    { retryAfterMs: 1000 },
  );
}

function full(calls: number): WeirError {
  return new WeirError(
    "engine_busy",
    `${calls} calls already wait for this model. Try again later, or raise routing.queue.calls.`,
    { retryAfterMs: 1000 },
  );
}
