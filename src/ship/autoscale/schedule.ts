/** Bounds that hold at certain times: known peaks are met before they come. Pure. */

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

export interface ScheduledBounds {
  /** 0 is Sunday. Empty: every day. A time that goes over midnight belongs to the day on which it begins. */
  readonly days: readonly number[];
  /** Minutes after midnight. An end at or before the beginning is on the next day. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** What is left out stays as it is at other times. */
  readonly min?: number;
  readonly max?: number;
}

export interface Schedule {
  /** As IANA names it, `Europe/Berlin`. */
  readonly timeZone: string;
  readonly entries: readonly ScheduledBounds[];
}

const DAY_MINUTES = 24 * 60;

/**
 * The bounds at a time (epoch milliseconds). Of several that hold the last one wins; a minimum above
 * the maximum lifts the maximum: what was promised at a time counts more than what is usual.
 */
export function boundsAt(usual: Bounds, schedule: Schedule | undefined, at: number): Bounds {
  if (!schedule || !Number.isFinite(at)) return usual;
  const { day, minute } = localTime(at, schedule.timeZone);
  let { min, max } = usual;
  for (const entry of schedule.entries) {
    if (!holds(entry, day, minute)) continue;
    min = entry.min ?? min;
    max = entry.max ?? max;
  }
  return { min, max: Math.max(min, max) };
}

function holds({ days, fromMinute, toMinute }: ScheduledBounds, day: number, minute: number) {
  const isOn = (one: number) => days.length === 0 || days.includes(one);
  if (fromMinute < toMinute) return isOn(day) && minute >= fromMinute && minute < toMinute;
  return (isOn(day) && minute >= fromMinute) || (isOn((day + 6) % 7) && minute < toMinute);
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** Throws a RangeError where there is no such time zone. */
function localTime(at: number, timeZone: string): { day: number; minute: number } {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const minute = Number(parts.get("hour")) * 60 + Number(parts.get("minute"));
  return { day: DAYS.indexOf(parts.get("weekday") ?? ""), minute: minute % DAY_MINUTES };
}
