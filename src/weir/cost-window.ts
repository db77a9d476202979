import { WeirError } from "../core/errors.ts";
import { HOUR_MS, startOf } from "../watch/cost/cost-report.ts";
import type { Traces } from "../watch/trace/traces.ts";
import type { House } from "./house.ts";

/** Which time and whose runs a question about cost means. */
export interface Asked {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly tenant?: string | undefined;
}

/** Who looks sees also what ended just now. */
export async function fresh({ recorder, traces }: House): Promise<Traces> {
  await recorder.flush();
  return traces;
}

/** The end of an hour: sums are kept by the hour. */
export function endOf(at: number): number {
  return startOf("hour", at) + HOUR_MS;
}

/** Widened to whole hours: so all that is asked of it is about the same time. */
export function windowOf({ from, to }: Asked, defaultFrom: (now: number) => number) {
  const now = Date.now();
  const window = {
    from: startOf("hour", from ?? defaultFrom(now)),
    to: endOf((to ?? now + 1) - 1),
  };
  if (window.from < window.to) return window;
  throw new WeirError("invalid_request", "from: expected a time before `to`.", { param: "from" });
}

export const thisMonth = (now: number) => startOf("month", now);
