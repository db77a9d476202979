import type { AttemptRecord } from "./attempt.ts";
import type { CallContext } from "./needs.ts";
import type { StageTimes } from "./timeline.ts";

/**
 * Where a call's time went until its answer began, for `server-timing` and `x-weir-overhead-ms`: what
 * it spent in this server, without its body's way here and without the upstream. Pure.
 */
export function timingHeaders(
  { authMs }: Pick<CallContext, "authMs">,
  times: StageTimes,
  attempts: readonly Pick<AttemptRecord, "startedAt" | "endedAt" | "firstContentAt">[],
  now: number,
): Record<string, string> {
  const { admitAt, guardAt = now, routeAt = now } = times;
  // An answer from the cache was routed nowhere.
  const attemptAt = times.attemptAt ?? now;
  const sentAt = attempts[0]?.startedAt ?? now;
  const last = attempts.at(-1);
  const answeredAt = last?.endedAt ?? last?.firstContentAt ?? now;
  const upstreamMs = answeredAt - sentAt;
  const overheadMs = authMs + (now - admitAt) - upstreamMs;
  const timing =
    `auth;dur=${round(authMs)}, admit;dur=${round(guardAt - admitAt)}` +
    `, guard;dur=${round(routeAt - guardAt)}, cache;dur=${round(attemptAt - routeAt)}`;
  const way =
    last === undefined
      ? ""
      : `, route;dur=${round(sentAt - attemptAt)}, upstream;dur=${round(upstreamMs)}`;
  return { "server-timing": timing + way, "x-weir-overhead-ms": String(round(overheadMs)) };
}

/** To hundredths; a clock that was read twice in one moment never gives less than nothing. */
function round(ms: number): number {
  return ms <= 0 ? 0 : Math.round(ms * 100) / 100;
}
