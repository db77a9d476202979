import type { Limits } from "./call.ts";
import type { WeirError } from "./errors.ts";
import type { Nanos } from "./money.ts";

/**
 * The contract of a ledger: counters with limits, kept in this process or in Redis. `serve/` says
 * which counters a call touches and what a refusal means; a ledger only counts, and counts exactly.
 */

/** What a counter counts: calls begun, tokens, nano-dollars, or calls that run now. */
export type Unit = "requests" | "tokens" | "cost" | "calls";

/** Any 60 seconds, a UTC day, a UTC month, or for as long as a call runs. */
export type Span = "minute" | "day" | "month" | "open";

/** One counter that a call touches, and how far it may go. */
export interface Meter {
  /** Names the counter wherever it is kept. Its first part is the scope. */
  readonly key: string;
  readonly unit: Unit;
  readonly span: Span;
  readonly limit: number;
  /** hard refuses; soft counts on; shadow counts only what it would have let pass. */
  readonly mode: "hard" | "soft" | "shadow";
  /** `perKey` and its like, or the name of a rule. */
  readonly scope: string;
  readonly field: keyof Limits;
  /** Whose counter it is: a key's id, a model's name; several are joined by a space. */
  readonly subject: string;
}

export interface Amounts {
  readonly requests: number;
  readonly tokens: number;
  readonly cost: Nanos;
  readonly calls: number;
}

export interface Grant {
  readonly isGranted: true;
  /** What each meter stands at with this call, what is promised to running ones included. */
  readonly used: readonly number[];
  /** The soft and shadow meters that this call goes beyond, by their places. */
  readonly exceeded: readonly number[];
  /**
   * Puts what was used in the place of what was reserved, in the window that it was reserved from.
   * The second time and later nothing happens. Never throws.
   */
  settle(actual: Amounts): void;
}

export interface Refusal {
  readonly isGranted: false;
  /** The place of the first hard meter that has no room. */
  readonly at: number;
  /** What it stands at. */
  readonly used: number;
  /** When there may be room; undefined: never for so large a call. */
  readonly retryAfterMs: number | undefined;
}

export interface Ledger {
  /**
   * Takes the amounts from all meters in one step, or from none. Throws or rejects only when it
   * cannot count: storage_full, model_unavailable.
   *
   * A ledger that writes down what it grants promises its answer, and keeps the promise once that is
   * written. Who hands in `lost` sends nothing to anybody but by `core/turn-writes.ts`: it may be
   * answered at once, and what it gathers leaves after the writing. Should that fail, nothing was
   * taken, and `lost` hears why before anything leaves.
   */
  reserve(
    meters: readonly Meter[],
    amounts: Amounts,
    lost?: (error: WeirError) => void,
  ): Grant | Refusal | Promise<Grant | Refusal>;
  /** Where the counters stand that this ledger knows of, those that count nothing left out. */
  rows(): readonly LedgerRow[] | Promise<readonly LedgerRow[]>;
}

export interface LedgerRow {
  readonly key: string;
  readonly used: number;
  readonly reserved: number;
  /** When the window ends; for a minute, when nothing of now counts any more. */
  readonly resetAt: number | undefined;
}

export const NOTHING: Amounts = { requests: 0, tokens: 0, cost: 0, calls: 0 };

const DAY_MS = 86_400_000;
const SECOND_MS = 1000;

/**
 * Slots of a second in which the last minute is counted. One more than 60, because the oldest may
 * have begun up to a second before: no 60 seconds ever hold more than the limit.
 */
export const MINUTE_SLOTS = 61;

/** Which day or month a moment lies in: a number that grows by one. */
export function windowAt(span: "day" | "month", at: number): number {
  if (span === "day") return Math.floor(at / DAY_MS);
  if (at < month.from || at >= month.to) month = monthOf(at);
  return month.number;
}

export function windowEnd(span: "day" | "month", at: number): number {
  if (span === "day") return (Math.floor(at / DAY_MS) + 1) * DAY_MS;
  windowAt("month", at);
  return month.to;
}

/** When the month of a moment began. */
export function monthStart(at: number): number {
  windowAt("month", at);
  return month.from;
}

export function secondOf(at: number): number {
  return Math.floor(at / SECOND_MS);
}

/** The month that was asked for last: it is nearly always the one that is asked for next. */
let month = { from: 0, to: 0, number: 0 };

function monthOf(at: number): typeof month {
  const date = new Date(at);
  const [year, index] = [date.getUTCFullYear(), date.getUTCMonth()];
  return {
    from: Date.UTC(year, index),
    to: Date.UTC(year, index + 1),
    number: year * 12 + index,
  };
}
