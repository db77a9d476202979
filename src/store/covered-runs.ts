/**
 * A client that traces its own model runs and calls Weir for them reports the same tokens twice: once
 * as its run, once as our call. The call is known to be under the run by its parent, or to be the same by
 * the id of the answer; sums then leave the client's run out. Where nothing but the answer's id tells
 * that the two belong together, the call is hung under the client's run. An upstream that traces its
 * answers does the same from the other side: its run hangs under our call, and is left out as well.
 */
import type { Run, RunPayload, RunRecord } from "../core/run.ts";
import { orderSegment } from "../core/trace-ids.ts";

const MOST_ANSWER_CHARS = 100;

/** `chatcmpl-…`, `msg_…`: what the upstream called its answer. */
export function answerOf(run: Run, { outputs }: RunPayload): string | undefined {
  if (run.source === "call") return run.call?.answerId ?? undefined;
  if (run.type !== "llm" || typeof outputs !== "object" || outputs === null) return undefined;
  const id = "id" in outputs ? outputs.id : undefined;
  return typeof id === "string" && id !== "" && id.length <= MOST_ANSWER_CHARS ? id : undefined;
}

/** Whether a call of ours may count for it. */
export function isModelRun({ source, type }: Run): boolean {
  return source !== "call" && (type === "llm" || type === "embedding");
}

/** Whether it may be an upstream's own run of a call of ours: upstreams are told of it by `traceparent` alone. */
export function isUpstreamRun(run: Run): boolean {
  return run.source === "otlp" && run.parentId !== null && isModelRun(run);
}

/** A call in its place under the client's run of it. */
export function placedUnder(client: Run, call: Run): Run {
  const { id, traceId, dottedOrder } = client;
  const own = orderSegment(call.at, call.id);
  return { ...call, traceId, parentId: id, dottedOrder: dottedOrder && `${dottedOrder}.${own}` };
}

/** A call that is the root of its trace hangs under a client's run, never under what it asked for itself. */
export function mayHangUnder(call: Run, client: Run): boolean {
  return call.parentId === null && client.traceId !== call.traceId;
}

/** A run, with the id of its answer. */
export interface AnsweredRun {
  readonly run: Run;
  readonly answer: string | undefined;
}

/** Which kept runs may belong to these. */
export interface CoveringQuestion {
  /** Calls of ours under these model runs, and model runs under these calls: of the same trace, within a day. */
  readonly above: readonly Run[];
  /** Ids of the model runs or calls that these name as their parents. */
  readonly parents: readonly string[];
  readonly answers: readonly string[];
}

export function questionOf(runs: readonly AnsweredRun[]): CoveringQuestion {
  const models = runs.filter(({ run }) => isModelRun(run));
  const calls = runs.filter(({ run }) => run.source === "call");
  const upstreams = runs.map(({ run }) => run).filter(isUpstreamRun);
  return {
    above: [...models, ...calls].map(({ run }) => run),
    parents: [...calls.map(({ run }) => run), ...upstreams].flatMap(
      ({ parentId }) => parentId ?? [],
    ),
    answers: [...models, ...calls].flatMap(({ answer }) => answer ?? []),
  };
}

/** Of what may belong to another: a call of ours, or a model run. */
export const COUNTS_SQL = "(source = 'call' OR type IN ('llm', 'embedding'))";

const DAY_MS = 86_400_000;

/** What hangs under these has begun between: databases look into no other days. */
export function daysAround(runs: readonly Run[]): [from: number, to: number] {
  const starts = runs.map(({ at }) => at);
  const ends = runs.map(({ at, endAt }) => Math.max(at, endAt ?? at));
  return [Math.min(...starts) - DAY_MS, Math.max(...ends) + DAY_MS];
}

export function answered({ run, payload }: RunRecord): AnsweredRun {
  return { run, answer: answerOf(run, payload) };
}

/**
 * Runs as they are once it is known what counts for what: those that are covered, and calls that hang
 * under another run now. `related` are kept already; only those of them that changed come back. Pure.
 */
export function cover(fresh: readonly AnsweredRun[], related: readonly AnsweredRun[]): Run[] {
  const known = new Map([...related, ...fresh].map((one) => [one.run.id, one]));
  const clients = [...known.values()].filter(({ run }) => isModelRun(run));
  const byAnswer = Map.groupBy(clients, ({ run, answer }) => `${run.tenantId} ${answer ?? ""}`);
  const byParent = Map.groupBy(clients, ({ run }) => run.parentId);
  const changed = new Map(fresh.map(({ run }) => [run.id, run]));
  for (const { run: call, answer } of known.values()) {
    if (call.source !== "call") continue;
    const above = call.parentId === null ? undefined : known.get(call.parentId);
    const parent = above && isModelRun(above.run) ? [above] : [];
    const same = answer === undefined ? [] : (byAnswer.get(`${call.tenantId} ${answer}`) ?? []);
    const below = byParent.get(call.id) ?? [];
    for (const { run: other } of [...parent, ...same, ...below]) {
      if (other.tenantId !== call.tenantId) continue;
      if (!other.isCovered) changed.set(other.id, { ...other, isCovered: true });
      const placed = changed.get(call.id) ?? call;
      if (mayHangUnder(placed, other)) changed.set(call.id, placedUnder(other, placed));
    }
  }
  return [...changed.values()];
}
