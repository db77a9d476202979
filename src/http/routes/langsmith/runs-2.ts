import type { FastifyInstance, FastifyRequest } from "fastify";
import { WeirError } from "../../../core/errors.ts";
import type { Run } from "../../../core/run.ts";
import type { Wire } from "../../../watch/langsmith/run-fields.ts";
import type { RunReads } from "../../../watch/langsmith/run-reads.ts";
import { allOf, searchOf2 } from "../../../watch/langsmith/run-search.ts";
import { selectOf } from "../../../watch/langsmith/run-view-2.ts";
import { appPath } from "../../../watch/langsmith/run-view.ts";
import type { Shares } from "../../../watch/langsmith/shares.ts";
import { uuidOf } from "../../../watch/langsmith/uuid.ts";
import type { Traces } from "../../../watch/trace/traces.ts";
import type { Authorise } from "../../authorise.ts";
import { pathId } from "./data-scope.ts";
import { originOf, readerOf } from "./origin.ts";
import { selectsIn } from "./public.ts";
import { asked, sentFields, tenantOf } from "./scope.ts";

export interface RunRoutes2Needs {
  readonly authorise: Authorise;
  readonly traces: Traces;
  readonly reads: RunReads;
  readonly shares: Shares;
  readonly now: () => number;
}

interface OfOne {
  Params: { id: string };
}

/** Of a trace: these are what was used in all of it. */
const AGGREGATES = ["total_tokens", "total_cost", "first_token_time"];
const EVER = { min_start_time: 1 };

/** The second version of reading runs and traces, as the generated clients ask. */
export function langSmithRunRoutes2(app: FastifyInstance, needs: RunRoutes2Needs): void {
  const { authorise, reads, now } = needs;
  app.post("/api/v2/runs/query", async (request) => {
    const reader = readerOf(authorise, request);
    const body = await withProjects(plain(request), reader.tenantId, needs);
    const isSummed = body["include_subtree_usage"] === true;
    const select = selectOf(body["selects"]);
    const search = searchOf2(body, now());
    const page = await reads.page2(search, reader, { select, isSummed });
    return { items: page.runs, next_cursor: page.next };
  });
  app.get<OfOne>("/api/v2/runs/:id", async (request) => {
    const kept = await runOf(request, needs);
    const select = selectOf(selectsIn(request));
    const reader = readerOf(authorise, request);
    return (await reads.second([kept], reader, { select, isSummed: false }))[0];
  });
  app.get<OfOne>("/api/v2/runs/:id/url", async (request) => {
    const { run } = await runOf(request, needs);
    return { url: `${originOf(request)}${appPath(run)}` };
  });
  shareRoutes(app, needs);
  traceRoutes(app, needs);
  app.post("/api/v2/sql/query", async () => {
    throw new WeirError(
      "invalid_request",
      "Weir does not take SQL over runs. Use POST /api/v2/runs/query with a filter, or POST /api/v1/runs/stats for figures.",
      { status: 501 },
    );
  });
}

/**
 * The fields of a query that is answered at once and by conditions: asking in plain words needs a model
 * that judges every run.
 */
export function plain(request: FastifyRequest): Wire {
  if (request.headers.accept?.includes("text/event-stream")) {
    throw new WeirError(
      "invalid_request",
      "Weir answers this as JSON, not as a stream. Use the same query without streaming.",
      { param: "accept", status: 406 },
    );
  }
  const body = sentFields(request);
  if (body["ai_search"] === undefined || body["ai_search"] === null) return body;
  throw new WeirError(
    "invalid_request",
    'Weir does not search by "ai_search". Use a filter, as search("words") or eq(status, "error").',
    { param: "ai_search", status: 501 },
  );
}

