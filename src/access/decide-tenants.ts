import type { AccessState, AccessWrite, Decision, TenantRecord } from "../core/access.ts";
import { DEFAULT_TENANT } from "../core/call.ts";
import { WeirError } from "../core/errors.ts";
import { checkAdminStays } from "./decide-keys.ts";

/** What becomes of tenants: pure decisions over the state, which throw when a wish cannot be. */

export type TenantWish = Omit<TenantRecord, "id" | "createdAt">;

export function makeTenant(
  state: AccessState,
  id: string,
  wish: TenantWish,
  now: number,
): Decision<TenantRecord> {
  if (state.tenants.some((tenant) => tenant.id === id)) {
    throw new WeirError(
      "conflict",
      `There is a tenant "${id}" already. Choose another id, or change that one with: weir tenants edit ${id}`,
    );
  }
  const row = { ...wish, id, createdAt: now };
  return { writes: [{ put: "tenant", row }], result: row };
}

export function editTenant(
  state: AccessState,
  id: string,
  wish: Partial<TenantWish>,
  now: number,
): Decision<TenantRecord> {
  const row = { ...tenantOf(state, id), ...wish };
  if (row.disabled && id === DEFAULT_TENANT) {
    throw new WeirError("conflict", `The tenant "${id}" always works: it cannot be disabled.`);
  }
  const writes: AccessWrite[] = [{ put: "tenant", row }];
  checkAdminStays(state, writes, now);
  return { writes, result: row };
}

export function dropTenant(state: AccessState, id: string): Decision<TenantRecord> {
  const tenant = tenantOf(state, id);
  if (id === DEFAULT_TENANT) {
    throw new WeirError("conflict", `The tenant "${id}" always is there: it cannot be deleted.`);
  }
  const inUse = state.keys.filter((key) => key.tenantId === id && key.revokedAt === null);
  if (inUse.length > 0) {
    const names = inUse.slice(0, 5).map(({ name }) => `"${name}"`);
    const more = inUse.length > names.length ? ` and ${inUse.length - names.length} more` : "";
    throw new WeirError(
      "conflict",
      `The tenant "${id}" has keys in use: ${names.join(", ")}${more}. Revoke them or give them to another tenant first; or disable it.`,
    );
  }
  return { writes: [{ drop: "tenant", id }], result: tenant };
}

function tenantOf({ tenants }: AccessState, id: string): TenantRecord {
  const tenant = tenants.find((one) => one.id === id);
  if (tenant) return tenant;
  const names = tenants.map((one) => one.id).join(", ");
  throw new WeirError("not_found", `There is no tenant "${id.slice(0, 80)}". There are: ${names}.`);
}
