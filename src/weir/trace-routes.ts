import { randomUUID } from "node:crypto";
import type { Caller } from "../core/call.ts";
import { WeirError } from "../core/errors.ts";
import type { Feedback, KeptRun } from "../core/run.ts";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { type TraceRoutesNeeds, traceRoutes } from "../http/routes/traces.ts";
import {
  FACETS,
  type NewFeedback,
  type RunFilters,
  type SavedView,
} from "../http/trace-schemas.ts";
import { filterOf } from "../watch/langsmith/filter-language.ts";
import { uuidOf } from "../watch/langsmith/uuid.ts";
import type { Shelf } from "../watch/langsmith/shelf.ts";
import { toJsonLines, toParquet } from "../watch/trace/run-export.ts";
import type { Traces } from "../watch/trace/traces.ts";
import type { House } from "./house.ts";
import {
  countFeedback,
  toFeedbackRow,
  toFigure,
  toOverhead,
  toRunDetail,
  toRunFilter,
  toRunRow,
} from "./trace-views.ts";

const MOST_PROJECTS = 1000;
const MOST_FEEDBACK = 200;
const MOST_LISTED_FEEDBACK = 5000;
const FACET_VALUES = 50;
const EXPORT_PAGE = 500;
/** Saved views are everybody's who may see the dashboard. */
const VIEW = "saved-view";
const ALL = "-";

/** What the dashboard and the command line ask of traces. */
export function registerTraceRoutes(app: App, house: House, authorise: Authorise): void {
  const { metrics, recorder, shelf, textReads } = house;
  // Who looks sees also what ended just now.
  const fresh = async (): Promise<Traces> => {
    await recorder.flush();
    return house.traces;
  };
  traceRoutes(app.fastify, {
    authorise,
    noteRead: (read) => textReads.note(read),
    reads: (limit) => textReads.list(limit),
    async runs({ tenant, root, cursor, limit, texts, ...filters }) {
      const traces = await fresh();
      const asked = {
        tenantId: tenant,
        isRoot: root,
        filter: toRunFilter({ root, ...filters }),
        cursor,
        limit,
      };
      const { runs, next } = await traces.runs(asked);
      const sums = root === true ? await traces.sums(runs.map(({ traceId }) => traceId)) : {};
      const runIds = runs.map(({ id }) => id);
      const given = countFeedback(await traces.feedback({ runIds, limit: MOST_LISTED_FEEDBACK }));
      return {
        runs: runs.map((run) => ({
          ...toRunRow(run, sums[run.traceId] ?? null),
          ...(!texts && NO_TEXTS),
          feedback: given.get(run.id) ?? [],
        })),
        next,
      };
    },
    ...oneOf(fresh),
    ...aboutRuns(fresh),
    overhead: () => toOverhead(metrics.overhead()),
    giveFeedback: async (id, feedback, by) =>
      giveFeedback(await fresh(), askedId(id), feedback, by),
    removeUser: async (userId, tenantId) =>
      (await fresh()).remove({ userId, ...(tenantId !== undefined && { tenantId }) }),
    removeTrace: async (id) => (await fresh()).remove({ traceIds: [askedId(id)] }),
    async export(filters, format) {
      const pages = pagesOf(await fresh(), filters);
      return format === "parquet" ? toParquet(pages) : toJsonLines(pages);
    },
    views: viewsOn(shelf),
  });
}

const NO_TEXTS = { inputPreview: null, outputPreview: null, errorMessage: null };

/** A trace, as rows or as a tree, and a run. */
function oneOf(fresh: () => Promise<Traces>): Pick<TraceRoutesNeeds, "trace" | "tree" | "run"> {
  return {
    async trace(id, { cursor, limit, texts }) {
      const traces = await fresh();
      const { runs, next } = await traces.trace(askedId(id), { limit, ...(cursor && { cursor }) });
      return { runs: runs.map((run) => ({ ...toRunRow(run), ...(!texts && NO_TEXTS) })), next };
    },
    async tree(id, { cursor, limit }) {
      return (await fresh()).tree(askedId(id), { limit, ...(cursor && { cursor }) });
    },
    async run(id) {
      const traces = await fresh();
      const [kept] = await traces.find([askedId(id)]);
      if (!kept) return undefined;
      return toRunDetail(
        kept,
        await traces.feedback({ runIds: [kept.run.id], limit: MOST_FEEDBACK }),
      );
    },
  };
}

