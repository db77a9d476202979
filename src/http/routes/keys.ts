import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import type { Scope } from "../../core/call.ts";
import { WeirError } from "../../core/errors.ts";
import { CreatedKey, KeyList, type KeyRow, NewKey } from "../admin-schemas.ts";
import type { Authorise } from "../authorise.ts";

export interface KeysNeeds {
  readonly authorise: Authorise;
  readonly list: () => readonly KeyRow[];
  readonly add: (name: string, scopes: readonly Scope[]) => { id: string; secret: string };
  readonly revoke: (id: string) => boolean;
}

/** API keys: made, listed by their first letters, revoked. A secret is shown once. */
export function keyRoutes(app: FastifyInstance, { authorise, list, add, revoke }: KeysNeeds): void {
  const tag = "Keys";
  app.get(
    "/admin/v1/keys",
    { schema: { summary: "The API keys", tag, response: { 200: KeyList } } },
    async (request) => {
      authorise(request.raw, "admin");
      return { keys: [...list()] };
    },
  );
  app.post<{ Body: z.infer<typeof NewKey> }>(
    "/admin/v1/keys",
    { schema: { summary: "Make a key", tag, body: NewKey, response: { 201: CreatedKey } } },
    async (request, reply) => {
      authorise(request.raw, "admin");
      const { id, secret } = add(request.body.name, request.body.scopes);
      const row = list().find((key) => key.id === id);
      return reply.code(201).send({ ...row, key: secret });
    },
  );
  app.delete<{ Params: { id: string } }>(
    "/admin/v1/keys/:id",
    { schema: { summary: "Revoke a key", tag } },
    async (request, reply) => {
      const caller = authorise(request.raw, "admin");
      if (caller.keyId === request.params.id) {
        throw new WeirError(
          "conflict",
          "This is the key that you are using. Sign in with another admin key to revoke it.",
        );
      }
      if (!revoke(request.params.id))
        throw new WeirError("not_found", "There is no such key in use.");
      return reply.code(204).send();
    },
  );
}
