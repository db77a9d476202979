import type { Nanos } from "../../core/money.ts";
import { DAY_MS, nextMonth, startOf } from "./cost-report.ts";

/** What the month will have cost at its end, from the days so far. Pure. */

export interface DayCost {
  /** The day's start, UTC. */
  readonly at: number;
  readonly costNanos: Nanos;
}

export interface Forecast {
  /** The month's start. */
  readonly month: number;
  readonly spentNanos: Nanos;
  readonly expectedNanos: Nanos;
  /** Four of five months end between these, if the days to come are like those so far. */
  readonly lowNanos: Nanos;
  readonly highNanos: Nanos;
  /** Full days that it was made from. */
  readonly days: number;
  readonly method: string;
}

/** Fewer full days of this month are filled up with the days before it. */
const FEWEST_DAYS = 7;
/** The middle 80 % of a normal distribution reach so many standard deviations to each side. */
const EIGHTY_PERCENT = 1.2816;

/** From when on days are needed for a forecast at a time. */
export function forecastFrom(now: number): number {
  return Math.min(startOf("month", now), startOf("day", now) - FEWEST_DAYS * DAY_MS);
}

/**
 * Spent so far, and for each day that is left the mean of the full days; for today only its rest. The range
 * grows with how much the days differ and with how many are left. `days` may leave out days without
 * cost; days before the first one with cost are not counted.
 */
export function forecast(days: readonly DayCost[], now: number): Forecast {
  const month = startOf("month", now);
  const today = startOf("day", now);
  const byDay = new Map(days.map(({ at, costNanos }) => [at, costNanos]));
  let spent = 0;
  for (const { at, costNanos } of days) if (at >= month && at <= today) spent += costNanos;
  const full = fullDays(byDay, month, today);
  const restOfToday = 1 - (now - today) / DAY_MS;
  const left = (nextMonth(now) - today) / DAY_MS - 1 + restOfToday;
  const { mean, deviation } = spreadOf(full.length > 0 ? full : [spentPerDay(byDay, today, now)]);
  // The days to come differ from each other, and the mean itself is not known better than the days so far tell.
  const doubt = deviation * Math.sqrt(left + left ** 2 / Math.max(1, full.length));
  const expected = spent + left * mean;
  const method =
    full.length === 0
      ? "No full day yet: today's cost by the hour so far, for every hour that is left; no range can be told."
      : `Spent so far, and for each of the ${left.toFixed(1)} days left the mean of ${full.length} full day${full.length === 1 ? "" : "s"}; the range holds 80 % of the outcomes if days vary as they did.`;
  return {
    month,
    spentNanos: Math.round(spent),
    expectedNanos: Math.round(expected),
    lowNanos: Math.round(Math.max(spent, expected - EIGHTY_PERCENT * doubt)),
    highNanos: Math.round(expected + EIGHTY_PERCENT * doubt),
    days: full.length,
    method,
  };
}

function fullDays(byDay: ReadonlyMap<number, Nanos>, month: number, today: number): Nanos[] {
  const first = Math.min(...byDay.keys());
  const from = Math.max(first, Math.min(month, today - FEWEST_DAYS * DAY_MS));
  const full: Nanos[] = [];
  for (let at = from; at < today; at += DAY_MS) full.push(byDay.get(at) ?? 0);
  return full;
}

function spentPerDay(byDay: ReadonlyMap<number, Nanos>, today: number, now: number): Nanos {
  const hours = Math.max(1, (now - today) / (DAY_MS / 24));
  return ((byDay.get(today) ?? 0) / hours) * 24;
}

function spreadOf(costs: readonly number[]): { mean: number; deviation: number } {
  const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  if (costs.length < 2) return { mean, deviation: 0 };
  const squares = costs.reduce((sum, cost) => sum + (cost - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (costs.length - 1)) };
}
