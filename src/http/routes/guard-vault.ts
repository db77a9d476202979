import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Caller } from "../../core/call.ts";
import type { Authorise } from "../authorise.ts";
import type { TextRead } from "./traces.ts";

const VaultOpenBody = z.strictObject({
  tenant: z.string().min(1).default("default"),
  text: z.string().max(200_000).describe("with placeholders, as an upstream or its log has it"),
});
type VaultOpenBody = z.output<typeof VaultOpenBody>;
const VaultOpened = z.object({
  text: z.string().describe("with the originals"),
  opened: z.number().describe("how many placeholders were known"),
});
const VaultPath = z.strictObject({ id: z.string().describe("the tenant's") });
const VaultErase = z.strictObject({
  user: z.string().min(1).optional().describe("only what this user's requests had"),
});
type VaultErase = z.infer<typeof VaultErase>;
const VaultErased = z.object({ removed: z.number() });

export interface GuardVaultNeeds {
  readonly authorise: Authorise;
  /** Rejects with conflict where nothing is kept. */
  readonly open: (asked: VaultOpenBody) => Promise<z.infer<typeof VaultOpened>>;
  readonly erase: (asked: VaultErase & { tenant: string }, by: Caller) => Promise<number>;
  /** Noted before the originals leave. */
  readonly noteRead: (read: TextRead) => Promise<void>;
}

const tag = "Guard";

/** What placeholders stand for, for the operator's eyes, and its end. */
export function guardVaultRoutes(app: FastifyInstance, needs: GuardVaultNeeds): void {
  const { authorise, open, erase, noteRead } = needs;
  app.post<{ Body: VaultOpenBody }>(
    "/admin/v1/guard/vault/open",
    {
      schema: {
        summary: "Put originals for the placeholders in a text",
        tag,
        body: VaultOpenBody,
        response: { 200: VaultOpened },
      },
    },
    async (request) => {
      const who = authorise(request.raw, "operator");
      const opened = await open(request.body);
      const { tenant } = request.body;
      await noteRead({
        who,
        what: "vault",
        subject: `${tenant}, ${opened.opened} values, ${request.id}`,
      });
      return opened;
    },
  );
  app.delete<{ Params: z.infer<typeof VaultPath>; Querystring: VaultErase }>(
    "/admin/v1/guard/vault/:id",
    {
      schema: {
        summary: "Forget what a tenant's placeholders stand for, or one user's",
        tag,
        params: VaultPath,
        querystring: VaultErase,
        response: { 200: VaultErased },
      },
    },
    async (request) => {
      const by = authorise(request.raw, "admin");
      return { removed: await erase({ tenant: request.params.id, ...request.query }, by) };
    },
  );
}
