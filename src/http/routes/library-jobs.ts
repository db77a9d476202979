import type { FastifyInstance, FastifySchema } from "fastify";
import type { z } from "zod";
import type { Caller } from "../../core/call.ts";
import type { Authorise } from "../authorise.ts";
import {
  CompareWish,
  LibraryJob,
  LibraryJobs,
  OptimizeWish,
  PullWish,
  QuantizeWish,
} from "../library-schemas.ts";

export interface LibraryJobsNeeds {
  readonly authorise: Authorise;
  /** Each checks a wish and begins it, for who asks. */
  readonly pull: (wish: PullWish, by: string) => LibraryJob;
  readonly quantize: (wish: QuantizeWish, by: string) => Promise<LibraryJob>;
  readonly compare: (wish: CompareWish, by: string) => Promise<LibraryJob>;
  readonly optimize: (wish: OptimizeWish, by: string) => Promise<LibraryJob>;
  readonly jobs: () => LibraryJob[];
  readonly job: (id: string) => LibraryJob;
  readonly cancel: (id: string) => LibraryJob;
  /** Writes down who did what to which model. */
  readonly note: (event: string, by: Caller, subject: string) => void;
}

const tag = "Library";

/** Of the longest text that may be measured by, in any language. */
const MOST_TEXT_BYTES = 4 * 1024 * 1024;

interface ById {
  readonly Params: { readonly id: string };
}

/** Long work on model files: begun by one request, looked at by others, and going on when nobody looks. */
export function libraryJobRoutes(app: FastifyInstance, needs: LibraryJobsNeeds): void {
  const { authorise, note } = needs;
  app.get(
    "/admin/v1/library/jobs",
    { schema: { summary: "Pulls and other long work", tag, response: { 200: LibraryJobs } } },
    async (request) => {
      authorise(request.raw, "viewer");
      return { jobs: needs.jobs() };
    },
  );
  app.get<ById>(
    "/admin/v1/library/jobs/:id",
    { schema: { summary: "How far one is", tag, response: { 200: LibraryJob } } },
    async (request) => {
      authorise(request.raw, "viewer");
      return needs.job(request.params.id);
    },
  );
  app.post<ById>(
    "/admin/v1/library/jobs/:id/cancel",
    {
      schema: {
        summary: "End one; nothing half done stays",
        tag,
        response: { 200: LibraryJob },
      },
    },
    async (request) => {
      const caller = authorise(request.raw, "operator");
      const job = needs.cancel(request.params.id);
      note("job_canceled", caller, job.id);
      return job;
    },
  );
  registerWishes(app, needs);
}

function registerWishes(app: FastifyInstance, needs: LibraryJobsNeeds): void {
  const { authorise, pull, quantize, compare, optimize, note } = needs;
  app.post<{ Body: PullWish }>(
    "/admin/v1/library/pull",
    { schema: schemaOf("Fetch a model from the hub or an address", PullWish) },
    async (request, reply) => {
      const caller = authorise(request.raw, "operator");
      const job = pull(request.body, caller.keyName);
      note("model_pull_asked", caller, job.title);
      return reply.code(202).send(job);
    },
  );
  app.post<{ Body: QuantizeWish }>(
    "/admin/v1/library/quantize",
    { schema: schemaOf("Write a model in fewer bits", QuantizeWish) },
    async (request, reply) => {
      const caller = authorise(request.raw, "operator");
      const job = await quantize(request.body, caller.keyName);
      note("model_quantize_asked", caller, job.title);
      return reply.code(202).send(job);
    },
  );
  app.post<{ Body: CompareWish }>(
    "/admin/v1/library/compare",
    {
      bodyLimit: MOST_TEXT_BYTES,
      schema: schemaOf("Measure what models cost and lose", CompareWish),
    },
    async (request, reply) => {
      const caller = authorise(request.raw, "operator");
      const job = await compare(request.body, caller.keyName);
      note("model_compare_asked", caller, job.title);
      return reply.code(202).send(job);
    },
  );
  app.post<{ Body: OptimizeWish }>(
    "/admin/v1/library/optimize",
    {
      bodyLimit: MOST_TEXT_BYTES,
      schema: schemaOf("Find the smallest type that loses no more than it may", OptimizeWish),
    },
    async (request, reply) => {
      const caller = authorise(request.raw, "operator");
      const job = await optimize(request.body, caller.keyName);
      note("model_optimize_asked", caller, job.title);
      return reply.code(202).send(job);
    },
  );
}

function schemaOf(summary: string, body: z.ZodType): FastifySchema {
  return { summary, tag, body, response: { 202: LibraryJob } };
}
