import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { WeirError } from "../../core/errors.ts";
import { CallDetail, CallList, CallQuery, Overview, OverviewWindow } from "../admin-schemas.ts";
import type { Authorise } from "../authorise.ts";

/** A call as it is kept: the dashboard calls the key by its name. */
interface Kept {
  readonly keyName: string;
}

export interface CallsNeeds {
  readonly authorise: Authorise;
  readonly list: (query: CallQuery) => Promise<{ calls: readonly Kept[]; next: string | null }>;
  readonly find: (id: string) => Promise<Kept | undefined>;
  readonly overview: (window: z.infer<typeof OverviewWindow>) => Promise<z.infer<typeof Overview>>;
}

const OverviewQuery = z.strictObject({ window: OverviewWindow.default("1h") });

/** What was called, how it went, and what it cost. Answers are checked against their schemas. */
export function callRoutes(app: FastifyInstance, needs: CallsNeeds): void {
  const tag = "Calls";
  app.get<{ Querystring: z.infer<typeof OverviewQuery> }>(
    "/admin/v1/overview",
    {
      schema: {
        summary: "Figures of a window",
        tag,
        querystring: OverviewQuery,
        response: { 200: Overview },
      },
    },
    async (request) => {
      needs.authorise(request.raw, "viewer");
      return needs.overview(request.query.window);
    },
  );
  app.get<{ Querystring: CallQuery }>(
    "/admin/v1/calls",
    {
      schema: {
        summary: "Calls, newest first",
        tag,
        querystring: CallQuery,
        response: { 200: CallList },
      },
    },
    async (request) => {
      needs.authorise(request.raw, "viewer");
      const { calls, next } = await needs.list(request.query);
      return { calls: calls.map(toWire), next };
    },
  );
  app.get<{ Params: { id: string } }>(
    "/admin/v1/calls/:id",
    { schema: { summary: "One call with its spans", tag, response: { 200: CallDetail } } },
    async (request) => {
      needs.authorise(request.raw, "viewer");
      const call = await needs.find(request.params.id);
      if (call) return toWire(call);
      throw new WeirError(
        "not_found",
        "There is no call with this trace id. It may be older than traces.keep, or not written yet: a call is kept a moment after its end.",
      );
    },
  );
}

function toWire(call: Kept): Kept & { key: string } {
  return { ...call, key: call.keyName };
}
