import type { FastifyInstance, FastifyReply } from "fastify";
import type { TargetDesk } from "../../serve/target-desk.ts";
import {
  TargetActed,
  TargetAction,
  TargetFacts,
  TargetName,
  TargetTest,
} from "../admin-schemas.ts";
import type { Authorise } from "../authorise.ts";

export interface TargetsNeeds {
  readonly authorise: Authorise;
  readonly desk: TargetDesk;
}

const tag = "Targets";

/** One target at a time: what it says of itself, whether it answers, what its engine should do. */
export function targetRoutes(app: FastifyInstance, { authorise, desk }: TargetsNeeds): void {
  app.get<{ Querystring: TargetName }>(
    "/admin/v1/targets/facts",
    {
      schema: {
        summary: "What an upstream says of itself",
        tag,
        querystring: TargetName,
        response: { 200: TargetFacts },
      },
    },
    (request, reply) => {
      authorise(request.raw, "viewer");
      const { model, target } = request.query;
      return desk.facts(model, target, leaving(reply));
    },
  );
  app.post<{ Body: TargetName }>(
    "/admin/v1/targets/test",
    {
      schema: {
        summary: "Let a target make a few tokens",
        tag,
        body: TargetName,
        response: { 200: TargetTest },
      },
    },
    (request, reply) => {
      authorise(request.raw, "operator");
      const { model, target } = request.body;
      return desk.test(model, target, leaving(reply));
    },
  );
  app.post<{ Body: TargetAction }>(
    "/admin/v1/targets/actions",
    {
      schema: {
        summary: "Load or unload an adapter, put an engine to sleep or wake it, empty its cache",
        tag,
        body: TargetAction,
        response: { 200: TargetActed },
      },
    },
    async (request, reply) => {
      authorise(request.raw, "operator");
      const { model, target } = request.body;
      await desk.act(model, target, request.body, leaving(reply));
      return { done: true };
    },
  );
}

/** Aborts when who asked goes away. */
function leaving(reply: FastifyReply): AbortSignal {
  const left = new AbortController();
  reply.raw.on("close", () => left.abort());
  return left.signal;
}