function aboutRuns(
  fresh: () => Promise<Traces>,
): Pick<TraceRoutesNeeds, "facets" | "figures" | "projects"> {
  return {
    async facets(filters) {
      const { tenant, root } = filters;
      const traces = await fresh();
      const asked = { tenantId: tenant, isRoot: root, filter: toRunFilter(filters) };
      return { facets: await traces.facets(asked, FACETS, FACET_VALUES) };
    },
    async figures({ filter, where, ...query }) {
      const traces = await fresh();
      const asked = { ...query, where, ...(filter && { filter: filterOf(filter) }) };
      return { figures: (await traces.figures(asked)).map(toFigure) };
    },
    async projects() {
      const traces = await fresh();
      const projects = await traces.projects({ limit: MOST_PROJECTS });
      return {
        projects: projects.map(
          ({ id, tenantId, name, description, lastRunAt, referenceDatasetId }) => ({
            id,
            tenantId,
            name,
            description,
            lastRunAt,
            referenceDatasetId,
          }),
        ),
      };
    },
  };
}

/** Ids come as UUIDs, and as the 32 hex digits of a trace id. */
function askedId(id: string): string {
  const uuid = uuidOf(id);
  if (uuid !== undefined) return uuid;
  throw new WeirError(
    "invalid_request",
    `id: ${JSON.stringify(id)} is neither a UUID nor 32 hex digits.`,
    { param: "id" },
  );
}

async function giveFeedback(traces: Traces, runId: string, given: NewFeedback, by: Caller) {
  const [kept] = await traces.find([runId]);
  if (!kept) throw new WeirError("not_found", "There is no run of this id.");
  const now = Date.now();
  const feedback: Feedback = {
    id: randomUUID(),
    tenantId: kept.run.tenantId,
    runId,
    traceId: kept.run.traceId,
    projectId: kept.run.projectId,
    key: given.key,
    score: given.score ?? null,
    value: given.value ?? null,
    correction: null,
    comment: given.comment ?? null,
    source: { type: "app", user_name: by.keyName },
    comparativeExperimentId: null,
    extra: null,
    createdAt: now,
    modifiedAt: now,
  };
  await traces.putFeedback(feedback);
  return toFeedbackRow(feedback);
}

async function* pagesOf(traces: Traces, filters: RunFilters): AsyncGenerator<KeptRun[]> {
  const { tenant, root } = filters;
  const asked = {
    tenantId: tenant,
    isRoot: root,
    filter: toRunFilter(filters),
    limit: EXPORT_PAGE,
  };
  let cursor: string | undefined;
  do {
    const { runs, next } = await traces.runs({ ...asked, cursor });
    yield await traces.find(runs.map(({ id }) => id));
    cursor = next ?? undefined;
  } while (cursor !== undefined);
}

function viewsOn(shelf: Shelf) {
  return {
    async list() {
      const records = await shelf.list({ kind: VIEW, tenantId: ALL, order: "name", limit: 500 });
      return { views: records.map(({ id, value }) => ({ id, ...(value as SavedView) })) }; // written by put
    },
    async put(view: SavedView) {
      const name = `${view.page}: ${view.name}`;
      const [known] = await shelf.list({ kind: VIEW, tenantId: ALL, name, limit: 1 });
      const id = known?.id ?? randomUUID();
      await shelf.write([
        { op: "put", kind: VIEW, tenantId: ALL, id, name, value: view, at: Date.now() },
      ]);
      return { id };
    },
    async remove(id: string) {
      await shelf.write([{ op: "remove", kind: VIEW, tenantId: ALL, id }]);
    },
  };
}
