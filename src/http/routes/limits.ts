import type { FastifyInstance } from "fastify";
import type { Authorise } from "../authorise.ts";
import { LimitList, SpendList } from "../limit-schemas.ts";

export interface LimitsNeeds {
  readonly authorise: Authorise;
  readonly list: () => Promise<LimitList>;
  readonly spent: () => Promise<SpendList>;
}

/** How much of each limit and budget is used. */
export function limitRoutes(app: FastifyInstance, { authorise, list, spent }: LimitsNeeds): void {
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
  app.get(
    "/admin/v1/spend",
    {
      schema: {
        summary: "What keys and tenants have used today and this month",
        tag: "Limits",
        response: { 200: SpendList },
      },
    },
    (request) => {
      authorise(request.raw, "viewer");
      return spent();
    },
  );
}
