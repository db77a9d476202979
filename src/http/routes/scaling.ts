import type { FastifyInstance } from "fastify";
import type { Caller } from "../../core/call.ts";
import type { Authorise } from "../authorise.ts";
import {
  ReplicasQuery,
  ScaledModelRow,
  ScalingList,
  ScalingWish,
  WantedReplicas,
} from "../scaling-schemas.ts";

export interface ScalingNeeds {
  readonly authorise: Authorise;
  readonly list: () => ScalingList;
  /** Throws model_not_found, or invalid_request where the model is not scaled. */
  readonly act: (wish: ScalingWish, by: Caller) => ScaledModelRow;
  /** Throws as `act`; model_unavailable while nothing was decided. */
  readonly wanted: (model: string) => WantedReplicas;
}

const tag = "Scaling";

/** How many replicas models have and should have, why, and an operator's word on it. */
export function scalingRoutes(app: FastifyInstance, needs: ScalingNeeds): void {
  const { authorise, list, act, wanted } = needs;
  app.get(
    "/admin/v1/scaling",
    { schema: { summary: "Replicas, and why so many", tag, response: { 200: ScalingList } } },
    async (request) => {
      authorise(request.raw, "viewer");
      return list();
    },
  );
  app.post<{ Body: ScalingWish }>(
    "/admin/v1/scaling",
    {
      schema: {
        summary: "Hold a number of replicas, or let it be decided again",
        tag,
        body: ScalingWish,
        response: { 200: ScaledModelRow },
      },
    },
    async (request) => act(request.body, authorise(request.raw, "operator")),
  );
  app.get<{ Querystring: ReplicasQuery }>(
    "/admin/v1/scaling/replicas",
    {
      schema: {
        summary: "How many replicas a model should have, for KEDA's metrics-api trigger",
        tag,
        querystring: ReplicasQuery,
        response: { 200: WantedReplicas },
      },
    },
    async (request) => {
      authorise(request.raw, "viewer");
      return wanted(request.query.model);
    },
  );
}