/** A dataset stands for the projects of its experiments. */
async function withProjects(
  { reference_dataset_id: sent, ...body }: Wire,
  tenantId: string,
  { traces }: RunRoutes2Needs,
): Promise<Wire> {
  if (sent === undefined || sent === null) return body;
  const id = uuidOf(sent);
  const asked = { tenantId, referenceDatasetIds: [id ?? NO_ID], limit: 1000 };
  const projects = await traces.projects(asked);
  const ids = projects.map((project) => project.id);
  // Clocks of clients differ from ours.
  const since = Math.min(...projects.map(({ startAt }) => startAt)) - DAY_MS;
  return {
    ...body,
    project_ids: ids.length === 0 ? [NO_ID] : ids,
    min_start_time: body["min_start_time"] ?? (Number.isFinite(since) ? since : undefined),
  };
}

const DAY_MS = 86_400_000;
/** Nothing is called so. */
const NO_ID = "00000000-0000-0000-0000-000000000000";

async function runOf(request: FastifyRequest, { authorise, reads }: RunRoutes2Needs) {
  const { tenantId } = tenantOf(authorise, request);
  const id = pathId(request, "id");
  const kept = await reads.find(id, tenantId);
  if (kept) return kept;
  throw new WeirError("not_found", `There is no run ${id} here.`);
}

/** What is shared is the trace: its root's token, whichever run is named. */
function shareRoutes(app: FastifyInstance, needs: RunRoutes2Needs): void {
  const { authorise, shares } = needs;
  app.post<OfOne>("/api/v2/runs/:id/share", async (request) => {
    const { run } = await runOf(request, needs);
    const { tenantId, traceId } = run;
    const share = await shares.share({ id: traceId, traceId, tenantId });
    return { share_token: share.token };
  });
  app.delete<OfOne>("/api/v2/runs/:id/share", async (request, reply) => {
    const { tenantId } = tenantOf(authorise, request);
    await shares.unshare(pathId(request, "id"), tenantId);
    return reply.code(204).send();
  });
}

function traceRoutes(app: FastifyInstance, needs: RunRoutes2Needs): void {
  const { authorise, traces, reads, now } = needs;
  app.post("/api/v2/traces/query", async (request) => {
    const body = plain(request);
    const reader = readerOf(authorise, request);
    const select = selectOf(body["selects"]);
    const { trace_filter: filter, ...rest } = body;
    const search = searchOf2({ ...rest, filter, is_root: true }, now());
    const asksSums = select.some((field) => AGGREGATES.includes(field));
    const own = select.filter((field) => !AGGREGATES.includes(field));
    const both = [...new Set([...select, "id"])];
    const page = await reads.page2(search, reader, { select: both, isSummed: asksSums });
    const items = page.runs.map((run) => ({
      root_run: picked(run, own.length === 0 ? ["id"] : own),
      ...(asksSums && { trace_aggregates: picked(run, AGGREGATES) }),
    }));
    return { items, next_cursor: page.next };
  });
  app.get<OfOne>("/api/v2/traces/:id/runs", async (request) => {
    const reader = readerOf(authorise, request);
    const { tenantId } = reader;
    await reads.settled();
    const body = {
      ...EVER,
      filter: asked(request, "filter"),
      min_start_time: asked(request, "min_start_time") ?? EVER.min_start_time,
      max_start_time: asked(request, "max_start_time"),
    };
    const { filter } = searchOf2({ ...body, project_ids: asked(request, "project_id") }, now());
    const traceId = pathId(request, "id");
    const all: Run[] = [];
    let cursor: string | undefined;
    do {
      const within = allOf([{ op: "eq", field: "traceId", value: traceId }, filter]);
      const query = { tenantId, filter: within, order: "asc", limit: 1000, cursor } as const;
      const { runs, next } = await traces.runs(query);
      all.push(...runs);
      cursor = next ?? undefined;
    } while (cursor !== undefined);
    const select = selectOf(selectsIn(request));
    const ids = all.map(({ id }) => id);
    const items = await reads.second(await traces.find(ids, tenantId), reader, {
      select,
      isSummed: false,
    });
    return { items };
  });
}

function picked(run: Wire, fields: readonly string[]): Wire {
  return Object.fromEntries(Object.entries(run).filter(([field]) => fields.includes(field)));
}
