import type { Amounts, Grant, Ledger, LedgerRow, Meter, Refusal } from "../../../core/ledger.ts";
import type { Clock } from "../../../core/time.ts";
import { type Counter, createCounter } from "./counters.ts";

/** A ledger in this process: it answers at once. */
export interface MemoryLedger extends Ledger {
  reserve(meters: readonly Meter[], amounts: Amounts): Grant | Refusal;
  rows(): readonly LedgerRow[];
  /** Puts what is known to be used into a counter that has counted nothing yet. */
  restore(meter: Pick<Meter, "key" | "span">, used: number): void;
}

const NONE: readonly number[] = [];
const FIRST_SWEEP = 4096;

/**
 * Counters in memory. A reservation looks at all its meters and then takes from all of them in one
 * synchronous step, so calls that arrive together cannot pass together.
 */
export function createMemoryLedger(now: Clock): MemoryLedger {
  const counters = new Map<string, Counter>();
  let sweepAt = FIRST_SWEEP;

  function counterOf({ key, span }: Pick<Meter, "key" | "span">): Counter {
    let counter = counters.get(key);
    if (!counter) {
      if (counters.size >= sweepAt) sweep();
      counter = createCounter(span);
      counters.set(key, counter);
    }
    return counter;
  }

  /** What counts nothing is as good as a new one. */
  function sweep(): void {
    const at = now();
    for (const [key, counter] of counters) if (counter.total(at) === 0) counters.delete(key);
    sweepAt = Math.max(FIRST_SWEEP, counters.size * 2);
  }

  return {
    reserve(meters, amounts) {
      const at = now();
      const touched: Counter[] = meters.map(counterOf);
      let exceeded = NONE;
      for (let place = 0; place < meters.length; place++) {
        const meter = meters[place] as Meter; // within its length
        const counter = touched[place] as Counter; // one each
        const amount = amounts[meter.unit];
        const used = counter.total(at);
        if (used + amount <= meter.limit) continue;
        if (meter.mode === "hard") {
          const retryAfterMs = counter.waitFor(amount, meter.limit, at);
          return { isGranted: false, at: place, used, retryAfterMs };
        }
        exceeded = [...exceeded, place];
      }
      return new MemoryGrant({ meters, amounts, counters: touched, exceeded, at });
    },
    rows() {
      const at = now();
      const rows: LedgerRow[] = [];
      for (const [key, counter] of counters) {
        const total = counter.total(at);
        const { reserved, resetAt } = counter.state(at);
        if (total !== 0) rows.push({ key, used: total - reserved, reserved, resetAt });
      }
      return rows;
    },
    restore(meter, used) {
      const counter = counterOf(meter);
      const at = now();
      if (counter.total(at) === 0) counter.settle(counter.take(0, at), 0, used);
    },
  };
}

interface Taking {
  readonly meters: readonly Meter[];
  readonly amounts: Amounts;
  readonly counters: readonly Counter[];
  readonly exceeded: readonly number[];
  readonly at: number;
}

/** In place of a window: nothing was taken. */
const NOT_TAKEN = -1;

class MemoryGrant implements Grant {
  readonly isGranted = true;
  readonly used: readonly number[];
  readonly exceeded: readonly number[];
  private readonly taking: Taking;
  private readonly windows: readonly number[];
  private isSettled = false;

  constructor(taking: Taking) {
    this.taking = taking;
    this.exceeded = taking.exceeded;
    const { meters, amounts, counters, exceeded, at } = taking;
    this.windows = meters.map(({ mode, unit }, place) => {
      // A call that a shadow would have refused would not have counted.
      const isTaken = mode !== "shadow" || !exceeded.includes(place);
      return isTaken ? (counters[place] as Counter).take(amounts[unit], at) : NOT_TAKEN; // one each
    });
    this.used = counters.map((counter) => counter.total(at));
  }

  settle(actual: Amounts): void {
    if (this.isSettled) return;
    this.isSettled = true;
    const { meters, amounts, counters } = this.taking;
    for (let place = 0; place < meters.length; place++) {
      const window = this.windows[place] as number; // one each
      if (window === NOT_TAKEN) continue;
      const { unit } = meters[place] as Meter;
      (counters[place] as Counter).settle(window, amounts[unit], actual[unit]);
    }
  }
}
