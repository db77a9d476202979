import type { Pool, PoolClient } from "pg";
import { WeirError, messageOf } from "../../core/errors.ts";

/** One replica's connections to PostgreSQL: they come and go by themselves. */
export interface Database {
  /** Runs `work` in a transaction: kept whole, or not at all. Rejects with WeirErrors. */
  atomically<T>(work: (client: PoolClient) => Promise<T>): Promise<T>;
  /** A connection of its own, to listen on. The caller ends it. */
  connect(): Promise<PoolClient>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly connections: number;
  /** How long a connection or an answer is waited for. */
  readonly timeoutMs: number;
  /** Whether it may be away at the start: what is asked meanwhile is refused. */
  readonly mayBeAway?: boolean;
  /** What it is called and named by, and what is done while it is away. */
  readonly words?: DatabaseWords;
}

interface DatabaseWords {
  readonly name: string;
  readonly field: string;
  readonly meanwhile: string;
}

const OF_ACCESS: DatabaseWords = {
  name: "The database of keys and tenants",
  field: "postgres.urlEnv",
  meanwhile: "Keys that are known go on working; changes have to wait until PostgreSQL answers.",
};

/** A step of the schema's history. Steps are only ever added at the end; older Weirs must bear them. */
export type Migration = string;

/** Who does not even take a connection within this is away: nobody waits longer to hear so. */
const CONNECT_MS = 5000;
/** Every Weir's migrations take this lock: replicas may start at the same time. */
const MIGRATION_LOCK = 0x77_65_69_72;

/**
 * Connects, and brings the schema `weir` up to date. Rejects with invalid_config and what to do when
 * that cannot be: a server does not start without its keys.
 */
export async function openPostgres(
  options: DatabaseOptions,
  migrations: readonly Migration[],
  /** Where the version is noted: each part of the house has its own history. */
  noted = "migration",
): Promise<Database> {
  // Loaded here: who uses no PostgreSQL does not pay for it.
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections + 1, // one listens
    connectionTimeoutMillis: Math.min(options.timeoutMs, CONNECT_MS),
    query_timeout: options.timeoutMs,
    application_name: "weir",
    keepAlive: true,
  });
  // A connection broke: whoever asks by it hears of that, and the pool replaces it. An error that
  // nobody listens to would end the process.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  const { words = OF_ACCESS } = options;
  const database = toDatabase(pool, words);
  let isReady = false;
  const prepare = async () => {
    if (isReady) return;
    await database.atomically((client) => migrate(client, migrations, noted));
    isReady = true;
  };
  try {
    await prepare();
  } catch (cause) {
    const isAway = cause instanceof WeirError && cause.code === "storage_unavailable";
    if (!options.mayBeAway || !isAway) {
      await database.close();
      throw toStartError(cause, options.url, words);
    }
  }
  return {
    ...database,
    async atomically(work) {
      await prepare();
      return database.atomically(work);
    },
  };
}

function toDatabase(pool: Pool, words: DatabaseWords): Database {
  return {
    async atomically(work) {
      const client = await connect(pool, words);
      let failure: unknown;
      try {
        await client.query("BEGIN");
        const result = await work(client);
        await client.query("COMMIT");
        return result;
      } catch (cause) {
        failure = cause;
        await client.query("ROLLBACK").catch(() => undefined);
        throw toStoreError(cause, words);
      } finally {
        // A connection that failed is not used again: it may hang in the middle of something.
        client.release(failure !== undefined && !(failure instanceof WeirError));
      }
    },
    connect: () => connect(pool, words),
    close: () => pool.end(),
  };
}

async function connect(pool: Pool, words: DatabaseWords): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (cause) {
    throw toStoreError(cause, words);
  }
}

async function migrate(
  client: PoolClient,
  migrations: readonly Migration[],
  noted: string,
): Promise<void> {
  await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
  await client.query("CREATE SCHEMA IF NOT EXISTS weir");
  await client.query(`CREATE TABLE IF NOT EXISTS weir.${noted} (version integer NOT NULL)`);
  const { rows } = await client.query<{ version: number }>(`SELECT version FROM weir.${noted}`);
  const version = rows[0]?.version ?? 0;
  if (version > migrations.length) {
    throw new WeirError(
      "invalid_config",
      `The PostgreSQL database was brought to version ${version} by a newer Weir; this one knows ${migrations.length}. Update Weir.`,
    );
  }
  if (version === migrations.length) return;
  for (const step of migrations.slice(version)) await client.query(step);
  await client.query(`DELETE FROM weir.${noted}`);
  await client.query(`INSERT INTO weir.${noted} VALUES ($1)`, [migrations.length]);
}

/** Connections lost or refused, a server that stops, starts, is full or only a standby; deadlocks. */
const PASSING = /^(08|53|57P|40|25006)/;

/** What the database said against a statement is a fault of ours: left as it is. */
function toStoreError(cause: unknown, { name, meanwhile }: DatabaseWords): unknown {
  if (cause instanceof WeirError) return cause;
  const { code, severity } = (cause ?? {}) as Record<string, unknown>; // a DatabaseError has them
  if (severity !== undefined && !PASSING.test(String(code))) return cause;
  return new WeirError(
    "storage_unavailable",
    `${name} cannot be used now (${reasonOf(cause)}). ${meanwhile}`,
    { cause, retryAfterMs: 2000 },
  );
}

function toStartError(cause: unknown, url: string, { field }: DatabaseWords): WeirError {
  if (cause instanceof WeirError && cause.code === "invalid_config") return cause;
  const reason = reasonOf(cause instanceof WeirError ? cause.cause : cause);
  return new WeirError(
    "invalid_config",
    `Cannot use PostgreSQL at ${placeOf(url)}: ${reason}. Check that it runs, that the variable named by ${field} has the right URL, and that its user may create the schema "weir" in that database.`,
    { cause },
  );
}

/** A refused connection to a name with several addresses has its reasons inside. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join("; ");
  return messageOf(cause) || "no reason given";
}

/** Where it is, without the password. */
function placeOf(url: string): string {
  try {
    const { hostname, port, pathname, searchParams } = new URL(url);
    return `${hostname || searchParams.get("host") || "localhost"}${port && `:${port}`}${pathname}`;
  } catch {
    return "the given address";
  }
}
