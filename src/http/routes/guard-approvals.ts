import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Caller } from "../../core/call.ts";
import type { Authorise } from "../authorise.ts";
import { GuardApproval, GuardDecision } from "../guard-schemas.ts";

const ApprovalPath = z.strictObject({ id: z.string() });
const GuardPin = z.strictObject({ tenant: z.string().default("default"), tool: z.string().min(1) });

export interface GuardApprovalNeeds {
  readonly authorise: Authorise;
  readonly list: () => readonly GuardApproval[];
  /** Throws not_found where nothing of that id waits. */
  readonly decide: (id: string, decision: GuardDecision["decision"], by: Caller) => GuardApproval;
  /** Throws not_found where the tool is not pinned. */
  readonly unpin: (pin: z.output<typeof GuardPin>) => void;
}

const tag = "Guard";

/** Calls of tools that wait for a person, and tools that are pinned. */
export function guardApprovalRoutes(app: FastifyInstance, needs: GuardApprovalNeeds): void {
  const { authorise, list, decide, unpin } = needs;
  app.get(
    "/admin/v1/guard/approvals",
    {
      schema: {
        summary: "Prompts and calls of tools that wait for a person, and what was decided",
        tag,
        response: { 200: z.object({ approvals: z.array(GuardApproval) }) },
      },
    },
    (request) => {
      authorise(request.raw, "operator");
      return { approvals: [...list()] };
    },
  );
  app.post<{ Params: z.infer<typeof ApprovalPath>; Body: GuardDecision }>(
    "/admin/v1/guard/approvals/:id",
    {
      schema: {
        summary: "Approve or deny a call of a tool",
        tag,
        params: ApprovalPath,
        body: GuardDecision,
        response: { 200: GuardApproval },
      },
    },
    (request) => {
      const by = authorise(request.raw, "operator");
      return decide(request.params.id, request.body.decision, by);
    },
  );
  app.post<{ Body: z.output<typeof GuardPin> }>(
    "/admin/v1/guard/unpin",
    {
      schema: {
        summary: "Let a tool be pinned anew, as it reads when it is seen next",
        tag,
        body: GuardPin,
        response: { 204: z.null() },
      },
    },
    (request, reply) => {
      authorise(request.raw, "operator");
      unpin(request.body);
      return reply.status(204).send();
    },
  );
}
