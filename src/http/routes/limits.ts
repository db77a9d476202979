import type { FastifyInstance } from "fastify";
import type { Authorise } from "../authorise.ts";
import { LimitList } from "../limit-schemas.ts";

export interface LimitsNeeds {
  readonly authorise: Authorise;
  readonly list: () => Promise<LimitList>;
}

/** How much of each limit and budget is used. */
export function limitRoutes(app: FastifyInstance, { authorise, list }: LimitsNeeds): void {
  app.get(
    "/admin/v1/limits",
    {
      schema: {
        summary: "How much of each limit and budget is used",
        tag: "Limits",
        response: { 200: LimitList },
      },
    },
    (request) => {
      authorise(request.raw, "viewer");
      return list();
    },
  );
}
