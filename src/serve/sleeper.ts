import { WeirError } from "../core/errors.ts";
import type { Later } from "../core/time.ts";
import type { CatalogueTarget } from "./catalogue.ts";
import { Demand } from "./gateway/routing/demand.ts";
import type { Elastic, HeldCall } from "./gateway/routing/elastic.ts";

export interface SleepNeeds {
  readonly model: string;
  /** The longest that a call is held. */
  readonly holdMs: () => number;
  /** The most calls that are held at the same time. */
  readonly mostHeld: () => number;
  readonly later: Later;
  /** A call came while the model sleeps. */
  readonly called: () => void;
}

interface Held extends HeldCall {
  readonly stop: () => void;
}

/**
 * A model that may sleep: who calls it then is held until it is awake, for so long and so many. It starts
 * and ends nothing itself: it says that somebody called, and is told what became of that.
 */
export class Sleeper implements Elastic {
  readonly demand = new Demand();
  isAsleep = false;
  further: readonly CatalogueTarget[] = [];
  private readonly needs: SleepNeeds;
  private readonly held = new Set<Held>();

  constructor(needs: SleepNeeds) {
    this.needs = needs;
  }

  hold(call: HeldCall): () => void {
    const { model, holdMs, mostHeld, later, called } = this.needs;
    const ms = holdMs();
    const isFull = this.held.size >= mostHeld();
    const error = isFull ? tooMany(model, this.held.size) : tookTooLong(model, ms);
    const held: Held = {
      ...call,
      stop: later(isFull ? 0 : ms, () => {
        this.held.delete(held);
        call.refuse(error);
      }),
    };
    if (!isFull) {
      this.held.add(held);
      called();
    }
    return () => {
      held.stop();
      this.held.delete(held);
    };
  }

  /** A replica is there: who is held goes on, in the order in which they came. */
  wake(): void {
    this.isAsleep = false;
    for (const call of this.taken()) call.awake();
  }

  /** It cannot be woken, for this reason. Who calls next is a new try. */
  cannotWake(error: WeirError): void {
    for (const call of this.taken()) call.refuse(error);
  }

  private taken(): Held[] {
    const all = [...this.held];
    this.held.clear();
    for (const { stop } of all) stop();
    return all;
  }
}

function tookTooLong(model: string, ms: number): WeirError {
  return new WeirError(
    "model_unavailable",
    `The model "${model}" slept and was not awake within ${ms / 1000} s. Try again, or raise scale.idle.hold.`,
    { retryAfterMs: 5000 },
  );
}

function tooMany(model: string, count: number): WeirError {
  return new WeirError(
    "engine_busy",
    `${count} calls already wait for the model "${model}" to wake. Try again later, or raise routing.queue.calls.`,
    { retryAfterMs: 1000 },
  );
}
