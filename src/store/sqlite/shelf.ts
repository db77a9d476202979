import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import type {
  ShelfBytes,
  ShelfListQuery,
  ShelfQuery,
  ShelfRecord,
  ShelfWrite,
} from "../../core/shelf.ts";
import {
  type ShelfDialect,
  changedMeanwhile,
  countStatement,
  listStatement,
  nameTaken,
  toShelfRecord,
  toShelfStatement,
} from "../shelf-rows.ts";
import { atomically } from "./atomically.ts";

/** An absent parent or name is "". */
export const SHELF_SCHEMA = `
  CREATE TABLE shelf (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, tenant_id TEXT NOT NULL,
    id TEXT NOT NULL, parent_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    version INTEGER NOT NULL, created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX shelf_id ON shelf (kind, id, tenant_id);
  CREATE UNIQUE INDEX shelf_name ON shelf (kind, tenant_id, parent_id, name) WHERE name <> '';
  CREATE INDEX shelf_list ON shelf (kind, tenant_id, parent_id, created_at DESC, seq);
  CREATE TABLE shelf_bytes (
    id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, owner_id TEXT NOT NULL,
    mime_type TEXT NOT NULL, bytes BLOB NOT NULL
  ) STRICT;
  CREATE INDEX shelf_bytes_owner ON shelf_bytes (tenant_id, owner_id);`;

const DIALECT: ShelfDialect = {
  records: "shelf",
  blobs: "shelf_bytes",
  place: (number) => `?${number}`,
  position: "instr",
};

const Blob = z
  .object({ mime_type: z.string(), bytes: z.instanceof(Uint8Array) })
  .transform(({ mime_type: mimeType, bytes }): ShelfBytes => ({ mimeType, bytes }));

export type SqliteShelf = ReturnType<typeof createSqliteShelf>;

/** Users' records in the control database. */
export function createSqliteShelf(db: DatabaseSync) {
  const selectBytes = db.prepare("SELECT mime_type, bytes FROM shelf_bytes WHERE id = ?");

  function list(query: ShelfListQuery): ShelfRecord[] {
    const { sql, values } = listStatement(query, DIALECT);
    return db
      .prepare(sql)
      .all(...values)
      .map(toShelfRecord);
  }

  function writeOne(write: ShelfWrite): number {
    const { sql, values, mustChange } = toShelfStatement(write, DIALECT);
    try {
      const changes = Number(db.prepare(sql).run(...values).changes);
      if (mustChange && changes === 0) throw changedMeanwhile(write);
      return write.op === "put-bytes" || write.op === "remove-bytes" ? 0 : changes;
    } catch (cause) {
      throw /UNIQUE constraint failed: .*name/.test(String(cause))
        ? nameTaken(write, cause)
        : cause;
    }
  }

  return {
    async get(kind: string, id: string, tenantId?: string): Promise<ShelfRecord | undefined> {
      return list({ kind, ids: [id], tenantId, limit: 1 })[0];
    },
    list: async (query: ShelfListQuery) => list(query),
    async count(query: ShelfQuery): Promise<number> {
      const { sql, values } = countStatement(query, DIALECT);
      return Number(db.prepare(sql).get(...values)?.["number"]);
    },
    async write(writes: readonly ShelfWrite[]): Promise<number> {
      return atomically(db, () => writes.reduce((sum, write) => sum + writeOne(write), 0));
    },
    async bytes(id: string): Promise<ShelfBytes | undefined> {
      const row = selectBytes.get(id);
      return row && Blob.parse(row);
    },
  };
}
