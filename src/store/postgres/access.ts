import type { PoolClient } from "pg";
import { type AccessState, type Decision, afterWrites } from "../../core/access.ts";
import type { Log } from "../../core/log.ts";
import { type AccessTable, type Dialect, toState, toStatement } from "../access-rows.ts";
import { type DatabaseOptions, type Migration, openPostgres } from "./database.ts";

const MIGRATIONS: readonly Migration[] = [
  `CREATE TABLE weir.access_key (
     id text PRIMARY KEY, hash text NOT NULL UNIQUE, previous_hash text, previous_until bigint,
     name text NOT NULL, prefix text NOT NULL, scopes text NOT NULL, tenant_id text NOT NULL,
     created_at bigint NOT NULL, last_used_at bigint, expires_at bigint, revoked_at bigint,
     models text, limits text NOT NULL, priority text, note text, metadata text NOT NULL
   );
   CREATE TABLE weir.access_tenant (
     id text PRIMARY KEY, name text NOT NULL, limits text NOT NULL, models text,
     created_at bigint NOT NULL, disabled smallint NOT NULL
   );
   INSERT INTO weir.access_tenant
     VALUES ('default', 'Default', '{}', NULL, (extract(epoch FROM now()) * 1000)::bigint, 0);
   CREATE TABLE weir.access_user (
     id text PRIMARY KEY, issuer text NOT NULL, subject text NOT NULL, email text, name text,
     role text NOT NULL, created_at bigint NOT NULL, last_sign_in_at bigint NOT NULL
   );
   CREATE TABLE weir.access_session (
     id text PRIMARY KEY, key_id text, user_id text, created_at bigint NOT NULL,
     expires_at bigint NOT NULL
   );
   CREATE TABLE weir.access_version (version bigint NOT NULL);
   INSERT INTO weir.access_version VALUES (1);`,
];

const DIALECT: Dialect = { table: (table) => `weir.access_${table}`, place: (at) => `$${at}` };
const TABLES = ["key", "tenant", "user", "session"] as const satisfies AccessTable[];
const CHANNEL = "weir_access";

/**
 * Keys, tenants, users and sign-ins in PostgreSQL, for several replicas. A change holds the one row of
 * the version until it is kept, so changes come one after the other; each is announced to all.
 * Rejects with invalid_config when the database cannot be used at the start.
 */
export async function openPostgresAccess(options: DatabaseOptions, log: Log) {
  const database = await openPostgres(options, MIGRATIONS);
  const ear = createEar(() => database.connect(), log);

  return {
    async load(since?: number): Promise<AccessState | undefined> {
      ear.listen();
      return database.atomically(async (client) => {
        // All of it as of one moment, whatever is changed meanwhile.
        await client.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
        const version = await versionOf(client, "");
        return version === since ? undefined : read(client, version);
      });
    },
    async change<T>(decide: (state: AccessState) => Decision<T>) {
      return database.atomically(async (client) => {
        const version = await versionOf(client, "FOR UPDATE");
        const state = await read(client, version);
        const { writes, result } = decide(state);
        for (const write of writes) {
          const { sql, values } = toStatement(write, DIALECT);
          await client.query(sql, [...values]);
        }
        if (writes.length > 0) {
          await client.query("UPDATE weir.access_version SET version = version + 1");
          await client.query("SELECT pg_notify($1, '')", [CHANNEL]);
        }
        return { result, state: afterWrites(state, writes) };
      });
    },
    async touch(used: ReadonlyMap<string, number>): Promise<void> {
      await database.atomically((client) =>
        // Ordered, so that two replicas never wait for each other.
        client.query(
          `UPDATE weir.access_key SET last_used_at = greatest(last_used_at, used.at)
           FROM (SELECT id, at FROM unnest($1::text[], $2::bigint[]) AS noted (id, at)
                 JOIN weir.access_key USING (id) ORDER BY id FOR UPDATE OF access_key) AS used
           WHERE access_key.id = used.id`,
          [[...used.keys()], [...used.values()]],
        ),
      );
    },
    onChange: (listener: () => void) => ear.onChange(listener),
    async close(): Promise<void> {
      ear.close();
      await database.close();
    },
  };
}

async function versionOf(client: PoolClient, lock: "" | "FOR UPDATE"): Promise<number> {
  const { rows } = await client.query<{ version: string }>(
    `SELECT version FROM weir.access_version ${lock}`,
  );
  return Number(rows[0]?.version);
}

async function read(client: PoolClient, version: number): Promise<AccessState> {
  const all: Record<AccessTable, Record<string, unknown>[]> = {
    key: [],
    tenant: [],
    user: [],
    session: [],
  };
  for (const table of TABLES) {
    const { rows } = await client.query<Record<string, unknown>>(
      `SELECT * FROM weir.access_${table} ORDER BY created_at, id`,
    );
    all[table] = rows;
  }
  return toState(version, all);
}

/**
 * Hears of changes as they are announced. Only for speed: what it misses while its connection is gone,
 * the next look at the version finds.
 */
function createEar(connect: () => Promise<PoolClient>, log: Log) {
  let state: "off" | "opening" | "open" | "closed" = "off";
  let client: PoolClient | undefined;
  let listener = (): void => undefined;

  function drop(): void {
    client?.release(true);
    client = undefined;
    if (state !== "closed") state = "off";
  }

  async function open(): Promise<void> {
    const opened = await connect();
    client = opened;
    opened.on("error", drop);
    opened.on("notification", () => listener());
    await opened.query(`LISTEN ${CHANNEL}`);
    if (isClosed()) drop();
    else state = "open";
  }

  const isClosed = () => state === "closed";

  return {
    /** Sees to it that there is a connection, in the background. */
    listen(): void {
      if (state !== "off") return;
      state = "opening";
      open().catch((cause: unknown) => {
        log.debug("access_ear_lost", { reason: String(cause) });
        drop();
      });
    },
    onChange(to: () => void): void {
      listener = to;
    },
    close(): void {
      state = "closed";
      drop();
    },
  };
}
