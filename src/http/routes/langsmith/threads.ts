import type { FastifyInstance, FastifyRequest } from "fastify";
import { WeirError } from "../../../core/errors.ts";
import type { RunFilter } from "../../../core/run-query.ts";
import type { Run } from "../../../core/run.ts";
import type { Wire } from "../../../watch/langsmith/run-fields.ts";
import type { RunReads } from "../../../watch/langsmith/run-reads.ts";
import { searchOf2 } from "../../../watch/langsmith/run-search.ts";
import {
  type Thread,
  selectedStats,
  threadStats,
  threadsOf,
  toWireThread,
} from "../../../watch/langsmith/threads.ts";
import { type Totals, totalsWithin } from "../../../watch/langsmith/totals.ts";
import type { Traces } from "../../../watch/trace/traces.ts";
import type { Authorise } from "../../authorise.ts";
import { pathText } from "./data-scope.ts";
import { readerOf } from "./origin.ts";
import { selectsIn } from "./public.ts";
import { plain } from "./runs-2.ts";
import { asked, askedCount, sentFields, tenantOf } from "./scope.ts";

export interface ThreadRoutesNeeds {
  readonly authorise: Authorise;
  readonly traces: Traces;
  readonly reads: RunReads;
  readonly now: () => number;
}

const COSTS = ["total_cost", "prompt_cost", "completion_cost"];

/** Conversations: what was traced with the same `thread_id`, in the second version's words. */
export function threadRoutes(app: FastifyInstance, needs: ThreadRoutesNeeds): void {
  const { authorise } = needs;
  app.post("/api/v2/threads/query", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    const body = plain(request);
    const threads = await threadsAsked(body, tenantId, needs);
    const offset = offsetOf(body["cursor"]);
    const limit = Math.min(Number(body["page_size"] ?? 20) || 20, 100);
    const page = threads.slice(offset, offset + limit);
    const totals = await totalsOfRoots(page, tenantId, needs);
    const items = page.map((thread) => withNumbers(toWireThread(thread, totals)));
    return { items, next_cursor: nextOf(offset + limit, threads.length) };
  });
  app.post("/api/v2/threads/stats", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    const body = sentFields(request);
    const threads = await threadsAsked(body, tenantId, needs);
    const totals = await totalsOfRoots(threads, tenantId, needs);
    const select = Array.isArray(body["select"]) ? body["select"].map(String) : [];
    return selectedStats(threadStats(threads, totals), select);
  });
  app.get("/api/v2/threads/:id/stats", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    const thread = await threadAsked(request, asked(request, "session_id"), needs);
    const totals = await totalsOfRoots([thread], tenantId, needs);
    return selectedStats(threadStats([thread], totals), selectsIn(request) ?? []);
  });
  app.get("/api/v2/threads/:id/traces", async (request) => turns(request, needs));
}

/** The traces of one conversation, the first at first. */
async function turns(request: FastifyRequest, needs: ThreadRoutesNeeds) {
  const { authorise, traces, reads } = needs;
  const reader = readerOf(authorise, request);
  const thread = await threadAsked(request, asked(request, "project_id"), needs);
  const offset = offsetOf(asked(request, "cursor"));
  const limit = askedCount(request, "page_size", { otherwise: 100, most: 100 });
  const page = thread.roots.slice(offset, offset + limit);
  const kept = await traces.find(
    page.map(({ id }) => id),
    reader.tenantId,
  );
  const selects = selectsIn(request)?.map((name) => name.toLowerCase()) ?? ["trace_id"];
  const select = selects.map((name) => (name === "latency" ? "latency_seconds" : name));
  const views = await reads.second(kept, reader, { select, isSummed: true });
  const items = views.map(({ latency_seconds: latency, ...view }, index) => ({
    ...view,
    ...(selects.includes("latency") && { latency }),
    ...(selects.includes("turn_number") && { turn_number: offset + index + 1 }),
  }));
  return { items, next_cursor: nextOf(offset + limit, thread.roots.length) };
}

async function threadsAsked(
  body: Wire,
  tenantId: string,
  { traces, reads, now }: ThreadRoutesNeeds,
): Promise<Thread[]> {
  const { thread_filter: own, trace_filter: filter, filter: more, ...rest } = body;
  if (own !== undefined && own !== null && own !== "") {
    throw new WeirError(
      "invalid_request",
      'Weir does not know "thread_filter". Use "trace_filter", which conditions the threads\' traces.',
      {
        param: "thread_filter",
        status: 501,
      },
    );
  }
  const search = searchOf2({ ...rest, filter: more ?? filter }, now());
  await reads.settled();
  return threadsOf(traces, tenantId, search.filter);
}

async function threadAsked(
  request: FastifyRequest,
  project: string | undefined,
  { authorise, traces, reads, now }: ThreadRoutesNeeds,
): Promise<Thread> {
  const { tenantId } = tenantOf(authorise, request);
  const id = decodeURIComponent(pathText(request, "id"));
  const asks = { min_start_time: 1, filter: asked(request, "filter"), project_ids: project };
  const { filter } = searchOf2(asks, now());
  await reads.settled();
  const own: RunFilter = { op: "eq", field: "threadId", value: id };
  const [thread] = await threadsOf(
    traces,
    tenantId,
    filter ? { op: "and", of: [filter, own] } : own,
  );
  if (thread) return thread;
  throw new WeirError("not_found", `There is no thread "${id.slice(0, 100)}" in this project.`);
}

/** Tokens of each root with everything under it. */
async function totalsOfRoots(
  threads: readonly Thread[],
  tenantId: string,
  { reads }: ThreadRoutesNeeds,
): Promise<(run: Run) => Totals> {
  const found = new Map<string, Totals>();
  for (const { roots } of threads) {
    for (const { id, traceId } of roots) {
      const totals = totalsWithin(await reads.wholeTrace(traceId, tenantId)).get(id);
      if (totals) found.set(id, totals);
    }
  }
  return (run) => found.get(run.id) ?? run;
}

function withNumbers(view: Wire): Wire {
  const numbers = COSTS.map((name) => [name, view[name] === null ? null : Number(view[name])]);
  return { ...view, ...Object.fromEntries(numbers) };
}

function offsetOf(cursor: unknown): number {
  const offset = Number(cursor === undefined || cursor === null || cursor === "" ? 0 : cursor);
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new WeirError("invalid_request", '"cursor" is none that this server gave.', {
    param: "cursor",
  });
}

function nextOf(offset: number, total: number): string | null {
  return offset < total ? String(offset) : null;
}
