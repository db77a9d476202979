import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Caller } from "../../core/call.ts";
import { WeirError } from "../../core/errors.ts";
import type { Authorise } from "../authorise.ts";
import {
  FACETS,
  FacetList,
  FeedbackRow,
  FigureList,
  FigureQueryString,
  NewFeedback,
  Overhead,
  ProjectList,
  ReadList,
  Removed,
  RunDetail,
  RunFilters,
  RunList,
  RunListQuery,
  SavedView,
  SavedViewList,
  TraceQuery,
  TraceTree,
  TreeQuery,
} from "../trace-schemas.ts";

type List = z.infer<typeof RunList>;

/** What of a run's texts somebody looked at. */
export interface TextRead {
  readonly who: Caller;
  readonly what: string;
  readonly subject: string;
}

export interface TraceRoutesNeeds {
  readonly authorise: Authorise;
  readonly runs: (query: RunListQuery) => Promise<List>;
  readonly trace: (id: string, page: z.infer<typeof TraceQuery>) => Promise<List>;
  /** The JSON of a TraceTree. */
  readonly tree: (id: string, page: z.infer<typeof TreeQuery>) => Promise<Uint8Array>;
  readonly run: (id: string) => Promise<RunDetail | undefined>;
  readonly facets: (query: RunFilters) => Promise<z.infer<typeof FacetList>>;
  readonly figures: (
    query: z.infer<typeof FigureQueryString>,
  ) => Promise<z.infer<typeof FigureList>>;
  readonly overhead: () => z.infer<typeof Overhead>;
  readonly projects: () => Promise<z.infer<typeof ProjectList>>;
  readonly giveFeedback: (
    runId: string,
    feedback: NewFeedback,
    by: Caller,
  ) => Promise<z.infer<typeof FeedbackRow>>;
  readonly removeUser: (userId: string, tenantId: string | undefined) => Promise<number>;
  readonly removeTrace: (id: string) => Promise<number>;
  readonly export: (
    query: RunFilters,
    format: "jsonl" | "parquet",
  ) => Promise<NodeJS.ReadableStream>;
  readonly views: {
    readonly list: () => Promise<z.infer<typeof SavedViewList>>;
    readonly put: (view: SavedView) => Promise<{ id: string }>;
    readonly remove: (id: string) => Promise<void>;
  };
  /** Every look at texts is noted before they leave. */
  readonly noteRead: (read: TextRead) => Promise<void>;
  readonly reads: (limit: number) => Promise<z.infer<typeof ReadList>>;
}

const tag = "Traces";
const ById = z.strictObject({ id: z.string() });
const ExportQuery = RunFilters.extend({ format: z.enum(["jsonl", "parquet"]).default("jsonl") });
const UserQuery = z.strictObject({ tenant: z.string().optional() });

/** Runs and traces, what they cost and how long they took, for the dashboard and the command line. */
export function traceRoutes(app: FastifyInstance, needs: TraceRoutesNeeds): void {
  listRoutes(app, needs);
  choiceRoutes(app, needs);
  oneRoutes(app, needs);
  figureRoutes(app, needs);
  viewRoutes(app, needs);
  privacyRoutes(app, needs);
}

function listRoutes(
  app: FastifyInstance,
  { authorise, runs, trace, tree, noteRead }: TraceRoutesNeeds,
): void {
  app.get<{ Querystring: RunListQuery }>(
    "/admin/v1/runs",
    {
      schema: {
        summary: "Runs, newest first",
        tag,
        querystring: RunListQuery,
        response: { 200: RunList },
      },
    },
    async (request) => {
      const who = authorise(request.raw, "viewer");
      const subject = request.url.split("?")[1] ?? "";
      if (tellsOfTexts(request.query)) await noteRead({ who, what: "runs", subject });
      return runs(request.query);
    },
  );
  app.get<{ Params: { id: string }; Querystring: z.infer<typeof TraceQuery> }>(
    "/admin/v1/traces/:id",
    {
      schema: {
        summary: "The runs of a trace, by start",
        tag,
        params: ById,
        querystring: TraceQuery,
        response: { 200: RunList },
      },
    },
    async (request) => {
      const who = authorise(request.raw, "viewer");
      const { id } = request.params;
      if (request.query.texts) await noteRead({ who, what: "trace", subject: id });
      return trace(id, request.query);
    },
  );
  app.get<{ Params: { id: string }; Querystring: z.infer<typeof TreeQuery> }>(
    "/admin/v1/traces/:id/tree",
    {
      schema: {
        summary: "The tree of a trace: names, times and figures of its runs in columns, no texts",
        tag,
        params: ById,
        querystring: TreeQuery,
        response: { 200: TraceTree },
      },
    },
    async (request, reply) => {
      authorise(request.raw, "viewer");
      // It comes as JSON from the thread that read it: written there, it holds up no call.
      const json = await tree(request.params.id, request.query);
      return reply
        .type("application/json")
        .send(Buffer.from(json.buffer, json.byteOffset, json.byteLength));
    },
  );
}

function choiceRoutes(
  app: FastifyInstance,
  { authorise, facets, projects }: TraceRoutesNeeds,
): void {
  app.get<{ Querystring: RunFilters }>(
    "/admin/v1/run-facets",
    {
      schema: {
        summary: `How often each value of ${FACETS.join(", ")} occurs among the newest runs`,
        tag,
        querystring: RunFilters,
        response: { 200: FacetList },
      },
    },
    (request) => {
      authorise(request.raw, "viewer");
      return facets(request.query);
    },
  );
  app.get(
    "/admin/v1/projects",
    {
      schema: {
        summary: "Projects of traces, the latest first",
        tag,
        response: { 200: ProjectList },
      },
    },
    (request) => {
      authorise(request.raw, "viewer");
      return projects();
    },
  );
}

