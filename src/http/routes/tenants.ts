import type { FastifyInstance } from "fastify";
import type { TenantRecord, UserRecord } from "../../core/access.ts";
import type { Caller } from "../../core/call.ts";
import { NewTenant, TenantChange, TenantList, TenantRow, UserList } from "../access-schemas.ts";
import type { Authorise } from "../authorise.ts";

type Wish = Omit<TenantRecord, "id" | "createdAt">;

export interface TenantsNeeds {
  readonly authorise: Authorise;
  /** A tenant as the API shows it. */
  readonly row: (tenant: TenantRecord) => TenantRow;
  readonly list: () => Promise<readonly TenantRecord[]>;
  readonly make: (id: string, wish: Wish) => Promise<TenantRecord>;
  readonly edit: (id: string, wish: Partial<Wish>) => Promise<TenantRecord>;
  readonly drop: (id: string) => Promise<unknown>;
  readonly users: () => Promise<readonly UserRecord[]>;
  /** Writes down who did what to which tenant. */
  readonly note: (event: string, by: Caller, id: string) => void;
}

interface ById {
  readonly Params: { readonly id: string };
}

const tag = "Tenants and users";

/** Who pays for keys, and who signed in by way of an identity provider. */
export function tenantRoutes(app: FastifyInstance, needs: TenantsNeeds): void {
  const { authorise, row } = needs;
  app.get(
    "/admin/v1/tenants",
    { schema: { summary: "The tenants", tag, response: { 200: TenantList } } },
    async (request) => {
      authorise(request.raw, "admin");
      const tenants = await needs.list();
      return { tenants: tenants.map(row) };
    },
  );
  app.post<{ Body: NewTenant }>(
    "/admin/v1/tenants",
    { schema: { summary: "Make a tenant", tag, body: NewTenant, response: { 201: TenantRow } } },
    async (request, reply) => {
      const caller = authorise(request.raw, "admin");
      const { id, name = id, ...rest } = request.body;
      const tenant = await needs.make(id, { ...rest, name });
      needs.note("tenant_made", caller, id);
      return reply.code(201).send(row(tenant));
    },
  );
  app.patch<ById & { Body: TenantChange }>(
    "/admin/v1/tenants/:id",
    {
      schema: { summary: "Change a tenant", tag, body: TenantChange, response: { 200: TenantRow } },
    },
    async (request) => {
      const caller = authorise(request.raw, "admin");
      const said = Object.entries(request.body).filter(([, value]) => value !== undefined);
      const wish: Partial<Wish> = Object.fromEntries(said);
      const tenant = await needs.edit(request.params.id, wish);
      needs.note("tenant_changed", caller, tenant.id);
      return row(tenant);
    },
  );
  app.delete<ById>(
    "/admin/v1/tenants/:id",
    { schema: { summary: "Delete a tenant that has no key in use", tag } },
    async (request, reply) => {
      const caller = authorise(request.raw, "admin");
      await needs.drop(request.params.id);
      needs.note("tenant_deleted", caller, request.params.id);
      return reply.code(204).send();
    },
  );
  registerUsers(app, needs);
}

function registerUsers(app: FastifyInstance, { authorise, users }: TenantsNeeds): void {
  app.get(
    "/admin/v1/users",
    {
      schema: {
        summary: "Who signed in by way of the identity provider",
        tag,
        response: { 200: UserList },
      },
    },
    async (request) => {
      authorise(request.raw, "admin");
      return { users: [...(await users())] };
    },
  );
}
