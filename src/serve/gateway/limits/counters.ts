import { MINUTE_SLOTS, type Span, secondOf, windowAt, windowEnd } from "../../../core/ledger.ts";

/** Three kinds of counters. None knows its limit, which may change while it counts. */
export interface Counter {
  /** What it stands at, what is promised included. */
  total(now: number): number;
  /** Gives the window that was taken from, for `settle`. */
  take(amount: number, now: number): number;
  settle(window: number, reserved: number, actual: number): void;
  /** How long until `amount` more fits; undefined: never. Asked only when it does not. */
  waitFor(amount: number, limit: number, now: number): number | undefined;
  /** What of the total is promised to running calls, and when the window ends. */
  state(now: number): { readonly reserved: number; readonly resetAt: number | undefined };
}

export function createCounter(span: Span): Counter {
  if (span === "minute") return new MinuteCounter();
  return span === "open" ? new OpenCounter() : new CalendarCounter(span);
}

/** The last minute in slots of a second. */
class MinuteCounter implements Counter {
  private readonly slots = new Float64Array(MINUTE_SLOTS);
  private head = 0;
  private sum = 0;

  total(now: number): number {
    this.advance(secondOf(now));
    return this.sum;
  }

  take(amount: number, now: number): number {
    this.advance(secondOf(now));
    this.add(this.head, amount);
    return this.head;
  }

  settle(second: number, reserved: number, actual: number): void {
    // What was reserved a minute ago has left the window by itself.
    if (this.head - second < MINUTE_SLOTS) this.add(second, actual - reserved);
  }

  waitFor(amount: number, limit: number, now: number): number | undefined {
    if (amount > limit) return undefined;
    let excess = this.total(now) + amount - limit;
    for (let second = this.head - MINUTE_SLOTS + 1; second <= this.head; second++) {
      excess -= this.slots[second % MINUTE_SLOTS] ?? 0;
      if (excess <= 0) return (second + MINUTE_SLOTS) * 1000 - now;
    }
    return undefined;
  }

  state(): { reserved: number; resetAt: number } {
    return { reserved: 0, resetAt: (this.head + MINUTE_SLOTS) * 1000 };
  }

  private add(second: number, amount: number): void {
    const slot = second % MINUTE_SLOTS;
    this.slots[slot] = (this.slots[slot] ?? 0) + amount;
    this.sum += amount;
  }

  /** A clock that was set back counts on in the newest slot. */
  private advance(second: number): void {
    if (second <= this.head) return;
    if (second - this.head >= MINUTE_SLOTS) {
      this.slots.fill(0);
      this.sum = 0;
    } else {
      for (let passed = this.head + 1; passed <= second; passed++) {
        const slot = passed % MINUTE_SLOTS;
        this.sum -= this.slots[slot] ?? 0;
        this.slots[slot] = 0;
      }
    }
    this.head = second;
  }
}

/** A UTC day or month. A call belongs to the window that it began in. */
class CalendarCounter implements Counter {
  private readonly span: "day" | "month";
  private window = 0;
  private used = 0;
  private reserved = 0;

  constructor(span: "day" | "month") {
    this.span = span;
  }

  total(now: number): number {
    this.turn(now);
    return this.used + this.reserved;
  }

  take(amount: number, now: number): number {
    this.turn(now);
    this.reserved += amount;
    return this.window;
  }

  settle(window: number, reserved: number, actual: number): void {
    if (window !== this.window) return;
    this.reserved -= reserved;
    this.used += actual;
  }

  waitFor(amount: number, limit: number, now: number): number | undefined {
    if (amount > limit) return undefined;
    this.turn(now);
    // Running calls mostly give something back.
    if (this.used + amount <= limit) return 1000;
    return windowEnd(this.span, now) - now;
  }

  state(now: number): { reserved: number; resetAt: number } {
    this.turn(now);
    return { reserved: this.reserved, resetAt: windowEnd(this.span, now) };
  }

  /** A clock that was set back does not bring an old window again. */
  private turn(now: number): void {
    const window = windowAt(this.span, now);
    if (window <= this.window) return;
    this.window = window;
    this.used = 0;
    this.reserved = 0;
  }
}

/** Calls that run now. */
class OpenCounter implements Counter {
  private open = 0;

  total(): number {
    return this.open;
  }

  take(amount: number): number {
    this.open += amount;
    return 0;
  }

  settle(_window: number, reserved: number): void {
    this.open -= reserved;
  }

  waitFor(amount: number, limit: number): number | undefined {
    return amount > limit ? undefined : 1000;
  }

  state(): { reserved: number; resetAt: undefined } {
    return { reserved: this.open, resetAt: undefined };
  }
}
