import { hash, randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import type { Scope } from "../../core/call.ts";

export interface StoredKey {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly revoked: boolean;
}

const Row = z.object({
  id: z.string(),
  hash: z.string(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.string().transform((text) => text.split(" ") as Scope[]), // only this file writes them
  created_at: z.number(),
  last_used_at: z.number().nullable(),
  revoked_at: z.number().nullable(),
});

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const KEY_LENGTH = 40;
const MAX_RECENT = 1000;

export type KeyStore = ReturnType<typeof createKeyStore>;

/**
 * API keys. Only SHA-256 hashes are stored: the secrets are 238 random bits, so a slow hash would
 * protect nothing more. Known keys stand in memory; `refresh` sees other processes' changes.
 */
export function createKeyStore(db: DatabaseSync, now: () => number) {
  const sql = prepare(db);
  const index = createIndex();
  let version = -1;

  function load(): void {
    index.fill(sql.all.all().map((row) => Row.parse(row)));
  }

  function refresh(): void {
    const current = Number(sql.version.get()?.["data_version"]);
    if (current === version) return;
    version = current;
    load();
  }

  refresh();
  return {
    refresh,
    add(
      name: string,
      scopes: readonly Scope[],
      secret = newSecret(),
    ): { id: string; secret: string } {
      const id = `key_${randomBytes(8).toString("hex")}`;
      sql.add.run(id, hashOf(secret), name, secret.slice(0, 7), scopes.join(" "), now());
      load();
      return { id, secret };
    },
    /** Keeps exactly one key under this id, or none: for a key that is set from outside. */
    put(id: string, name: string, scopes: readonly Scope[], secret: string | undefined): void {
      db.exec("BEGIN IMMEDIATE");
      sql.dropSessions.run(id);
      sql.drop.run(id);
      if (secret !== undefined) {
        sql.add.run(id, hashOf(secret), name, secret.slice(0, 7), scopes.join(" "), now());
      }
      db.exec("COMMIT");
      load();
    },
    list: (): StoredKey[] => index.all().toSorted((a, b) => a.createdAt - b.createdAt),
    /** The key that a secret belongs to; undefined when it is unknown or revoked. */
    find: (secret: string): StoredKey | undefined => index.find(secret),
    byId: (id: string): StoredKey | undefined => index.byId(id),
    /** False when there is no such key in use. Its sessions end with it. */
    revoke(id: string): boolean {
      const { changes } = sql.revoke.run(now(), id);
      load();
      return Number(changes) > 0;
    },
    /** Notes when keys were last used. */
    touch(ids: ReadonlyMap<string, number>): void {
      if (ids.size === 0) return;
      db.exec("BEGIN IMMEDIATE");
      for (const [id, at] of ids) sql.touch.run(at, id);
      db.exec("COMMIT");
      load();
    },
  };
}

/** The keys in memory: looked up for every call. */
function createIndex() {
  let byHash = new Map<string, StoredKey>();
  let byId = new Map<string, StoredKey>();
  /** Secrets seen lately and their keys: a hash for each call is 2 % of a relayed one. */
  const recent = new Map<string, StoredKey>();

  return {
    fill(rows: readonly z.infer<typeof Row>[]): void {
      byHash = new Map(rows.map((row) => [row.hash, toKey(row)]));
      byId = new Map(rows.map((row) => [row.id, toKey(row)]));
      recent.clear();
    },
    all: (): StoredKey[] => [...byId.values()],
    byId: (id: string): StoredKey | undefined => byId.get(id),
    find(secret: string): StoredKey | undefined {
      const known = recent.get(secret);
      if (known) return known;
      const key = byHash.get(hashOf(secret));
      if (!key || key.revoked) return undefined;
      if (recent.size >= MAX_RECENT) recent.clear();
      recent.set(secret, key);
      return key;
    },
  };
}

function prepare(db: DatabaseSync) {
  return {
    version: db.prepare("PRAGMA data_version"),
    all: db.prepare("SELECT * FROM key"),
    add: db.prepare(
      "INSERT INTO key (id, hash, name, prefix, scopes, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    revoke: db.prepare("UPDATE key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"),
    drop: db.prepare("DELETE FROM key WHERE id = ?"),
    dropSessions: db.prepare("DELETE FROM session WHERE key_id = ?"),
    touch: db.prepare("UPDATE key SET last_used_at = ? WHERE id = ?"),
  };
}

function toKey(row: z.infer<typeof Row>): StoredKey {
  const { id, name, prefix, scopes } = row;
  return {
    id,
    name,
    prefix,
    scopes,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    revoked: row.revoked_at !== null,
  };
}

/** `wk-` and 40 letters and digits; bytes that would favour some letters are thrown away. */
export function newSecret(): string {
  let secret = "";
  while (secret.length < KEY_LENGTH) {
    for (const byte of randomBytes(KEY_LENGTH)) {
      if (byte < 4 * ALPHABET.length && secret.length < KEY_LENGTH) {
        secret += ALPHABET.charAt(byte % ALPHABET.length);
      }
    }
  }
  return `wk-${secret}`;
}

export function hashOf(secret: string): string {
  return hash("sha256", secret);
}
