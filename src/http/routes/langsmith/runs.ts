import type { FastifyInstance, FastifyRequest } from "fastify";
import { WeirError } from "../../../core/errors.ts";
import type { RunFilter } from "../../../core/run-query.ts";
import type { KeptRun } from "../../../core/run.ts";
import type { RunReads } from "../../../watch/langsmith/run-reads.ts";
import { allOf, searchOf } from "../../../watch/langsmith/run-search.ts";
import { statsOf } from "../../../watch/langsmith/run-stats.ts";
import { type Shares } from "../../../watch/langsmith/shares.ts";
import { threadsOf, toWireThread } from "../../../watch/langsmith/threads.ts";
import { idsUnder, totalsWithin } from "../../../watch/langsmith/totals.ts";
import { uuidOf } from "../../../watch/langsmith/uuid.ts";
import type { Traces } from "../../../watch/trace/traces.ts";
import type { Authorise } from "../../authorise.ts";
import { pathId } from "./data-scope.ts";
import { readerOf } from "./origin.ts";
import { sentFields, tenantOf } from "./scope.ts";

export interface RunRoutesNeeds {
  readonly authorise: Authorise;
  readonly traces: Traces;
  readonly reads: RunReads;
  readonly shares: Shares;
}

interface OfRun {
  Params: { id: string };
}

/** The classic reads of runs, what is shared of them, and their deletion. */
export function langSmithRunRoutes(app: FastifyInstance, needs: RunRoutesNeeds): void {
  const { authorise, traces, reads } = needs;
  app.get<OfRun>("/api/v1/runs/:id", async (request) => {
    const reader = readerOf(authorise, request);
    const kept = await runOf(request, needs);
    const [view] = await reads.classic([kept], reader, undefined);
    const trace = await reads.wholeTrace(kept.run.traceId, reader.tenantId);
    // Older SDKs load these one by one to show what is under a run.
    return { ...view, child_run_ids: idsUnder(kept.run.id, trace) };
  });
  app.post("/api/v1/runs/query", async (request) => {
    const body = sentFields(request);
    const select = Array.isArray(body["select"]) ? body["select"].map(String) : undefined;
    const { runs, next } = await reads.page(searchOf(body), readerOf(authorise, request), select);
    return { runs, cursors: { next, prev: null }, parsed_query: null };
  });
  app.post("/api/v1/runs/stats", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    const { filter, isRoot } = searchOf(sentFields(request));
    await reads.settled();
    return statsOf(traces, { tenantId, filter, isRoot });
  });
  app.post("/api/v1/runs/group", async (request) => groups(request, needs));
  app.post("/api/v1/runs/delete", async (request, reply) => {
    const { tenantId } = tenantOf(authorise, request);
    const deleted = await remove(sentFields(request), tenantId, needs);
    return reply.code(202).send({ message: "Runs deleted", deleted });
  });
  app.delete<OfRun>("/api/v1/runs/:id", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    const { run } = await runOf(request, needs);
    const deleted = await traces.remove({ tenantId, ids: [run.id] });
    return { message: "Run deleted", deleted };
  });
  shareRoutes(app, needs);
}

async function runOf(
  request: FastifyRequest,
  { authorise, reads }: Pick<RunRoutesNeeds, "authorise" | "reads">,
): Promise<KeptRun> {
  const { tenantId } = tenantOf(authorise, request);
  const id = pathId(request, "id");
  const kept = await reads.find(id, tenantId);
  if (kept) return kept;
  throw new WeirError("not_found", `There is no run ${id} here.`);
}

/** Conversations of a project, the latest first. */
async function groups(request: FastifyRequest, { authorise, traces, reads }: RunRoutesNeeds) {
  const { tenantId } = tenantOf(authorise, request);
  const body = sentFields(request);
  if (body["group_by"] !== undefined && body["group_by"] !== "conversation") {
    throw new WeirError("invalid_request", '"group_by" must be "conversation".', {
      param: "group_by",
    });
  }
  const { session_id: session, start_time: start, end_time: end, filter } = body;
  const search = searchOf({ session, start_time: start, end_time: end, filter });
  await reads.settled();
  const threads = await threadsOf(traces, tenantId, search.filter);
  const offset = Number(body["offset"] ?? 0) || 0;
  const limit = Math.min(Number(body["limit"] ?? 20) || 20, 100);
  const page = threads.slice(offset, offset + limit);
  const views = await Promise.all(
    page.map(async (thread) => {
      const totals = new Map(
        await Promise.all(
          thread.roots.map(
            async (run) =>
              [
                run.id,
                totalsWithin(await reads.wholeTrace(run.traceId, tenantId)).get(run.id),
              ] as const,
          ),
        ),
      );
      return {
        ...toWireThread(thread, (run) => totals.get(run.id) ?? run),
        filter: `eq(thread_id, ${JSON.stringify(thread.id)})`,
        session_id: session ?? null,
      };
    }),
  );
  return { groups: views, total: threads.length };
}

/** By trace or run ids, within a project where one is named. */
async function remove(
  body: Readonly<Record<string, unknown>>,
  tenantId: string,
  { traces, reads }: RunRoutesNeeds,
): Promise<number> {
  const ids = (name: string) =>
    Array.isArray(body[name]) ? body[name].map((id) => uuidOf(id) ?? "") : [];
  const [traceIds, runIds] = [ids("trace_ids"), [...ids("ids"), ...ids("run_ids")]];
  if ((traceIds.length === 0 && runIds.length === 0) || [...traceIds, ...runIds].includes("")) {
    throw new WeirError(
      "invalid_request",
      'Name the runs to delete: "trace_ids" or "ids" must be a list of UUIDs.',
      {
        param: "trace_ids",
        status: 422,
      },
    );
  }
  await reads.settled();
  const session = uuidOf(body["session_id"]);
  const filter = allOf([
    session === undefined ? undefined : { op: "eq", field: "projectId", value: session },
    either([
      traceIds.length === 0 ? undefined : { op: "in", field: "traceId", values: traceIds },
      runIds.length === 0 ? undefined : { op: "in", field: "id", values: runIds },
    ]),
  ]);
  return traces.remove({ tenantId, ...(filter && { filter }) });
}

function either(filters: readonly (RunFilter | undefined)[]): RunFilter {
  return { op: "or", of: filters.filter((filter) => filter !== undefined) };
}

function shareRoutes(app: FastifyInstance, needs: RunRoutesNeeds): void {
  const { authorise, shares } = needs;
  const url = "/api/v1/runs/:id/share";
  app.put<OfRun>(url, async (request) => {
    const { run } = await runOf(request, needs);
    const share = await shares.share(run, sentFields(request)["share_token"]);
    return { run_id: run.id, share_token: share.token };
  });
  app.get<OfRun>(url, async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    const id = pathId(request, "id");
    const share = await shares.of(id, tenantId);
    // Clients look whether there is a token: an answer without one says no.
    return share ? { run_id: id, share_token: share.token } : { run_id: id };
  });
  app.delete<OfRun>(url, async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    const id = pathId(request, "id");
    await shares.unshare(id, tenantId);
    return { run_id: id };
  });
}
