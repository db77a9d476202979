import type { AttemptFacts, GuardScan, Timeline } from "../../core/call.ts";
import type { AttemptRecord } from "./attempt.ts";
import type { CallContext } from "./needs.ts";

/** `monotonic` milliseconds at which each step began; absent when the call never came so far. */
export interface StageTimes {
  readonly admitAt: number;
  guardAt?: number;
  guardScan?: GuardScan;
  routeAt?: number;
  attemptAt?: number;
  firstContentAt?: number;
}

/** A call's times counted from its own start, to the microsecond. */
export function toTimeline(
  { startedAt, authMs }: CallContext,
  times: StageTimes,
  attempts: readonly AttemptRecord[],
  { settledAt, endedAt }: { settledAt: number; endedAt: number },
): Timeline {
  const since = (at: number) => Math.round((at - startedAt) * 1000) / 1000;
  const sinceIf = (at: number | undefined) => (at === undefined ? undefined : since(at));
  return {
    authMs: Math.round(authMs * 1000) / 1000,
    admitAt: since(times.admitAt),
    guardAt: sinceIf(times.guardAt),
    guardScan: times.guardScan,
    routeAt: sinceIf(times.routeAt),
    attemptAt: sinceIf(times.attemptAt),
    settledAt: since(settledAt),
    endedAt: since(endedAt),
    attempts: attempts.map((attempt): AttemptFacts => ({
      target: attempt.target.id,
      model: attempt.target.model,
      reason: attempt.reason,
      startedAt: since(attempt.startedAt),
      endedAt: since(attempt.endedAt ?? settledAt),
      firstContentAt: sinceIf(attempt.firstContentAt),
      isCanceled: attempt.canceled || undefined,
      errorCode: attempt.error?.code,
      errorMessage: attempt.error?.message,
    })),
  };
}
