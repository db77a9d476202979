import type { Overload } from "../../config/listener.ts";
import type { Priority } from "../../core/call.ts";
import { WeirError } from "../../core/errors.ts";

/** What the server carries at this moment. */
export interface Load {
  readonly calls: number;
  /** Bytes of request bodies that are held, or announced to come. */
  readonly bodyBytes: number;
  /** Of the memory for objects, 0 to 1. */
  readonly heapShare: number;
  /** How long work waited for the processor lately. */
  readonly lagMs: number;
}

export type ShedReason = "calls" | "bodies" | "heap" | "lag";

/** The share of every limit that a priority may fill: what is left above is for those before it. */
const SHARES: Readonly<Record<Priority, number>> = { high: 1, normal: 0.95, low: 0.8 };

/** Why one more call of this priority is too much; undefined when it is not. A pure decision. */
export function whyShed(
  load: Load,
  limits: Overload,
  priority: Priority,
  bodyBytes: number,
): ShedReason | undefined {
  const share = SHARES[priority];
  if (load.calls >= limits.maxCalls * share) return "calls";
  const mostBodies = limits.maxBodyMiBInFlight * 1024 * 1024 * share;
  // One alone always may: a limit below a single body would refuse that body for ever.
  if (load.bodyBytes > 0 && load.bodyBytes + bodyBytes > mostBodies) return "bodies";
  if (load.heapShare * 100 >= limits.maxHeapPercent * share) return "heap";
  if (load.lagMs >= limits.maxEventLoopLag * share) return "lag";
  return undefined;
}

const WORDS: Readonly<Record<ShedReason, string>> = {
  calls: "as many calls as it takes are running (server.overload.maxCalls)",
  bodies: "it holds as many request bodies as it may (server.overload.maxBodyMiBInFlight)",
  heap: "its memory is nearly full (server.overload.maxHeapPercent)",
  lag: "it is behind with its work (server.overload.maxEventLoopLag)",
};

/** Memory and lag are measured once a second: before that, nothing will have changed. */
const RETRY_MS: Readonly<Record<ShedReason, number>> = {
  calls: 1000,
  bodies: 1000,
  heap: 5000,
  lag: 2000,
};

export function overloaded(reason: ShedReason): WeirError {
  return new WeirError(
    "overloaded",
    `This server has too much to do: ${WORDS[reason]}. Try again in a few seconds.`,
    { retryAfterMs: RETRY_MS[reason] },
  );
}
