import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { atomically } from "./atomically.ts";

export interface StoredFile {
  readonly id: string;
  readonly keyId: string;
  readonly purpose: string;
  readonly filename: string;
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

export interface StoredBatch {
  readonly id: string;
  readonly keyId: string;
  readonly status: string;
  /** Everything else that is known of it. */
  readonly state: Readonly<Record<string, unknown>>;
}

export const BATCHES_SCHEMA = `
  CREATE TABLE file (
    id TEXT PRIMARY KEY, key_id TEXT NOT NULL, purpose TEXT NOT NULL, filename TEXT NOT NULL,
    bytes INTEGER NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER
  ) STRICT;
  CREATE INDEX file_key_id ON file (key_id);
  CREATE TABLE batch (
    id TEXT PRIMARY KEY, key_id TEXT NOT NULL, status TEXT NOT NULL, state TEXT NOT NULL
  ) STRICT;
  CREATE INDEX batch_key_id ON batch (key_id);`;

const FileRow = z
  .object({
    id: z.string(),
    key_id: z.string(),
    purpose: z.string(),
    filename: z.string(),
    bytes: z.number(),
    created_at: z.number(),
    expires_at: z.number().nullable(),
  })
  .transform(
    ({ key_id: keyId, created_at: createdAt, expires_at: expiresAt, ...row }): StoredFile => ({
      ...row,
      keyId,
      createdAt,
      expiresAt,
    }),
  );

const BatchRow = z
  .object({
    id: z.string(),
    key_id: z.string(),
    status: z.string(),
    state: z.string().transform((text) => JSON.parse(text) as Record<string, unknown>), // only this file writes it
  })
  .transform(({ key_id: keyId, ...row }): StoredBatch => ({ ...row, keyId }));

export type FileStore = ReturnType<typeof createFileStore>;
export type BatchStore = ReturnType<typeof createBatchStore>;

/** What is known of the files whose contents lie in the files folder. Each belongs to one key. */
export function createFileStore(db: DatabaseSync, now: () => number) {
  const add = db.prepare(
    `INSERT OR REPLACE INTO file (id, key_id, purpose, filename, bytes, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const isThere = "key_id = ? AND (expires_at IS NULL OR expires_at > ?)";
  const find = db.prepare(`SELECT * FROM file WHERE ${isThere} AND id = ?`);
  const list = db.prepare(`SELECT * FROM file WHERE ${isThere} ORDER BY created_at, rowid`);
  const drop = db.prepare("DELETE FROM file WHERE id = ?");
  const expired = db.prepare("SELECT id FROM file WHERE expires_at <= ?");
  return {
    add({ id, keyId, purpose, filename, bytes, createdAt, expiresAt }: StoredFile): void {
      atomically(db, () => {
        add.run(id, keyId, purpose, filename, bytes, createdAt, expiresAt);
      });
    },
    find(keyId: string, id: string): StoredFile | undefined {
      const row = find.get(keyId, now(), id);
      return row && FileRow.parse(row);
    },
    /** Oldest first. */
    list: (keyId: string): StoredFile[] => list.all(keyId, now()).map((row) => FileRow.parse(row)),
    remove: (id: string): void => void drop.run(id),
    /** Files whose time is over; their contents go first, then their rows. */
    expired: (): string[] => expired.all(now()).map((row) => String(row["id"])),
  };
}

/** Batches and how far they are. Each belongs to one key. */
export function createBatchStore(db: DatabaseSync) {
  const put = db.prepare(
    `INSERT INTO batch (id, key_id, status, state) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET status = excluded.status, state = excluded.state`,
  );
  const find = db.prepare("SELECT * FROM batch WHERE key_id = ? AND id = ?");
  const list = db.prepare("SELECT * FROM batch WHERE key_id = ? ORDER BY rowid");
  const unfinished = db.prepare(
    `SELECT * FROM batch WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling')
     ORDER BY rowid`,
  );
  return {
    put({ id, keyId, status, state }: StoredBatch): void {
      atomically(db, () => {
        put.run(id, keyId, status, JSON.stringify(state));
      });
    },
    find(keyId: string, id: string): StoredBatch | undefined {
      const row = find.get(keyId, id);
      return row && BatchRow.parse(row);
    },
    /** Oldest first. */
    list: (keyId: string): StoredBatch[] => list.all(keyId).map((row) => BatchRow.parse(row)),
    /** Every key's, oldest first: what a restart goes on with. */
    unfinished: (): StoredBatch[] => unfinished.all().map((row) => BatchRow.parse(row)),
  };
}
