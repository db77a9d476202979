/**
 * A client that traces its own model runs and calls Weir for them reports the same tokens twice: once
 * as its run, once as our call. The call is known to be under the run by its parent, or to be the same by
 * the id of the answer; sums then leave the client's run out. Where nothing but the answer's id tells
 * that the two belong together, the call is hung under the client's run.
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

/** A call in its place under the client's run of it. */
export function placedUnder(client: Run, call: Run): Run {
  const { id, traceId, dottedOrder } = client;
  const own = orderSegment(call.at, call.id);
  return { ...call, traceId, parentId: id, dottedOrder: dottedOrder && `${dottedOrder}.${own}` };
}

/** A run, with the id of its answer. */
export interface AnsweredRun {
  readonly run: Run;
  readonly answer: string | undefined;
}

/** Which kept runs may belong to these. */
export interface CoveringQuestion {
  /** Calls of ours under these runs of these traces. */
  readonly clients: readonly Run[];
  /** Runs that calls of ours name as their parents. */
  readonly parents: readonly string[];
  readonly answers: readonly string[];
}

export function questionOf(runs: readonly AnsweredRun[]): CoveringQuestion {
  const models = runs.filter(({ run }) => isModelRun(run));
  const calls = runs.filter(({ run }) => run.source === "call");
  return {
    clients: models.map(({ run }) => run),
    parents: calls.flatMap(({ run }) => run.parentId ?? []),
    answers: [...models, ...calls].flatMap(({ answer }) => answer ?? []),
  };
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
  const changed = new Map(fresh.map(({ run }) => [run.id, run]));
  for (const { run: call, answer } of known.values()) {
    if (call.source !== "call") continue;
    const above = call.parentId === null ? undefined : known.get(call.parentId);
    const parent = above && isModelRun(above.run) ? [above] : [];
    const same = answer === undefined ? [] : (byAnswer.get(`${call.tenantId} ${answer}`) ?? []);
    for (const { run: client } of [...parent, ...same]) {
      if (client.tenantId !== call.tenantId) continue;
      if (!client.isCovered) changed.set(client.id, { ...client, isCovered: true });
      const placed = changed.get(call.id) ?? call;
      if (placed.parentId === null) changed.set(call.id, placedUnder(client, placed));
    }
  }
  return [...changed.values()];
}
