import { openDatabase } from "./database.ts";
import { type KeyStore, createKeyStore } from "./keys.ts";
import { type SessionStore, createSessionStore } from "./sessions.ts";

const MIGRATIONS = [
  `CREATE TABLE key (
     id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, prefix TEXT NOT NULL,
     scopes TEXT NOT NULL, created_at INTEGER NOT NULL, last_used_at INTEGER, revoked_at INTEGER
   ) STRICT;
   CREATE TABLE session (
     hash TEXT PRIMARY KEY, key_id TEXT NOT NULL REFERENCES key(id), expires_at INTEGER NOT NULL
   ) STRICT;`,
];

export interface ControlStore {
  readonly keys: KeyStore;
  readonly sessions: SessionStore;
  close(): void;
}

/** The small state that a server is steered by: keys and dashboard sessions. */
export function openControlStore(path: string, now: () => number): ControlStore {
  const db = openDatabase(path, MIGRATIONS);
  const keys = createKeyStore(db, now);
  return { keys, sessions: createSessionStore(db, keys, now), close: () => db.close() };
}
