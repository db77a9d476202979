import type { PoolClient } from "pg";
import type { Later } from "../../core/time.ts";
import { type VaultRow, toVaultRow } from "../vault-rows.ts";
import { type Database, type DatabaseOptions, type Migration, openPostgres } from "./database.ts";
import { MOST_MIRRORED, VaultMirror } from "./vault-mirror.ts";

const MIGRATIONS: readonly Migration[] = [
  `CREATE TABLE weir.guard_vault (
     tenant text NOT NULL, name text NOT NULL, owner text NOT NULL, key_id text NOT NULL,
     sealed bytea NOT NULL, expires_at bigint NOT NULL,
     written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     PRIMARY KEY (tenant, name, owner)
   );
   CREATE INDEX guard_vault_expiry ON weir.guard_vault (expires_at);
   CREATE INDEX guard_vault_key ON weir.guard_vault (key_id);
   CREATE INDEX guard_vault_news ON weir.guard_vault (written_at);
   CREATE TABLE weir.guard_vault_erasure (
     tenant text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp()
   );
   CREATE INDEX guard_vault_erasure_at ON weir.guard_vault_erasure (at);`,
];

/** News is asked for from so long before the last: what is written first may be seen last. */
const OVERLAP = "10 seconds";
const ERASURES_KEPT = "1 day";

export interface PostgresVaultNeeds {
  readonly now: () => number;
  readonly later: Later;
  /** How often other replicas' news is asked for, while anything is kept. */
  readonly followMs: number;
  readonly isOn: () => boolean;
}

/**
 * What placeholders stand for, sealed, for several replicas. Answers are served from a copy in memory that
 * follows. Rejects with invalid_config when the database cannot be used at the start.
 */
export async function openPostgresVault(options: DatabaseOptions, needs: PostgresVaultNeeds) {
  const { now } = needs;
  const database = await openPostgres(options, MIGRATIONS, "guard_vault_migration");
  const mirror = new VaultMirror(now);
  const follower = follow(database, mirror, needs);

  const ask = askOf(database);

  return {
    findNow: (tenant: string, names: readonly string[]): VaultRow[] => mirror.find(tenant, names),
    async find(tenant: string, names: readonly string[]): Promise<VaultRow[]> {
      const rows = await ask(
        "SELECT * FROM weir.guard_vault WHERE tenant = $1 AND name = ANY($2) AND expires_at > $3",
        [tenant, names, now()],
      );
      return rows.map(toVaultRow);
    },
    async put(rows: readonly VaultRow[]): Promise<void> {
      await database.atomically((client) => putAll(client, rows));
      mirror.add(rows);
    },
    /** The latter in the place of the former. */
    async replace(gone: readonly VaultRow[], rows: readonly VaultRow[]): Promise<void> {
      await database.atomically(async (client) => {
        await client.query(
          `DELETE FROM weir.guard_vault USING unnest($1::text[], $2::text[], $3::text[]) AS gone (t, n, o)
           WHERE tenant = t AND name = n AND owner = o`,
          [gone.map((row) => row.tenant), gone.map((row) => row.name), gone.map((row) => row.user)],
        );
        await putAll(client, rows);
      });
      for (const row of gone) mirror.drop(row);
      mirror.add(rows);
    },
    /** Gives how many were there. */
    async erase(tenant: string, users?: readonly string[]): Promise<number> {
      const removed = await database.atomically(async (client) => {
        const { rowCount } = await client.query(
          "DELETE FROM weir.guard_vault WHERE tenant = $1 AND ($2::text[] IS NULL OR owner = ANY($2))",
          [tenant, users ?? null],
        );
        await client.query("INSERT INTO weir.guard_vault_erasure (tenant) VALUES ($1)", [tenant]);
        return rowCount ?? 0;
      });
      mirror.dropTenant(tenant);
      return removed;
    },
    ...upkeep(ask, mirror, now),
    async close(): Promise<void> {
      await follower.close();
      await database.close();
    },
  };
}

type Ask = ReturnType<typeof askOf>;

function askOf(database: Database) {
  return (sql: string, values: unknown[]) =>
    database.atomically(async (client) => {
      const { rows } = await client.query<Record<string, unknown>>(sql, values);
      return rows;
    });
}

