import type { Caller, Limits, Priority, Scope } from "./call.ts";
import { WeirError } from "./errors.ts";

/** Who may come in, and what for: the words that stores, routes and the command line share. */

export const SCOPES = [
  "viewer",
  "operator",
  "admin",
  "inference",
  "traces",
] as const satisfies Scope[];

/** What a person may be on the dashboard, each more than the one before. */
export const ROLES = ["viewer", "operator", "admin"] as const satisfies Scope[];
export type Role = (typeof ROLES)[number];

const GRANTS: Readonly<Record<Scope, readonly Scope[]>> = {
  inference: ["inference"],
  traces: ["traces"],
  viewer: ["viewer"],
  operator: ["operator", "viewer"],
  admin: ["admin", "operator", "viewer", "inference", "traces"],
};

/** Whether somebody with these scopes may do what asks for that one. */
export function covers(scopes: readonly Scope[], wanted: Scope): boolean {
  for (const scope of scopes) if (GRANTS[scope].includes(wanted)) return true;
  return false;
}

/** The highest role that the scopes come to; undefined for a key that only calls models, or traces. */
export function roleOf(scopes: readonly Scope[]): Role | undefined {
  return ROLES.findLast((role) => covers(scopes, role));
}

/** An API key as it is kept: never its secret. Times are epoch milliseconds. */
export interface KeyRecord {
  readonly id: string;
  readonly hash: string;
  /** The secret before the last rotation, which is good until then. */
  readonly previousHash: string | null;
  readonly previousUntil: number | null;
  readonly name: string;
  /** The first letters of the secret, to tell keys apart. */
  readonly prefix: string;
  readonly scopes: readonly Scope[];
  readonly tenantId: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** Null: all that the tenant has. */
  readonly models: readonly string[] | null;
  readonly limits: Limits;
  readonly priority: Priority | null;
  readonly note: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Who pays for keys. Disabled: none of its keys works. */
export interface TenantRecord {
  readonly id: string;
  readonly name: string;
  readonly limits: Limits;
  /** Null: every model. */
  readonly models: readonly string[] | null;
  readonly createdAt: number;
  readonly disabled: boolean;
}

/** A person who signed in by way of an identity provider. */
export interface UserRecord {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly name: string | null;
  /** As of the last sign-in. */
  readonly role: Role;
  readonly createdAt: number;
  readonly lastSignInAt: number;
}

/** A sign-in on the dashboard, of a key or of a user. Its id is the hash of what the cookie holds. */
export interface SessionRecord {
  readonly id: string;
  readonly keyId: string | null;
  readonly userId: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Everything at one moment. The version goes up with every change but the notes of last use. */
export interface AccessState {
  readonly version: number;
  readonly keys: readonly KeyRecord[];
  readonly tenants: readonly TenantRecord[];
  readonly users: readonly UserRecord[];
  readonly sessions: readonly SessionRecord[];
}

export type AccessWrite =
  | { readonly put: "key"; readonly row: KeyRecord }
  | { readonly put: "tenant"; readonly row: TenantRecord }
  | { readonly put: "user"; readonly row: UserRecord }
  | { readonly put: "session"; readonly row: SessionRecord }
  | { readonly drop: "key" | "tenant" | "user" | "session"; readonly id: string };

/** What one change writes, all of it or nothing, and what its caller gets. */
export interface Decision<T> {
  readonly writes: readonly AccessWrite[];
  readonly result: T;
}

/** The state as it stands after such writes. */
export function afterWrites(state: AccessState, writes: readonly AccessWrite[]): AccessState {
  return {
    version: writes.length === 0 ? state.version : state.version + 1,
    keys: written(state.keys, writes, "key"),
    tenants: written(state.tenants, writes, "tenant"),
    users: written(state.users, writes, "user"),
    sessions: written(state.sessions, writes, "session"),
  };
}

function written<Row extends { readonly id: string }>(
  rows: readonly Row[],
  writes: readonly AccessWrite[],
  table: "key" | "tenant" | "user" | "session",
): readonly Row[] {
  const mine = writes.filter((write) => ("put" in write ? write.put : write.drop) === table);
  if (mine.length === 0) return rows;
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const write of mine) {
    if ("drop" in write) byId.delete(write.id);
    else byId.set(write.row.id, write.row as unknown as Row); // of this table, as filtered above
  }
  return [...byId.values()];
}

/** Whether a model's name fits one of the patterns: names, `*` at the end of one for any rest. */
function fits(patterns: readonly string[], model: string): boolean {
  for (const pattern of patterns) {
    if (pattern === model) return true;
    if (pattern.endsWith("*") && model.startsWith(pattern.slice(0, -1))) return true;
  }
  return false;
}

/** Whether the caller may ask for this model. */
export function mayUse({ models }: Caller, model: string): boolean {
  return models === undefined || fits(models, model);
}

/**
 * Throws forbidden when the caller may not ask for this model. To be called wherever a request names
 * a model, before it is looked up: who may not use it does not learn whether it exists.
 */
export function checkModel(caller: Caller, model: string): void {
  if (mayUse(caller, model)) return;
  const { models = [] } = caller;
  const may = models.length === 0 ? "no model at all" : `only: ${models.join(", ")}`;
  throw new WeirError(
    "forbidden",
    `This key may not use the model "${model.slice(0, 200)}". It may use ${may}. Whoever runs this server can change that.`,
    { param: "model" },
  );
}

/** The patterns that both lists allow; null allows everything. */
export function bothAllow(
  one: readonly string[] | null,
  other: readonly string[] | null,
): readonly string[] | null {
  if (one === null) return other;
  if (other === null) return one;
  const covered = (pattern: string, by: readonly string[]) =>
    by.some((wider) => fits([wider], pattern));
  return [
    ...new Set([
      ...one.filter((pattern) => covered(pattern, other)),
      ...other.filter((pattern) => covered(pattern, one)),
    ]),
  ];
}
