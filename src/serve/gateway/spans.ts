import type { CallStatus, SpanKind, SpanRecord } from "../../core/call.ts";
import { newSpanId } from "../../core/ids.ts";
import type { AttemptRecord } from "./attempts.ts";
import type { CallContext } from "./needs.ts";

/** `monotonic` milliseconds at which each step began; absent when the call never came so far. */
export interface StageTimes {
  readonly admitAt: number;
  guardAt?: number;
  routeAt?: number;
  attemptAt?: number;
  firstContentAt?: number;
}

interface End {
  readonly settledAt: number;
  readonly endedAt: number;
  readonly status: CallStatus;
}

/** A call's stages and attempts as the bars of its waterfall. */
export function spansOf(
  { startedAt, authMs, route }: CallContext,
  times: StageTimes,
  attempts: readonly AttemptRecord[],
  { settledAt, endedAt, status }: End,
): SpanRecord[] {
  const root = newSpanId();
  const spans: SpanRecord[] = [];

  function add(kind: SpanKind, name: string, from: number, to: number): void {
    spans.push({
      id: newSpanId(),
      parent: root,
      kind,
      name,
      startMs: from - startedAt,
      durationMs: to - from,
      status: "ok",
      attributes: {},
    });
  }

  spans.push({
    id: root,
    parent: null,
    kind: "call",
    name: route,
    startMs: 0,
    durationMs: endedAt - startedAt,
    status: status === "ok" ? "ok" : status === "canceled" ? "canceled" : "error",
    attributes: {},
  });
  add("auth", "find the key", startedAt, startedAt + authMs);
  add("admit", "limits and budget", times.admitAt, times.guardAt ?? settledAt);
  if (times.guardAt !== undefined) {
    add("guard", "inspect the input", times.guardAt, times.routeAt ?? settledAt);
  }
  if (times.routeAt !== undefined && times.attemptAt !== undefined) {
    add("route", "order the targets", times.routeAt, times.attemptAt);
  }
  for (const attempt of attempts) spans.push(toAttemptSpan(attempt, root, startedAt, settledAt));
  add("settle", "count, price, record", settledAt, endedAt);
  return spans;
}

function toAttemptSpan(
  attempt: AttemptRecord,
  parent: string,
  startedAt: number,
  settledAt: number,
): SpanRecord {
  const { target, firstContentAt, error, canceled } = attempt;
  return {
    id: newSpanId(),
    parent,
    kind: "attempt",
    name: target.id,
    startMs: attempt.startedAt - startedAt,
    durationMs: (attempt.endedAt ?? settledAt) - attempt.startedAt,
    status: canceled ? "canceled" : error ? "error" : "ok",
    attributes: {
      model: target.model,
      ...(firstContentAt !== undefined && { firstContentMs: firstContentAt - attempt.startedAt }),
      ...(error && { errorCode: error.code, errorMessage: error.message }),
    },
  };
}
