import type { DatabaseSync } from "node:sqlite";
import { type AccessState, type Decision, afterWrites } from "../../core/access.ts";
import { type AccessTable, type Dialect, toState, toStatement } from "../access-rows.ts";
import { atomically } from "./atomically.ts";

/** What the first keys' tables become. `key` and `session` were theirs alone. */
export const ACCESS_SCHEMA = `
  ALTER TABLE key RENAME TO access_key;
  ALTER TABLE access_key ADD COLUMN previous_hash TEXT;
  ALTER TABLE access_key ADD COLUMN previous_until INTEGER;
  ALTER TABLE access_key ADD COLUMN tenant_id TEXT NOT NULL DEFAULT 'default';
  ALTER TABLE access_key ADD COLUMN expires_at INTEGER;
  ALTER TABLE access_key ADD COLUMN models TEXT;
  ALTER TABLE access_key ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
  ALTER TABLE access_key ADD COLUMN priority TEXT;
  ALTER TABLE access_key ADD COLUMN note TEXT;
  ALTER TABLE access_key ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
  CREATE TABLE access_tenant (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, limits TEXT NOT NULL, models TEXT,
    created_at INTEGER NOT NULL, disabled INTEGER NOT NULL
  ) STRICT;
  INSERT INTO access_tenant VALUES ('default', 'Default', '{}', NULL, unixepoch() * 1000, 0);
  CREATE TABLE access_user (
    id TEXT PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, email TEXT, name TEXT,
    role TEXT NOT NULL, created_at INTEGER NOT NULL, last_sign_in_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE access_session (
    id TEXT PRIMARY KEY, key_id TEXT, user_id TEXT, created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
  INSERT INTO access_session SELECT hash, key_id, NULL, unixepoch() * 1000, expires_at FROM session;
  DROP TABLE session;
  CREATE TABLE access_version (version INTEGER NOT NULL) STRICT;
  INSERT INTO access_version VALUES (1);`;

const DIALECT: Dialect = { table: (table) => `access_${table}`, place: () => "?" };
const TABLES = ["key", "tenant", "user", "session"] as const satisfies AccessTable[];

export type SqliteAccess = ReturnType<typeof createSqliteAccess>;

/** Keys, tenants, users and sign-ins in the control database, which several processes may have open. */
export function createSqliteAccess(db: DatabaseSync) {
  const selectVersion = db.prepare("SELECT version FROM access_version");
  const bumpVersion = db.prepare("UPDATE access_version SET version = version + 1");
  const all = TABLES.map((table) => db.prepare(`SELECT * FROM access_${table}`));
  const touch = db.prepare("UPDATE access_key SET last_used_at = ? WHERE id = ?");

  const version = () => Number(selectVersion.get()?.["version"]);
  const read = () => {
    const at = version(); // first: what is written meanwhile is found at the next look
    const [key = [], tenant = [], user = [], session = []] = all.map((statement) =>
      statement.all(),
    );
    return toState(at, { key, tenant, user, session });
  };

  return {
    async load(since?: number): Promise<AccessState | undefined> {
      return version() === since ? undefined : read();
    },
    async change<T>(decide: (state: AccessState) => Decision<T>) {
      return atomically(db, () => {
        const state = read();
        const { writes, result } = decide(state);
        for (const write of writes) {
          const { sql, values } = toStatement(write, DIALECT);
          db.prepare(sql).run(...values);
        }
        if (writes.length > 0) bumpVersion.run();
        return { result, state: afterWrites(state, writes) };
      });
    },
    async touch(used: ReadonlyMap<string, number>): Promise<void> {
      atomically(db, () => {
        for (const [id, at] of used) touch.run(at, id);
      });
    },
    /** Nobody tells: others' changes are found by asking. */
    onChange: () => undefined,
  };
}
