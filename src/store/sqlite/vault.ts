import type { DatabaseSync } from "node:sqlite";
import { type VaultRow, toVaultRow } from "../vault-rows.ts";
import { atomically } from "./atomically.ts";

export const VAULT_SCHEMA = `
  CREATE TABLE guard_vault (
    tenant TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, key_id TEXT NOT NULL,
    sealed BLOB NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, name, owner)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX guard_vault_expiry ON guard_vault (expires_at);
  CREATE INDEX guard_vault_key ON guard_vault (key_id);`;

export type SqliteVault = ReturnType<typeof createSqliteVault>;

/** What placeholders stand for, sealed, in the control database. What has expired is not there. */
export function createSqliteVault(db: DatabaseSync, now: () => number) {
  const find = db.prepare(
    "SELECT * FROM guard_vault WHERE tenant = ? AND name = ? AND expires_at > ?",
  );
  const put = db.prepare(
    `INSERT INTO guard_vault (tenant, name, owner, key_id, sealed, expires_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed,
       expires_at = max(expires_at, excluded.expires_at)`,
  );
  const drop = db.prepare("DELETE FROM guard_vault WHERE tenant = ? AND name = ? AND owner = ?");
  const dropTenant = db.prepare("DELETE FROM guard_vault WHERE tenant = ?");
  const dropOwner = db.prepare("DELETE FROM guard_vault WHERE tenant = ? AND owner = ?");
  const expire = db.prepare("DELETE FROM guard_vault WHERE expires_at <= ?");
  const keys = db.prepare(
    "SELECT key_id, count(*) AS number FROM guard_vault WHERE expires_at > ? GROUP BY key_id",
  );
  const sealedBy = db.prepare(
    "SELECT * FROM guard_vault WHERE key_id = ? AND expires_at > ? LIMIT ?",
  );

  const findNow = (tenant: string, names: readonly string[]): VaultRow[] =>
    names.flatMap((name) => find.all(tenant, name, now()).map(toVaultRow));
  const putAll = (rows: readonly VaultRow[]) => {
    for (const { tenant, name, user, keyId, sealed, expiresAt } of rows) {
      put.run(tenant, name, user, keyId, sealed, expiresAt);
    }
  };

  return {
    findNow,
    find: async (tenant: string, names: readonly string[]) => findNow(tenant, names),
    async put(rows: readonly VaultRow[]): Promise<void> {
      atomically(db, () => putAll(rows));
    },
    /** The latter in the place of the former. */
    async replace(gone: readonly VaultRow[], rows: readonly VaultRow[]): Promise<void> {
      atomically(db, () => {
        for (const { tenant, name, user } of gone) drop.run(tenant, name, user);
        putAll(rows);
      });
    },
    /** Gives how many were there. */
    async erase(tenant: string, users?: readonly string[]): Promise<number> {
      return atomically(db, () =>
        users === undefined
          ? Number(dropTenant.run(tenant).changes)
          : users.reduce((sum, user) => sum + Number(dropOwner.run(tenant, user).changes), 0),
      );
    },
    expire: async (): Promise<void> => void expire.run(now()),
    /** How many each key has sealed. */
    async keys(): Promise<ReadonlyMap<string, number>> {
      const rows = keys.all(now());
      return new Map(rows.map((row) => [String(row["key_id"]), Number(row["number"])]));
    },
    async sealedBy(keyId: string, limit: number): Promise<VaultRow[]> {
      return sealedBy.all(keyId, now(), limit).map(toVaultRow);
    },
  };
}
