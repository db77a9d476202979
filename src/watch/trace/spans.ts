import type { AttemptFacts, GuardScan, SpanKind, SpanRecord, Timeline } from "../../core/call.ts";

interface Kept {
  readonly id: string;
  readonly route: string;
  readonly status: string;
  readonly timeline: Timeline;
  readonly cache?: string | null;
}

type Range = readonly [from: number, to: number];

/** What did not happen is not called by the name of what did. */
const GUARD: Readonly<Record<GuardScan, string>> = {
  done: "inspect the input",
  failed: "the guard failed",
  off: "no guard",
};

/** A kept call's timeline as the bars of its waterfall. Pure: ids follow from the trace's. */
export function toSpans({ id, route, status, timeline, cache = null }: Kept): SpanRecord[] {
  const ending = status === "ok" || status === "canceled" ? status : "error";
  const spans: SpanRecord[] = [];
  const root = `${id.slice(0, 14)}00`;

  function add(kind: SpanKind, name: string, [from, to]: Range, more: Partial<SpanRecord> = {}) {
    const number = String(spans.length).padStart(2, "0");
    spans.push({
      id: `${id.slice(0, 14)}${number}`,
      parent: root,
      kind,
      name,
      startMs: from,
      durationMs: to - from,
      status: "ok",
      attributes: {},
      ...more,
    });
  }

  const { admitAt, guardAt, guardScan, routeAt, attemptAt, settledAt, endedAt } = timeline;
  add("call", route, [0, endedAt], { parent: null, status: ending });
  add("auth", "find the key", [0, timeline.authMs]);
  add("admit", "limits and budget", [admitAt, guardAt ?? attemptAt ?? settledAt]);
  if (guardAt !== undefined) {
    add("guard", GUARD[guardScan ?? "done"], [guardAt, routeAt ?? settledAt], {
      ...(guardScan === "failed" && { status: "error" }),
      ...(guardScan && { attributes: { scan: guardScan } }),
    });
  }
  if (routeAt !== undefined && cache !== null) {
    add("cache", "look for the answer", [routeAt, attemptAt ?? settledAt], {
      attributes: { result: cache },
    });
  }
  if (attemptAt !== undefined) {
    add("route", "find a target with room", [
      attemptAt,
      timeline.attempts[0]?.startedAt ?? settledAt,
    ]);
  }
  for (const attempt of timeline.attempts) {
    const { target, startedAt, endedAt } = attempt;
    add("attempt", target, [startedAt, endedAt], attemptDetail(attempt));
  }
  add("settle", "count, price, record", [settledAt, endedAt]);
  return spans;
}

function attemptDetail(attempt: AttemptFacts): Partial<SpanRecord> {
  const { model, reason, startedAt, firstContentAt, errorCode, errorMessage } = attempt;
  return {
    status: attempt.isCanceled ? "canceled" : errorCode === undefined ? "ok" : "error",
    attributes: {
      model,
      ...(reason !== undefined && { reason }),
      ...(firstContentAt !== undefined && { firstContentMs: firstContentAt - startedAt }),
      ...(errorCode !== undefined && { errorCode, errorMessage: errorMessage ?? null }),
    },
  };
}
