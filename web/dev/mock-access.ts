import { randomBytes } from "node:crypto";
import {
  CreatedKey,
  KeyChange,
  KeyList,
  KeyRow,
  NewKey,
  NewTenant,
  Session,
  SignInOptions,
  SignedOut,
  TenantChange,
  TenantList,
  TenantRow,
  UserList,
} from "../../src/http/access-schemas.ts";
import { LimitList } from "../../src/http/limit-schemas.ts";
import { type Call, type MockRoute, missing } from "./mock-route.ts";

/** Keys, tenants, users and their limits of the stand-in server. ROLE says who is signed in. */

const ROLE = process.env["ROLE"] ?? "admin";
const DAY = 86_400_000;
const now = Date.now();

function key(more: Partial<KeyRow> & Pick<KeyRow, "id" | "name">): KeyRow {
  return KeyRow.parse({
    prefix: "wk-Xq7b",
    scopes: ["inference"],
    tenant: "default",
    state: "active",
    createdAt: now - 9 * DAY,
    lastUsedAt: now - 4000,
    expiresAt: null,
    previousUntil: null,
    models: null,
    limits: {},
    priority: null,
    note: null,
    metadata: {},
    revoked: false,
    fixed: false,
    ...more,
  });
}

const keys: KeyRow[] = [
  key({ id: "key_env", name: "WEIR_ADMIN_KEY", scopes: ["admin", "inference"], fixed: true }),
  key({
    id: "k2",
    name: "web-shop",
    tenant: "shop",
    limits: { requestsPerMinute: 60, costPerDay: 5e9 },
    models: ["chat", "gpt-*"],
    expiresAt: now + 80 * DAY,
    previousUntil: now + DAY / 2,
    note: "the shop's assistant",
  }),
  key({ id: "k3", name: "grafana", scopes: ["viewer"] }),
  key({ id: "k4", name: "contractor", state: "expired", expiresAt: now - DAY }),
  key({ id: "k5", name: "old laptop", state: "revoked", revoked: true, lastUsedAt: null }),
];

const tenants: TenantRow[] = [
  { id: "default", name: "Default", limits: {}, models: null, createdAt: now - 90 * DAY },
  {
    id: "shop",
    name: "Web shop",
    limits: { costPerMonth: 200e9 },
    models: ["chat", "gpt-*"],
    createdAt: now - 9 * DAY,
  },
].map((row) => TenantRow.parse({ ...row, disabled: false, keys: row.id === "shop" ? 1 : 3 }));

const limit = (of: string, name: string, used: number, most: number) => ({
  subject: { kind: of === "shop" ? "tenant" : "key", id: of, name: of },
  limit: name,
  unit: name.startsWith("cost") ? "cost" : "requests",
  window: "day",
  used,
  reserved: 0,
  most,
  resetAt: now + DAY / 3,
});

export const ACCESS_ROUTES: readonly MockRoute[] = [
  ["GET", /^\/auth\/options$/, () => SignInOptions.parse({ oidc: null })],
  ["POST", /^\/auth\/logout$/, signOut],
  ["GET", /^\/admin\/v1\/session$/, () => session()],
  ["GET", /^\/admin\/v1\/keys$/, () => KeyList.parse({ keys })],
  ["POST", /^\/admin\/v1\/keys$/, ({ body }) => createKey(NewKey.parse(JSON.parse(body)))],
  ["POST", /^\/admin\/v1\/keys\/(.+)\/rotate$/, ({ id }) => withSecret(keyOf(id))],
  [
    "PATCH",
    /^\/admin\/v1\/keys\/(.+)$/,
    ({ id, body }) => Object.assign(keyOf(id), KeyChange.parse(JSON.parse(body))),
  ],
  [
    "DELETE",
    /^\/admin\/v1\/keys\/(.+)$/,
    ({ id }) => void Object.assign(keyOf(id), { revoked: true, state: "revoked" }),
  ],
  ["GET", /^\/admin\/v1\/tenants$/, () => TenantList.parse({ tenants })],
  ["POST", /^\/admin\/v1\/tenants$/, ({ body }) => createTenant(body)],
  [
    "PATCH",
    /^\/admin\/v1\/tenants\/(.+)$/,
    ({ id, body }) => Object.assign(tenantOf(id), TenantChange.parse(JSON.parse(body))),
  ],
  [
    "DELETE",
    /^\/admin\/v1\/tenants\/(.+)$/,
    ({ id }) => void tenants.splice(tenants.indexOf(tenantOf(id)), 1),
  ],
  ["GET", /^\/admin\/v1\/users$/, () => UserList.parse({ users: [] })],
  [
    "GET",
    /^\/admin\/v1\/limits$/,
    () =>
      LimitList.parse({
        limits: [
          limit("k2", "requestsPerMinute", 51, 60),
          limit("k2", "costPerDay", 1.2e9, 5e9),
          limit("shop", "costPerMonth", 203e9, 200e9),
        ],
        shared: "no",
      }),
  ],
];

function session(): unknown {
  const scopes = ROLE === "admin" ? ["admin", "inference"] : [ROLE];
  return Session.parse({ key: ROLE, scopes, role: ROLE, user: null, version: "0.1.0" });
}

function signOut({ response }: Call): unknown {
  response.setHeader("set-cookie", "weir=; Max-Age=0; Path=/");
  return SignedOut.parse({ url: null });
}

function keyOf(id: string): KeyRow {
  return keys.find((one) => one.id === id) ?? missing("key");
}

function tenantOf(id: string): TenantRow {
  return tenants.find((one) => one.id === id) ?? missing("tenant");
}

function createKey(wish: NewKey): unknown {
  const row = key({ ...wish, id: randomBytes(4).toString("hex"), createdAt: Date.now() });
  keys.unshift(row);
  return withSecret(row);
}

function withSecret(row: KeyRow): unknown {
  return CreatedKey.parse({ ...row, key: `wk-${randomBytes(20).toString("hex")}` });
}

function createTenant(body: string): TenantRow {
  const wish = NewTenant.parse(JSON.parse(body));
  const row = TenantRow.parse({ name: wish.id, ...wish, createdAt: Date.now(), keys: 0 });
  tenants.push(row);
  return row;
}
