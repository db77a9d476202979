import type { ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { formatSseComment } from "../../core/sse.ts";
import type { Responses } from "../../serve/responses/responses.ts";
import type { Authorise } from "../authorise.ts";
import { PageQuery, pageOf, toPage } from "../page.ts";

export interface ResponsesRoutesNeeds {
  readonly authorise: Authorise;
  readonly responses: Responses;
}

const tag = "Responses";

const ResponseBody = z.looseObject({
  id: z.string(),
  object: z.literal("response"),
  status: z.enum(["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]),
  output: z.array(z.looseObject({ id: z.string(), type: z.string() })),
});
const Item = z.looseObject({ id: z.string(), type: z.string() });
const Deleted = z.object({
  id: z.string(),
  object: z.literal("response"),
  deleted: z.literal(true),
});
const GetQuery = z.looseObject({
  stream: z.stringbool().default(false).describe("the events of a background response"),
  starting_after: z.coerce.number().int().default(-1).describe("the last event already seen"),
});

interface OfOne {
  Params: { id: string };
}

/** Kept responses: read, followed, cancelled, deleted. They are made in the fast lane. */
export function responseRoutes(app: FastifyInstance, needs: ResponsesRoutesNeeds): void {
  const { authorise, responses } = needs;
  app.get<OfOne & { Querystring: z.infer<typeof GetQuery> }>(
    "/v1/responses/:id",
    {
      schema: {
        summary: "A kept response, or the events of a background one",
        tag,
        querystring: GetQuery,
        response: { 200: ResponseBody },
      },
    },
    async (request, reply) => {
      const caller = authorise(request.raw, "inference");
      const { id } = request.params;
      const { stream, starting_after: after } = request.query;
      const response = responses.get(caller, id);
      if (!stream) return response;
      reply.hijack();
      follow(reply.raw, (follower) => responses.follow(caller, id, after, follower));
      return reply;
    },
  );
  app.delete<OfOne>(
    "/v1/responses/:id",
    { schema: { summary: "Forget a response", tag, response: { 200: Deleted } } },
    async (request) => {
      const { id } = request.params;
      responses.remove(authorise(request.raw, "inference"), id);
      return { id, object: "response", deleted: true };
    },
  );
  app.post<OfOne>(
    "/v1/responses/:id/cancel",
    { schema: { summary: "End a background response", tag, response: { 200: ResponseBody } } },
    async (request) => responses.cancel(authorise(request.raw, "inference"), request.params.id),
  );
  app.get<OfOne & { Querystring: PageQuery }>(
    "/v1/responses/:id/input_items",
    {
      schema: {
        summary: "What a response was asked",
        tag,
        querystring: PageQuery,
        response: { 200: pageOf(Item) },
      },
    },
    async (request) => {
      const items = responses.inputItems(authorise(request.raw, "inference"), request.params.id);
      return toPage(items, request.query);
    },
  );
}

type Follow = (follower: { write(text: string): void; end(): void }) => () => void;

const SILENCE_MS = 15_000;
/** A client that reads nothing must not fill the memory: it can come back for the rest. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

function follow(raw: ServerResponse, start: Follow): void {
  raw.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  });
  raw.flushHeaders();
  const stillHere = setInterval(() => raw.write(formatSseComment("still here")), SILENCE_MS);
  const stop = start({
    write(text) {
      raw.write(text);
      if (raw.writableLength > MAX_UNREAD_BYTES) raw.destroy();
    },
    end: () => void raw.end(),
  });
  raw.on("close", () => {
    clearInterval(stillHere);
    stop();
  });
}
