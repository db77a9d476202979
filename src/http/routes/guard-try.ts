import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import type { Authorise } from "../authorise.ts";
import { GuardPolicy, GuardTry, TryGuardBody } from "../guard-schemas.ts";

export interface GuardTryNeeds {
  readonly authorise: Authorise;
  readonly policy: () => GuardPolicy;
  /** Throws invalid_request where the policy cannot be used. */
  readonly tryOut: (asked: z.output<typeof TryGuardBody>) => GuardTry;
}

/** A text looked at without a call: nothing of it is kept. */
export function guardTryRoutes(app: FastifyInstance, needs: GuardTryNeeds): void {
  const { authorise, policy, tryOut } = needs;
  app.get(
    "/admin/v1/guard",
    {
      schema: {
        summary: "The guard's policy, as weir.yaml says it",
        tag: "Guard",
        response: { 200: GuardPolicy },
      },
    },
    (request) => {
      authorise(request.raw, "viewer");
      return policy();
    },
  );
  app.post<{ Body: z.output<typeof TryGuardBody> }>(
    "/admin/v1/guard/try",
    {
      schema: {
        summary: "What the guard makes of a text, by its policy or by another",
        tag: "Guard",
        body: TryGuardBody,
        response: { 200: GuardTry },
      },
    },
    (request) => {
      authorise(request.raw, "viewer");
      return tryOut(request.body);
    },
  );
}
