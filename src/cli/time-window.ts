import { parseDuration } from "../core/time.ts";
import { UsageError, type Values, text } from "./command.ts";

/** The options that say which time is meant. */
export const WINDOW_OPTIONS = {
  since: { type: "string", value: "WHEN", help: "from then on: 24h, 7d, or a day as 2026-03-31" },
  month: { type: "string", value: "MONTH", help: "that month alone, as 2026-03" },
} as const;

export interface TimeWindow {
  readonly from?: number;
  readonly to?: number;
}

/** What the options mean at a time; nothing where none is given. */
export function windowOf(values: Values, now: number): TimeWindow {
  const [since, month] = [text(values, "since"), text(values, "month")];
  if (since !== undefined && month !== undefined) {
    throw new UsageError("--since and --month do not go together");
  }
  if (month !== undefined) return monthOf(month);
  return since === undefined ? {} : { from: sinceOf(since, now) };
}

function monthOf(month: string): TimeWindow {
  const [, year, number] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month) ?? [];
  if (year === undefined || number === undefined) {
    throw new UsageError(`--month takes a month such as 2026-03; not "${month}"`);
  }
  return {
    from: Date.UTC(Number(year), Number(number) - 1),
    to: Date.UTC(Number(year), Number(number)),
  };
}

function sinceOf(since: string, now: number): number {
  const ago = parseDuration(since);
  const at = ago === undefined ? Date.parse(since) : now - ago;
  if (Number.isFinite(at)) return at;
  throw new UsageError(`--since takes 24h, 7d or a day such as 2026-03-31; not "${since}"`);
}
