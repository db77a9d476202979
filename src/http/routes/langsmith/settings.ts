import type { FastifyInstance, FastifyRequest } from "fastify";
import { tenantUuid } from "../../../watch/langsmith/uuid.ts";
import type { Authorise } from "../../authorise.ts";
import { tenantOf } from "./scope.ts";

export interface SettingsRoutesNeeds {
  readonly authorise: Authorise;
  readonly tenant: (
    id: string,
  ) => { readonly name: string; readonly createdAt: number } | undefined;
}

/** What a client is told of its own tenant, which LangSmith calls a workspace and an organization. */
export function settingsRoutes(
  app: FastifyInstance,
  { authorise, tenant }: SettingsRoutesNeeds,
): void {
  const describe = (request: FastifyRequest) => {
    const { tenantId } = tenantOf(authorise, request);
    const { name = tenantId, createdAt = 0 } = tenant(tenantId) ?? {};
    return {
      id: tenantUuid(tenantId),
      display_name: name,
      created_at: new Date(createdAt).toISOString(),
      tenant_handle: tenantId,
    };
  };
  const workspace = (request: FastifyRequest) => {
    const { id, ...rest } = describe(request);
    return {
      id,
      organization_id: id,
      is_personal: false,
      is_deleted: false,
      read_only: false,
      ...rest,
    };
  };
  app.get("/api/v1/settings", async (request) => describe(request));
  app.get("/api/v1/workspaces", async (request) => [workspace(request)]);
  app.get("/api/v1/workspaces/current", async (request) => workspace(request));
  app.get("/api/v1/tenants", async (request) => [workspace(request)]);
  for (const url of ["/api/v1/orgs/current", "/api/v1/orgs/current/info"]) {
    app.get(url, async (request) => {
      const { id, display_name, created_at } = describe(request);
      return { id, display_name, created_at, is_personal: false, disabled: false };
    });
  }
  // Keys of model vendors are named in weir.yaml; none is kept for clients to read.
  app.get("/api/v1/workspaces/current/secrets", async (request) => {
    tenantOf(authorise, request);
    return [];
  });
}
