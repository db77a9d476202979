import type { PoolClient } from "pg";
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
import { type DatabaseOptions, type Migration, openPostgres } from "./database.ts";

/** An absent parent or name is "". */
const MIGRATIONS: readonly Migration[] = [
  `CREATE TABLE weir.shelf (
     seq bigserial PRIMARY KEY, kind text NOT NULL, tenant_id text NOT NULL, id text NOT NULL,
     parent_id text NOT NULL, name text COLLATE "C" NOT NULL, value text NOT NULL,
     version bigint NOT NULL, created_at bigint NOT NULL, modified_at bigint NOT NULL
   );
   CREATE UNIQUE INDEX shelf_id ON weir.shelf (kind, id, tenant_id);
   CREATE UNIQUE INDEX shelf_name ON weir.shelf (kind, tenant_id, parent_id, name) WHERE name <> '';
   CREATE INDEX shelf_list ON weir.shelf (kind, tenant_id, parent_id, created_at DESC, seq);
   CREATE TABLE weir.shelf_bytes (
     id text PRIMARY KEY, tenant_id text NOT NULL, owner_id text NOT NULL,
     mime_type text NOT NULL, bytes bytea NOT NULL
   );
   CREATE INDEX shelf_bytes_owner ON weir.shelf_bytes (tenant_id, owner_id);`,
];

const DIALECT: ShelfDialect = {
  records: "weir.shelf",
  blobs: "weir.shelf_bytes",
  place: (number) => `$${number}`,
  position: "strpos",
};

/** Users' records in PostgreSQL, for several replicas. Rejects with invalid_config when it cannot be used at the start. */
export async function openPostgresShelf(options: DatabaseOptions) {
  const database = await openPostgres(options, MIGRATIONS, "shelf_migration");

  const ask = ({ sql, values }: ReturnType<typeof listStatement>) =>
    database.atomically(async (client) => {
      const { rows } = await client.query<Record<string, unknown>>(sql, [...values]);
      return rows;
    });
  const list = async (query: ShelfListQuery) =>
    (await ask(listStatement(query, DIALECT))).map(toShelfRecord);

  return {
    async get(kind: string, id: string, tenantId?: string): Promise<ShelfRecord | undefined> {
      return (await list({ kind, ids: [id], tenantId, limit: 1 }))[0];
    },
    list,
    async count(query: ShelfQuery): Promise<number> {
      return Number((await ask(countStatement(query, DIALECT)))[0]?.["number"]);
    },
    async write(writes: readonly ShelfWrite[]): Promise<number> {
      return database.atomically(async (client) => {
        let changes = 0;
        for (const write of writes) changes += await writeOne(client, write);
        return changes;
      });
    },
    async bytes(id: string): Promise<ShelfBytes | undefined> {
      const [row] = await ask({
        sql: "SELECT mime_type, bytes FROM weir.shelf_bytes WHERE id = $1",
        values: [id],
      });
      return row && { mimeType: String(row["mime_type"]), bytes: row["bytes"] as Buffer }; // a bytea
    },
    close: () => database.close(),
  };
}

async function writeOne(client: PoolClient, write: ShelfWrite): Promise<number> {
  const { sql, values, mustChange } = toShelfStatement(write, DIALECT);
  try {
    const { rowCount } = await client.query(sql, [...values]);
    if (mustChange && rowCount === 0) throw changedMeanwhile(write);
    return write.op === "put-bytes" || write.op === "remove-bytes" ? 0 : (rowCount ?? 0);
  } catch (cause) {
    const { constraint } = (cause ?? {}) as Record<string, unknown>; // a DatabaseError has it
    throw constraint === "shelf_name" ? nameTaken(write, cause) : cause;
  }
}
