import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import type { KeyRecord } from "../../core/access.ts";
import type { Caller, Limits } from "../../core/call.ts";
import { WeirError } from "../../core/errors.ts";
import { CreatedKey, KeyChange, KeyList, KeyRotation, KeyRow, NewKey } from "../access-schemas.ts";
import type { Authorise } from "../authorise.ts";

type Wish = Pick<
  KeyRecord,
  "name" | "scopes" | "tenantId" | "expiresAt" | "models" | "priority" | "note" | "metadata"
> & { readonly limits: Limits };

interface Made {
  readonly key: KeyRecord;
  readonly secret: string;
}

export interface KeysNeeds {
  readonly authorise: Authorise;
  /** A key as the API shows it. */
  readonly row: (key: KeyRecord) => KeyRow;
  readonly list: () => Promise<readonly KeyRecord[]>;
  readonly make: (wish: Wish) => Promise<Made>;
  readonly edit: (id: string, wish: Partial<Wish>) => Promise<KeyRecord>;
  readonly rotate: (id: string, graceMs: number) => Promise<Made>;
  readonly revoke: (id: string) => Promise<unknown>;
  /** Writes down who did what to which key. */
  readonly note: (event: string, by: Caller, id: string) => void;
}

interface ById {
  readonly Params: { readonly id: string };
}

const tag = "Keys";

/** API keys: made, listed by their first letters, changed, rotated, revoked. A secret is shown once. */
export function keyRoutes(app: FastifyInstance, needs: KeysNeeds): void {
  const { authorise, row } = needs;
  app.get(
    "/admin/v1/keys",
    { schema: { summary: "The API keys", tag, response: { 200: KeyList } } },
    async (request) => {
      authorise(request.raw, "admin");
      const keys = await needs.list();
      return { keys: keys.map(row) };
    },
  );
  app.post<{ Body: NewKey }>(
    "/admin/v1/keys",
    { schema: { summary: "Make a key", tag, body: NewKey, response: { 201: CreatedKey } } },
    async (request, reply) => {
      const caller = authorise(request.raw, "admin");
      const { tenant, ...rest } = request.body;
      const { key, secret } = await needs.make({ ...rest, tenantId: tenant });
      needs.note("key_made", caller, key.id);
      return reply.code(201).send({ ...row(key), key: secret });
    },
  );
  registerChanges(app, needs);
}

function registerChanges(app: FastifyInstance, needs: KeysNeeds): void {
  const { authorise, row } = needs;
  app.patch<ById & { Body: KeyChange }>(
    "/admin/v1/keys/:id",
    { schema: { summary: "Change a key", tag, body: KeyChange, response: { 200: KeyRow } } },
    async (request) => {
      const caller = authorise(request.raw, "admin");
      const key = await needs.edit(request.params.id, toWish(request.body));
      needs.note("key_changed", caller, key.id);
      return row(key);
    },
  );
  app.post<ById & { Body: z.infer<typeof KeyRotation> }>(
    "/admin/v1/keys/:id/rotate",
    {
      schema: {
        summary: "Give a key a new secret; the old one stays good for a while",
        tag,
        body: KeyRotation,
        response: { 200: CreatedKey },
      },
    },
    async (request) => {
      const caller = authorise(request.raw, "admin");
      const graceMs = request.body.graceSeconds * 1000;
      const { key, secret } = await needs.rotate(request.params.id, graceMs);
      needs.note("key_rotated", caller, key.id);
      return { ...row(key), key: secret };
    },
  );
  app.delete<ById>(
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
      await needs.revoke(request.params.id);
      needs.note("key_revoked", caller, request.params.id);
      return reply.code(204).send();
    },
  );
}

/** Only what was said: the rest stays as it is. */
function toWish({ tenant, ...change }: KeyChange): Partial<Wish> {
  const wish = { ...change, tenantId: tenant };
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
}
