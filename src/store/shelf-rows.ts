import { z } from "zod";
import { WeirError } from "../core/errors.ts";
import type { ShelfListQuery, ShelfQuery, ShelfRecord, ShelfWrite } from "../core/shelf.ts";

/** The shelf's two tables, once for every database: statements, and how rows become records. */

/** How a dialect names its tables, the places of values, and the position of a text in another. */
export interface ShelfDialect {
  readonly records: string;
  readonly blobs: string;
  readonly place: (number: number) => string;
  /** An SQL function of two texts that gives 0 where the second is not in the first. */
  readonly position: string;
}

export type ShelfValue = string | number | Uint8Array;

export interface ShelfStatement {
  readonly sql: string;
  readonly values: readonly ShelfValue[];
  /** Where it must change a row, or somebody else was there before. */
  readonly mustChange: boolean;
}

/** Unique columns that may be absent hold "" then: NULLs would all be different. */
const ABSENT = "";

const ORDERS = {
  newest: "created_at DESC, seq",
  oldest: "created_at, seq",
  modified: "modified_at DESC, seq",
  name: "name, seq",
} as const;

/** Collects conditions and the values at their places. */
function createWhere({ place }: ShelfDialect) {
  const conditions: string[] = [];
  const values: ShelfValue[] = [];
  const at = (value: ShelfValue) => place(values.push(value));
  return {
    values,
    at,
    and: (condition: string) => void conditions.push(condition),
    text: () => (conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`),
  };
}

function whereOf(query: ShelfQuery, dialect: ShelfDialect) {
  const where = createWhere(dialect);
  const equals = (column: string, value: string | null | undefined) => {
    if (value !== undefined) where.and(`${column} = ${where.at(value ?? ABSENT)}`);
  };
  equals("kind", query.kind);
  equals("tenant_id", query.tenantId);
  equals("parent_id", query.parentId);
  equals("name", query.name);
  if (query.ids) {
    const places = query.ids.map((id) => where.at(id));
    where.and(places.length === 0 ? "1 = 0" : `id IN (${places.join(", ")})`);
  }
  if (query.nameContains) {
    const part = where.at(query.nameContains.toLowerCase());
    where.and(`${dialect.position}(lower(name), ${part}) > 0`);
  }
  return where;
}

export function listStatement(query: ShelfListQuery, dialect: ShelfDialect) {
  const where = whereOf(query, dialect);
  const sql = `SELECT * FROM ${dialect.records} ${where.text()}
    ORDER BY ${ORDERS[query.order ?? "newest"]}
    LIMIT ${where.at(query.limit)} OFFSET ${where.at(query.offset ?? 0)}`;
  return { sql, values: where.values };
}

export function countStatement(query: ShelfQuery, dialect: ShelfDialect) {
  const where = whereOf(query, dialect);
  const sql = `SELECT count(*) AS number FROM ${dialect.records} ${where.text()}`;
  return { sql, values: where.values };
}

export function toShelfStatement(write: ShelfWrite, dialect: ShelfDialect): ShelfStatement {
  if (write.op === "put") return putStatement(write, dialect);
  const { records, blobs, place } = dialect;
  if (write.op === "put-bytes") {
    const { id, tenantId, ownerId, mimeType, bytes } = write;
    const sql = `INSERT INTO ${blobs} (id, tenant_id, owner_id, mime_type, bytes)
      VALUES (${[1, 2, 3, 4, 5].map(place).join(", ")})`;
    return { sql, values: [id, tenantId, ownerId, mimeType, bytes], mustChange: false };
  }
  if (write.op === "remove-bytes") {
    const { tenantId, ownerId, id } = write;
    const all = `DELETE FROM ${blobs} WHERE tenant_id = ${place(1)} AND owner_id = ${place(2)}`;
    return id === undefined
      ? { sql: all, values: [tenantId, ownerId], mustChange: false }
      : { sql: `${all} AND id = ${place(3)}`, values: [tenantId, ownerId, id], mustChange: false };
  }
  const [column, id] =
    write.op === "remove" ? (["id", write.id] as const) : (["parent_id", write.parentId] as const);
  const sql = `DELETE FROM ${records}
    WHERE kind = ${place(1)} AND tenant_id = ${place(2)} AND ${column} = ${place(3)}`;
  return { sql, values: [write.kind, write.tenantId, id], mustChange: false };
}

function putStatement(
  write: Extract<ShelfWrite, { op: "put" }>,
  { records, place }: ShelfDialect,
): ShelfStatement {
  const { kind, tenantId, id, parentId, name, value, at, ifVersion } = write;
  const values: ShelfValue[] = [
    kind,
    tenantId,
    id,
    parentId ?? ABSENT,
    name ?? ABSENT,
    JSON.stringify(value ?? null),
    at,
  ];
  if (ifVersion !== undefined && ifVersion > 0) {
    // An update alone: a record that is gone meanwhile stays gone.
    const sql = `UPDATE ${records} SET parent_id = ${place(4)}, name = ${place(5)},
      value = ${place(6)}, modified_at = ${place(7)}, version = version + 1
      WHERE kind = ${place(1)} AND tenant_id = ${place(2)} AND id = ${place(3)}
      AND version = ${place(8)}`;
    return { sql, values: [...values, ifVersion], mustChange: true };
  }
  const places = [1, 2, 3, 4, 5, 6, 7, 7].map(place).join(", ");
  const otherwise =
    ifVersion === 0
      ? "DO NOTHING"
      : `DO UPDATE SET parent_id = excluded.parent_id, name = excluded.name,
         value = excluded.value, modified_at = excluded.modified_at,
         version = ${records}.version + 1`;
  const sql = `INSERT INTO ${records}
    (kind, tenant_id, id, parent_id, name, value, created_at, modified_at, version)
    VALUES (${places}, 1) ON CONFLICT (kind, id, tenant_id) ${otherwise}`;
  return { sql, values, mustChange: ifVersion === 0 };
}

/** For a write that had to change a row and did not. */
export function changedMeanwhile(write: ShelfWrite): WeirError {
  return new WeirError(
    "conflict",
    `The ${write.op === "put" ? write.kind : "record"} was changed by somebody else meanwhile. Read it again and repeat the change.`,
  );
}

/** For a name that another record has. */
export function nameTaken(write: ShelfWrite, cause: unknown): WeirError {
  const [kind, name] = write.op === "put" ? [write.kind, write.name ?? ""] : ["record", ""];
  return new WeirError("conflict", `There is a ${kind} with the name "${name}" already.`, {
    param: "name",
    cause,
  });
}

const Row = z
  .object({
    kind: z.string(),
    tenant_id: z.string(),
    id: z.string(),
    parent_id: z.string(),
    name: z.string(),
    value: z.string(),
    // PostgreSQL gives its large numbers as text.
    version: z.coerce.number(),
    created_at: z.coerce.number(),
    modified_at: z.coerce.number(),
  })
  .transform((row): ShelfRecord => ({
    kind: row.kind,
    tenantId: row.tenant_id,
    id: row.id,
    parentId: row.parent_id || null,
    name: row.name || null,
    value: JSON.parse(row.value) as unknown,
    version: row.version,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
  }));

export const toShelfRecord = (row: unknown): ShelfRecord => Row.parse(row);