/** A search without texts in its answer tells of them, too. */
function tellsOfTexts({ texts, search, filter }: RunListQuery): boolean {
  return texts || search !== undefined || filter !== undefined;
}

function oneRoutes(
  app: FastifyInstance,
  { authorise, run, giveFeedback, noteRead }: TraceRoutesNeeds,
): void {
  app.get<{ Params: { id: string } }>(
    "/admin/v1/runs/:id",
    {
      schema: {
        summary: "One run with its texts",
        tag,
        params: ById,
        response: { 200: RunDetail },
      },
    },
    async (request) => {
      const who = authorise(request.raw, "viewer");
      const { id } = request.params;
      await noteRead({ who, what: "run", subject: id });
      const found = await run(id);
      if (found) return found;
      throw new WeirError(
        "not_found",
        "There is no run of this id. It may be older than traces.keep, or not here yet.",
      );
    },
  );
  app.post<{ Params: { id: string }; Body: NewFeedback }>(
    "/admin/v1/runs/:id/feedback",
    {
      schema: {
        summary: "Give feedback on a run",
        tag,
        params: ById,
        body: NewFeedback,
        response: { 201: FeedbackRow },
      },
    },
    async (request, reply) => {
      const who = authorise(request.raw, "operator");
      return reply.code(201).send(await giveFeedback(request.params.id, request.body, who));
    },
  );
}

function figureRoutes(
  app: FastifyInstance,
  { authorise, figures, overhead }: TraceRoutesNeeds,
): void {
  app.get<{ Querystring: z.infer<typeof FigureQueryString> }>(
    "/admin/v1/figures",
    {
      schema: {
        summary: "Counts, latencies, tokens and cost of finished runs, by up to two dimensions",
        tag,
        querystring: FigureQueryString,
        response: { 200: FigureList },
      },
    },
    (request) => {
      authorise(request.raw, "viewer");
      return figures(request.query);
    },
  );
  app.get(
    "/admin/v1/overhead",
    {
      schema: {
        summary: "The time that calls of the last hour spent in this server, by stage",
        tag,
        response: { 200: Overhead },
      },
    },
    async (request) => {
      authorise(request.raw, "viewer");
      return overhead();
    },
  );
}

function viewRoutes(app: FastifyInstance, { authorise, views }: TraceRoutesNeeds): void {
  app.get(
    "/admin/v1/views",
    { schema: { summary: "Saved views of the dashboard", tag, response: { 200: SavedViewList } } },
    (request) => {
      authorise(request.raw, "viewer");
      return views.list();
    },
  );
  app.post<{ Body: SavedView }>(
    "/admin/v1/views",
    {
      schema: {
        summary: "Save a view of the dashboard; one of its name is replaced",
        tag,
        body: SavedView,
        response: { 201: z.object({ id: z.string() }) },
      },
    },
    async (request, reply) => {
      authorise(request.raw, "operator");
      return reply.code(201).send(await views.put(request.body));
    },
  );
  app.delete<{ Params: { id: string } }>(
    "/admin/v1/views/:id",
    { schema: { summary: "Forget a saved view", tag, params: ById } },
    async (request, reply) => {
      authorise(request.raw, "operator");
      await views.remove(request.params.id);
      return reply.code(204).send();
    },
  );
}

function privacyRoutes(app: FastifyInstance, needs: TraceRoutesNeeds): void {
  const { authorise, removeUser, removeTrace, reads } = needs;
  app.get<{ Querystring: z.infer<typeof ExportQuery> }>(
    "/admin/v1/runs/export",
    {
      schema: {
        summary: "Runs with their texts as JSONL or Parquet",
        tag,
        querystring: ExportQuery,
      },
    },
    (request, reply) => sendExport(request, reply, needs),
  );
  app.delete<{ Params: { id: string }; Querystring: z.infer<typeof UserQuery> }>(
    "/admin/v1/users/:id/runs",
    {
      schema: {
        summary: "Delete all that is kept of a user's runs",
        tag,
        params: ById,
        querystring: UserQuery,
        response: { 200: Removed },
      },
    },
    async (request) => {
      authorise(request.raw, "admin");
      return { removed: await removeUser(request.params.id, request.query.tenant) };
    },
  );
  app.delete<{ Params: { id: string } }>(
    "/admin/v1/traces/:id",
    { schema: { summary: "Delete a trace", tag, params: ById, response: { 200: Removed } } },
    async (request) => {
      authorise(request.raw, "admin");
      return { removed: await removeTrace(request.params.id) };
    },
  );
  app.get<{ Querystring: { limit: number } }>(
    "/admin/v1/reads",
    {
      schema: {
        summary: "Who looked at texts of prompts and answers, the latest first",
        tag,
        querystring: z.strictObject({
          limit: z.coerce.number().int().min(1).max(1000).default(100),
        }),
        response: { 200: ReadList },
      },
    },
    (request) => {
      authorise(request.raw, "admin");
      return reads(request.query.limit);
    },
  );
}

async function sendExport(
  request: FastifyRequest<{ Querystring: z.infer<typeof ExportQuery> }>,
  reply: FastifyReply,
  { authorise, noteRead, export: open }: TraceRoutesNeeds,
): Promise<FastifyReply> {
  const who = authorise(request.raw, "admin");
  await noteRead({ who, what: "export", subject: request.url.split("?")[1] ?? "" });
  const { format, ...filters } = request.query;
  const type = format === "parquet" ? "application/vnd.apache.parquet" : "application/jsonl";
  return reply
    .type(type)
    .header("content-disposition", `attachment; filename="runs.${format}"`)
    .send(await open(filters, format));
}
