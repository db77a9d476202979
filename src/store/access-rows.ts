import { z } from "zod";
import {
  type AccessState,
  type AccessWrite,
  type KeyRecord,
  SCOPES,
  type SessionRecord,
  type TenantRecord,
  type UserRecord,
} from "../core/access.ts";

/**
 * The tables of keys, tenants, users and sign-ins, once for every database: what their columns are
 * called, how a record becomes a row, and the statements that both dialects of SQL share.
 */

export type AccessTable = "key" | "tenant" | "user" | "session";

/** `words` are separated by spaces, `json` is text. A flag is 0 or 1. */
type Kind = "text" | "number" | "flag" | "words" | "json";

const COLUMNS: {
  readonly key: Readonly<Record<keyof KeyRecord, Kind>>;
  readonly tenant: Readonly<Record<keyof TenantRecord, Kind>>;
  readonly user: Readonly<Record<keyof UserRecord, Kind>>;
  readonly session: Readonly<Record<keyof SessionRecord, Kind>>;
} = {
  key: {
    id: "text",
    hash: "text",
    previousHash: "text",
    previousUntil: "number",
    name: "text",
    prefix: "text",
    scopes: "words",
    tenantId: "text",
    createdAt: "number",
    lastUsedAt: "number",
    expiresAt: "number",
    revokedAt: "number",
    models: "json",
    limits: "json",
    priority: "text",
    note: "text",
    metadata: "json",
  },
  tenant: {
    id: "text",
    name: "text",
    limits: "json",
    models: "json",
    createdAt: "number",
    disabled: "flag",
  },
  user: {
    id: "text",
    issuer: "text",
    subject: "text",
    email: "text",
    name: "text",
    role: "text",
    createdAt: "number",
    lastSignInAt: "number",
  },
  session: {
    id: "text",
    keyId: "text",
    userId: "text",
    createdAt: "number",
    expiresAt: "number",
  },
};

const Text = z.string().nullable();
const Time = z.number().nullable();
const Limits = z.record(z.string(), z.number());

const SCHEMAS = {
  key: z.object({
    id: z.string(),
    hash: z.string(),
    previousHash: Text,
    previousUntil: Time,
    name: z.string(),
    prefix: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    tenantId: z.string(),
    createdAt: z.number(),
    lastUsedAt: Time,
    expiresAt: Time,
    revokedAt: Time,
    models: z.array(z.string()).nullable(),
    limits: Limits,
    priority: z.enum(["high", "normal", "low"]).nullable(),
    note: Text,
    metadata: z.record(z.string(), z.string()),
  }),
  tenant: z.object({
    id: z.string(),
    name: z.string(),
    limits: Limits,
    models: z.array(z.string()).nullable(),
    createdAt: z.number(),
    disabled: z.boolean(),
  }),
  user: z.object({
    id: z.string(),
    issuer: z.string(),
    subject: z.string(),
    email: Text,
    name: Text,
    role: z.enum(["viewer", "operator", "admin"]),
    createdAt: z.number(),
    lastSignInAt: z.number(),
  }),
  session: z.object({
    id: z.string(),
    keyId: Text,
    userId: Text,
    createdAt: z.number(),
    expiresAt: z.number(),
  }),
};

export type Column = string | number | null;

/** One statement and its values, for a prepared call. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly Column[];
}

/** How a dialect names its tables and the places of values. */
export interface Dialect {
  readonly table: (table: AccessTable) => string;
  /** Counted from 1. */
  readonly place: (number: number) => string;
}

export function toStatement(write: AccessWrite, { table, place }: Dialect): Statement {
  if ("drop" in write) {
    return { sql: `DELETE FROM ${table(write.drop)} WHERE id = ${place(1)}`, values: [write.id] };
  }
  const entries = Object.entries(COLUMNS[write.put]);
  const names = entries.map(([field]) => columnOf(field));
  const row = write.row as unknown as Readonly<Record<string, unknown>>; // its fields are the columns
  const sets = names.slice(1).map((name) => `${name} = excluded.${name}`);
  return {
    sql: `INSERT INTO ${table(write.put)} (${names.join(", ")})
      VALUES (${names.map((_, index) => place(index + 1)).join(", ")})
      ON CONFLICT (id) DO UPDATE SET ${sets.join(", ")}`,
    values: entries.map(([field, kind]) => toColumn(row[field], kind)),
  };
}

type Rows = Readonly<Record<AccessTable, readonly Readonly<Record<string, unknown>>[]>>;

export function toState(version: number, rows: Rows): AccessState {
  return {
    version,
    keys: rows.key.map((row) => SCHEMAS.key.parse(fromRow("key", row))),
    tenants: rows.tenant.map((row) => SCHEMAS.tenant.parse(fromRow("tenant", row))),
    users: rows.user.map((row) => SCHEMAS.user.parse(fromRow("user", row))),
    sessions: rows.session.map((row) => SCHEMAS.session.parse(fromRow("session", row))),
  };
}

function fromRow(table: AccessTable, row: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(
    Object.entries(COLUMNS[table]).map(([field, kind]) => [
      field,
      fromColumn(row[columnOf(field)], kind),
    ]),
  );
}

function columnOf(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function toColumn(value: unknown, kind: Kind): Column {
  if (value === null || value === undefined) return null;
  if (kind === "flag") return value === true ? 1 : 0;
  if (kind === "words") return (value as readonly string[]).join(" "); // scopes
  if (kind === "json") return JSON.stringify(value);
  return value as Column; // text and number
}

/** PostgreSQL gives its large numbers as text. */
function fromColumn(value: unknown, kind: Kind): unknown {
  if (value === null || value === undefined) return null;
  if (kind === "number") return Number(value);
  if (kind === "flag") return Number(value) === 1;
  if (kind === "words") return (value as string).split(" "); // as written by toColumn
  if (kind === "json") return JSON.parse(value as string) as unknown;
  return value;
}
