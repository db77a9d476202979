import {
  BATCHES_SCHEMA,
  type BatchStore,
  type FileStore,
  createBatchStore,
  createFileStore,
} from "./batches.ts";
import { ACCESS_SCHEMA, type SqliteAccess, createSqliteAccess } from "./access.ts";
import { openDatabase } from "./database.ts";
import { type ConversationStore, createConversationStore } from "./conversations.ts";
import { SHELF_SCHEMA, type SqliteShelf, createSqliteShelf } from "./shelf.ts";
import { GUARD_SCHEMA, type GuardStore, createGuardStore } from "./guard.ts";
import { GUARD_TEXTS_SCHEMA, type GuardTextStore, createGuardTextStore } from "./guard-texts.ts";
import { RESPONSES_SCHEMA, type ResponseStore, createResponseStore } from "./responses.ts";
import { VAULT_SCHEMA, type SqliteVault, createSqliteVault } from "./vault.ts";

const MIGRATIONS = [
  `CREATE TABLE key (
     id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, prefix TEXT NOT NULL,
     scopes TEXT NOT NULL, created_at INTEGER NOT NULL, last_used_at INTEGER, revoked_at INTEGER
   ) STRICT;
   CREATE TABLE session (
     hash TEXT PRIMARY KEY, key_id TEXT NOT NULL REFERENCES key(id), expires_at INTEGER NOT NULL
   ) STRICT;`,
  RESPONSES_SCHEMA,
  BATCHES_SCHEMA,
  ACCESS_SCHEMA,
  SHELF_SCHEMA,
  GUARD_SCHEMA,
  VAULT_SCHEMA,
  GUARD_TEXTS_SCHEMA,
];

export interface ControlStore {
  readonly access: SqliteAccess;
  readonly responses: ResponseStore;
  readonly conversations: ConversationStore;
  readonly files: FileStore;
  readonly batches: BatchStore;
  readonly shelf: SqliteShelf;
  readonly guard: GuardStore;
  readonly guardTexts: GuardTextStore;
  readonly vault: SqliteVault;
  close(): void;
}

/** What a server remembers besides traces: keys, dashboard sessions, and what clients left here. */
export function openControlStore(
  path: string,
  now: () => number,
  { keepResponsesMs }: { readonly keepResponsesMs?: () => number } = {},
): ControlStore {
  const db = openDatabase(path, MIGRATIONS);
  return {
    access: createSqliteAccess(db),
    responses: createResponseStore(db, now, keepResponsesMs),
    conversations: createConversationStore(db, now),
    files: createFileStore(db, now),
    batches: createBatchStore(db),
    shelf: createSqliteShelf(db),
    guard: createGuardStore(db, now),
    guardTexts: createGuardTextStore(db, now),
    vault: createSqliteVault(db, now),
    close: () => db.close(),
  };
}
