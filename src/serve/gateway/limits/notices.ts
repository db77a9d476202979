import type { Meter } from "../../../core/ledger.ts";
import { windowAt } from "../../../core/ledger.ts";
import type { Log } from "../../../core/log.ts";
import type { Clock } from "../../../core/time.ts";
import { nameOf } from "./headers.ts";

/** What limits did, by limit and by whose: what `/metrics` shows. */
export interface LimitCounts {
  readonly refusals: ReadonlyMap<string, LimitCount>;
  readonly shadowRefusals: ReadonlyMap<string, LimitCount>;
  readonly softExceeded: ReadonlyMap<string, LimitCount>;
  /** What calls cost beyond what was reserved for them, where a budget was to be kept. */
  readonly overshootNanos: number;
}

export interface LimitCount {
  readonly limit: string;
  readonly by: string;
  value: number;
}

export interface LimitNotices {
  readonly counts: LimitCounts;
  refused(meter: Meter): void;
  /** A soft or a shadow limit was gone beyond. */
  exceeded(meter: Meter): void;
  overshot(nanos: number): void;
}

const MOST_NOTED = 10_000;

/** Counts what limits do, and logs a soft one that is gone beyond once a window. */
export function createNotices(now: Clock, log: Log): LimitNotices {
  const refusals = new Map<string, LimitCount>();
  const shadowRefusals = new Map<string, LimitCount>();
  const softExceeded = new Map<string, LimitCount>();
  const noted = new Map<string, number>();
  let overshootNanos = 0;

  function isNewsIn(meter: Meter): boolean {
    const at = now();
    const isCalendar = meter.span === "day" || meter.span === "month";
    const window = isCalendar ? windowAt(meter.span, at) : Math.floor(at / 60_000);
    if (noted.get(meter.key) === window) return false;
    if (noted.size >= MOST_NOTED) noted.clear();
    noted.set(meter.key, window);
    return true;
  }

  return {
    counts: {
      refusals,
      shadowRefusals,
      softExceeded,
      get overshootNanos() {
        return overshootNanos;
      },
    },
    refused: (meter) => add(refusals, meter),
    exceeded(meter) {
      add(meter.mode === "shadow" ? shadowRefusals : softExceeded, meter);
      if (meter.mode === "soft" && isNewsIn(meter)) {
        const { scope, subject, limit } = meter;
        // A user's name is a person's: it is for the trace, not for the log.
        const mayNamePerson = scope === "perUser" || scope.startsWith("rule:");
        log.warn("soft_limit_exceeded", {
          limit: nameOf(meter),
          ...(!mayNamePerson && { subject }),
          most: limit,
        });
      }
    },
    overshot(nanos) {
      overshootNanos += nanos;
    },
  };
}

function add(counts: Map<string, LimitCount>, { scope, field }: Meter): void {
  const id = `${scope}/${field}`;
  const known = counts.get(id);
  if (known) known.value += 1;
  else counts.set(id, { limit: field, by: scope, value: 1 });
}
