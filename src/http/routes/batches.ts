import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { Metadata } from "../../core/dialects/responses/body.ts";
import type { Batches } from "../../serve/batch/batches.ts";
import type { Authorise } from "../authorise.ts";
import { PageQuery, pageOf, toPage } from "../page.ts";

export interface BatchesRoutesNeeds {
  readonly authorise: Authorise;
  readonly batches: Batches;
}

const tag = "Batches";

/** What the lines of a batch may ask for. */
export const BATCH_ENDPOINTS = [
  "/v1/chat/completions",
  "/v1/completions",
  "/v1/embeddings",
  "/v1/responses",
] as const;

const NewBatch = z.looseObject({
  input_file_id: z.string(),
  endpoint: z.enum(BATCH_ENDPOINTS),
  completion_window: z.literal("24h"),
  metadata: Metadata.nullish(),
  output_expires_after: z
    .object({
      anchor: z.literal("created_at"),
      seconds: z.int().min(3600).max(2_592_000),
    })
    .nullish(),
});
const Batch = z.looseObject({
  id: z.string(),
  object: z.literal("batch"),
  endpoint: z.string(),
  status: z.string(),
  request_counts: z.object({ total: z.int(), completed: z.int(), failed: z.int() }),
});

interface OfOne {
  Params: { id: string };
}

/** Batches: made from an uploaded file, looked at, cancelled. */
export function batchRoutes(app: FastifyInstance, needs: BatchesRoutesNeeds): void {
  const { authorise, batches } = needs;
  app.post<{ Body: z.infer<typeof NewBatch> }>(
    "/v1/batches",
    {
      schema: {
        summary: "Run a file of requests within a day",
        tag,
        body: NewBatch,
        response: { 200: Batch },
      },
    },
    async ({ raw, body }) =>
      batches.create(authorise(raw, "inference"), {
        endpoint: body.endpoint,
        inputFileId: body.input_file_id,
        metadata: body.metadata ?? null,
        outputExpiresAfterSeconds: body.output_expires_after?.seconds ?? null,
      }),
  );
  app.get<{ Querystring: PageQuery }>(
    "/v1/batches",
    {
      schema: {
        summary: "The batches of this key",
        tag,
        querystring: PageQuery,
        response: { 200: pageOf(Batch) },
      },
    },
    async ({ raw, query }) => toPage(batches.list(authorise(raw, "inference")), query),
  );
  app.get<OfOne>(
    "/v1/batches/:id",
    { schema: { summary: "How far a batch is", tag, response: { 200: Batch } } },
    async ({ raw, params }) => batches.get(authorise(raw, "inference"), params.id),
  );
  app.post<OfOne>(
    "/v1/batches/:id/cancel",
    {
      schema: {
        summary: "End a batch; what was done is kept",
        tag,
        response: { 200: Batch },
      },
    },
    async ({ raw, params }) => batches.cancel(authorise(raw, "inference"), params.id),
  );
}