/** What is asked every now and then. */
function upkeep(ask: Ask, mirror: VaultMirror, now: () => number) {
  return {
    async expire(): Promise<void> {
      mirror.expire();
      await ask("DELETE FROM weir.guard_vault WHERE expires_at <= $1", [now()]);
      await ask(
        `DELETE FROM weir.guard_vault_erasure WHERE at < clock_timestamp() - interval '${ERASURES_KEPT}'`,
        [],
      );
    },
    /** How many each key has sealed. */
    async keys(): Promise<ReadonlyMap<string, number>> {
      const rows = await ask(
        "SELECT key_id, count(*) AS number FROM weir.guard_vault WHERE expires_at > $1 GROUP BY key_id",
        [now()],
      );
      return new Map(rows.map((row) => [String(row["key_id"]), Number(row["number"])]));
    },
    async sealedBy(keyId: string, limit: number): Promise<VaultRow[]> {
      const rows = await ask(
        "SELECT * FROM weir.guard_vault WHERE key_id = $1 AND expires_at > $2 LIMIT $3",
        [keyId, now(), limit],
      );
      return rows.map(toVaultRow);
    },
  };
}

/** Each once, and in one order, so that two replicas never wait for each other. */
async function putAll(client: PoolClient, rows: readonly VaultRow[]): Promise<void> {
  const each = new Map(rows.map((row) => [keyOf(row), row]));
  const sorted = [...each.values()].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  await client.query(
    `INSERT INTO weir.guard_vault AS old (tenant, name, owner, key_id, sealed, expires_at)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bigint[])
     ON CONFLICT (tenant, name, owner) DO UPDATE SET key_id = excluded.key_id,
       sealed = excluded.sealed, written_at = clock_timestamp(),
       expires_at = greatest(old.expires_at, excluded.expires_at)`,
    [
      sorted.map((row) => row.tenant),
      sorted.map((row) => row.name),
      sorted.map((row) => row.user),
      sorted.map((row) => row.keyId),
      sorted.map((row) => Buffer.from(row.sealed)),
      sorted.map((row) => row.expiresAt),
    ],
  );
}

function keyOf({ tenant, name, user }: VaultRow): string {
  return `${tenant} ${name} ${user}`;
}

/** Brings other replicas' rows, and takes away what they erased. What it misses while the database is away it gets later. */
function follow(
  database: Database,
  mirror: VaultMirror,
  { later, followMs, isOn }: PostgresVaultNeeds,
) {
  let since: Date | null = null;
  let isOver = false;
  let cancel: (() => void) | undefined;
  let running = look();

  async function look(): Promise<void> {
    try {
      if (isOn()) await database.atomically((client) => news(client));
    } catch {
      // It is away: calls say so themselves, and the next look brings what is missing.
    }
    if (!isOver) cancel = later(followMs, () => void (running = look()));
  }

  async function news(client: PoolClient): Promise<void> {
    const at = await client.query<{ at: Date }>("SELECT clock_timestamp() AS at");
    if (since) {
      const { rows } = await client.query<{ tenant: string }>(
        `SELECT DISTINCT tenant FROM weir.guard_vault_erasure WHERE at > $1::timestamptz - interval '${OVERLAP}'`,
        [since],
      );
      for (const { tenant } of rows) await reload(client, tenant);
    }
    const { rows } = await client.query(
      `SELECT * FROM weir.guard_vault WHERE $1::timestamptz IS NULL OR written_at > $1::timestamptz - interval '${OVERLAP}'
       ORDER BY written_at DESC LIMIT ${MOST_MIRRORED}`,
      [since],
    );
    mirror.add(rows.toReversed().map(toVaultRow));
    since = at.rows[0]?.at ?? since;
  }

  async function reload(client: PoolClient, tenant: string): Promise<void> {
    mirror.dropTenant(tenant);
    const { rows } = await client.query(
      `SELECT * FROM weir.guard_vault WHERE tenant = $1 ORDER BY written_at DESC LIMIT ${MOST_MIRRORED}`,
      [tenant],
    );
    mirror.add(rows.toReversed().map(toVaultRow));
  }

  return {
    async close(): Promise<void> {
      isOver = true;
      cancel?.();
      await running;
    },
  };
}
