import type { AccessState, KeyRecord, TenantRecord } from "../core/access.ts";
import type { KeyRow, TenantRow } from "./access-schemas.ts";

/** A key as the API shows it: without its hashes. */
export function describeKey(
  key: KeyRecord,
  { tenants, fixedId, now }: Pick<AccessState, "tenants"> & { fixedId: string; now: number },
): KeyRow {
  const { hash: _, previousHash: _previous, tenantId, revokedAt, previousUntil, ...rest } = key;
  const isDisabled = tenants.some(({ id, disabled }) => id === tenantId && disabled);
  const isExpired = key.expiresAt !== null && key.expiresAt <= now;
  const live = isExpired ? "expired" : isDisabled ? "disabled" : "active";
  return {
    ...rest,
    scopes: [...key.scopes],
    models: key.models && [...key.models],
    limits: { ...key.limits },
    metadata: { ...key.metadata },
    tenant: tenantId,
    state: revokedAt === null ? live : "revoked",
    previousUntil: previousUntil !== null && previousUntil > now ? previousUntil : null,
    revoked: revokedAt !== null,
    fixed: key.id === fixedId,
  };
}

export function describeTenant(
  tenant: TenantRecord,
  { keys }: Pick<AccessState, "keys">,
): TenantRow {
  const inUse = keys.filter((key) => key.tenantId === tenant.id && key.revokedAt === null);
  return {
    ...tenant,
    limits: { ...tenant.limits },
    models: tenant.models && [...tenant.models],
    keys: inUse.length,
  };
}
