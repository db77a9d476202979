import { expect, it } from "vitest";
import type { AccessState } from "../core/access.ts";
import { afterWrites } from "../core/access.ts";
import { WeirError } from "../core/errors.ts";
import { type Log, silentLog } from "../core/log.ts";
import { type Access, PLAIN_KEY, openAccess } from "./access.ts";
import { ENV_KEY_ID } from "./decide-keys.ts";
import type { AccessStore } from "./needs.ts";

/** Keys, tenants and sign-ins with a clock of the test's own, over a store of one variable. */

const START = 1_700_000_000_000;
const DAY = 86_400_000;

function createStore() {
  let isGone = false;
  let state: AccessState = {
    version: 1,
    keys: [],
    users: [],
    sessions: [],
    tenants: [
      { id: "default", name: "Default", limits: {}, models: null, createdAt: 0, disabled: false },
    ],
  };
  const check = () => {
    if (isGone) throw new WeirError("storage_unavailable", "gone");
  };
  const store: AccessStore = {
    async load(since) {
      check();
      return since === state.version ? undefined : state;
    },
    async change(decide) {
      check();
      const { writes, result } = decide(state);
      state = afterWrites(state, writes);
      return { result, state };
    },
    async touch(used) {
      check();
      const keys = state.keys.map((key) => ({
        ...key,
        lastUsedAt: used.get(key.id) ?? key.lastUsedAt,
      }));
      state = { ...state, keys };
    },
    onChange: () => undefined,
    close: async () => undefined,
  };
  return { store, lose: (gone: boolean) => (isGone = gone), state: () => state };
}

async function setUp(log: Log = silentLog) {
  const clock = { now: START };
  const place = createStore();
  const open = () => openAccess({ store: place.store, now: () => clock.now, log });
  const access = await open();
  const adminSecret = (await access.ensureAdmin(undefined)) ?? "";
  const admin = access.key(adminSecret);
  return { access, clock, open, adminSecret, adminId: admin?.keyId ?? "", ...place };
}

const app = (access: Access, more: Partial<Parameters<Access["makeKey"]>[0]> = {}) =>
  access.makeKey({ ...PLAIN_KEY, name: "app", ...more });

it("makes an admin key once, and keeps only hashes", async () => {
  const { access, adminSecret, state, open } = await setUp();
  expect(adminSecret).toMatch(/^wk-[A-Za-z0-9]{40}$/);
  expect(access.key(adminSecret)).toMatchObject({ scopes: ["admin", "inference"] });
  expect(await (await open()).ensureAdmin(undefined)).toBeUndefined();
  expect(JSON.stringify(state())).not.toContain(adminSecret);
  expect(access.key("wk-wrong")).toBeUndefined();
});

it("tells on a call's way who pays, what for, and how much", async () => {
  const { access } = await setUp();
  await access.makeTenant("shop", {
    name: "Shop",
    limits: { costPerDay: 5 },
    models: ["chat", "gpt-*"],
    disabled: false,
  });
  const { secret } = await app(access, {
    tenantId: "shop",
    models: ["gpt-5*", "other"],
    limits: { requestsPerMinute: 3 },
    priority: "high",
  });
  expect(access.key(secret)).toMatchObject({
    keyName: "app",
    tenantId: "shop",
    models: ["gpt-5*"],
    limits: { requestsPerMinute: 3 },
    tenantLimits: { costPerDay: 5 },
    priority: "high",
  });
});

it("refuses an expired key from that moment on, and says so and nothing else", async () => {
  const { access, clock } = await setUp();
  const { secret, key } = await app(access, { expiresAt: START + DAY });
  clock.now = START + DAY - 1;
  expect(access.key(secret)).toBeDefined();
  expect(access.callerById(key.id)).toBeDefined();
  clock.now += 1;
  const refused = refusal(() => access.key(secret));
  expect(refused).toMatchObject({ code: "unauthorized", status: 401 });
  expect(refused.message).toContain(`expired at ${new Date(START + DAY).toISOString()}`);
  expect(refused.message).not.toContain(key.id);
  expect(refused.message).not.toContain("app");
  expect(access.callerById(key.id)).toBeUndefined();
  await access.editKey(key.id, { expiresAt: START + 3 * DAY });
  expect(access.key(secret)).toBeDefined();
});

it("lets both secrets work for the time after a rotation, then the new one only", async () => {
  const { access, clock } = await setUp();
  const { secret: first, key } = await app(access);
  const { secret: second } = await access.rotateKey(key.id, DAY);
  expect(access.key(first)?.keyId).toBe(key.id);
  expect(access.key(second)?.keyId).toBe(key.id);
  clock.now += DAY;
  expect(refusal(() => access.key(first)).message).toMatch(/was replaced by a new one/);
  expect(access.key(second)?.keyId).toBe(key.id);
  const { secret: third } = await access.rotateKey(key.id, 0);
  expect(access.key(second)).toBeUndefined();
  expect(access.key(third)?.keyId).toBe(key.id);
});

it("ends a key in use at once, with its old secret and its sign-ins", async () => {
  const { access } = await setUp();
  const { secret, key } = await app(access, { scopes: ["viewer"] });
  const session = await access.openKeySession(secret);
  const { secret: newer } = await access.rotateKey(key.id, DAY);
  expect(access.session(session?.secret ?? "")?.keyId).toBe(key.id);
  await access.revokeKey(key.id);
  for (const one of [secret, newer]) expect(access.key(one)).toBeUndefined();
  expect(access.session(session?.secret ?? "")).toBeUndefined();
  await expect(access.revokeKey(key.id)).rejects.toMatchObject({ code: "not_found" });
  await expect(access.editKey(key.id, { name: "x" })).rejects.toMatchObject({ code: "not_found" });
});

it("refuses the keys of a disabled tenant with a 403 until it is enabled", async () => {
  const { access } = await setUp();
  await access.makeTenant("shop", { name: "Shop", limits: {}, models: null, disabled: false });
  const { secret, key } = await app(access, { tenantId: "shop" });
  await access.editTenant("shop", { disabled: true });
  expect(refusal(() => access.key(secret))).toMatchObject({ code: "forbidden", status: 403 });
  expect(access.callerById(key.id)).toBeUndefined();
  await access.editTenant("shop", { disabled: false });
  expect(access.key(secret)).toBeDefined();
});

it("always has a tenant default, and lets none go whose keys are in use", async () => {
  const { access } = await setUp();
  await access.makeTenant("shop", { name: "Shop", limits: {}, models: null, disabled: false });
  const { key } = await app(access, { tenantId: "shop" });
  const conflict = { code: "conflict" };
  await expect(access.dropTenant("shop")).rejects.toMatchObject(conflict);
  await expect(access.dropTenant("default")).rejects.toMatchObject(conflict);
  await expect(access.editTenant("default", { disabled: true })).rejects.toMatchObject(conflict);
  const again = { name: "Shop", limits: {}, models: null, disabled: false };
  await expect(access.makeTenant("shop", again)).rejects.toMatchObject(conflict);
  await expect(app(access, { tenantId: "none" })).rejects.toMatchObject({ param: "tenant" });
  await access.revokeKey(key.id);
  await access.dropTenant("shop");
  expect(access.known.tenants.map(({ id }) => id)).toEqual(["default"]);
});

it.each<[string, (access: Access, id: string) => Promise<unknown>]>([
  ["revoked", (access, id) => access.revokeKey(id)],
  ["demoted", (access, id) => access.editKey(id, { scopes: ["viewer"] })],
  ["given an end", (access, id) => access.editKey(id, { expiresAt: START + DAY })],
])("does not let the last admin key be %s", async (_name, act) => {
  const { access, adminId, adminSecret } = await setUp();
  const brief = await app(access, { scopes: ["admin"], expiresAt: START + DAY });
  await expect(act(access, adminId)).rejects.toMatchObject({ code: "conflict", status: 409 });
  expect(access.key(adminSecret)?.scopes).toContain("admin");
  await access.editKey(brief.key.id, { expiresAt: null });
  await act(access, adminId);
});

it("does not let a tenant take the last admin key along", async () => {
  const { access, adminId } = await setUp();
  await access.makeTenant("ops", { name: "Ops", limits: {}, models: null, disabled: false });
  await access.editKey(adminId, { tenantId: "ops" });
  await expect(access.editTenant("ops", { disabled: true })).rejects.toMatchObject({
    code: "conflict",
  });
});

it("puts one new admin key in the place of all others", async () => {
  const { access, adminSecret } = await setUp();
  const { secret: plain } = await app(access);
  const { secret } = await access.replaceAdmins();
  expect(access.key(adminSecret)).toBeUndefined();
  expect(access.key(plain)).toBeDefined();
  expect(access.key(secret)?.scopes).toContain("admin");
});

it("takes the admin key of the environment over, and only there can it be changed", async () => {
  const { access, state, open } = await setUp();
  await access.ensureAdmin("wk-from-the-environment");
  const { version } = state();
  await (await open()).ensureAdmin("wk-from-the-environment");
  expect(state().version).toBe(version);
  expect(access.key("wk-from-the-environment")?.keyId).toBe(ENV_KEY_ID);
  for (const act of [
    () => access.revokeKey(ENV_KEY_ID),
    () => access.rotateKey(ENV_KEY_ID, 0),
    () => access.editKey(ENV_KEY_ID, { name: "x" }),
  ]) {
    await expect(act()).rejects.toMatchObject({ code: "conflict" });
  }
  await access.ensureAdmin("wk-another-one");
  expect(access.key("wk-from-the-environment")).toBeUndefined();
  await access.ensureAdmin(undefined);
  expect(access.key("wk-another-one")).toBeUndefined();
});

it("takes a key that is known already as the environment's, but no revoked one", async () => {
  const { access, adminSecret, adminId } = await setUp();
  expect(await access.ensureAdmin(adminSecret)).toBeUndefined();
  expect(access.key(adminSecret)?.keyId).toBe(adminId);
  await access.replaceAdmins();
  await expect(access.ensureAdmin(adminSecret)).rejects.toMatchObject({ code: "invalid_config" });
});

it("signs in whoever has a role on the dashboard, for a while", async () => {
  const { access, clock } = await setUp();
  const { secret: plain } = await app(access);
  expect(await access.openKeySession(plain)).toBeUndefined();
  expect(await access.openKeySession("wk-no")).toBeUndefined();
  const { secret, key } = await app(access, { scopes: ["viewer"] });
  const session = await access.openKeySession(secret);
  expect(access.session(session?.secret ?? "")).toMatchObject({ keyId: key.id });
  clock.now = session?.expiresAt ?? 0;
  expect(access.session(session?.secret ?? "")).toBeUndefined();
  await access.openKeySession(secret);
  expect(access.known.sessions).toHaveLength(1);
});

it("knows people by what their provider says of them, with the role of their last sign-in", async () => {
  const { access, clock } = await setUp();
  const ada = { issuer: "https://id.example", subject: "1", email: "ada@example.com", name: null };
  const first = await access.openUserSession({ ...ada, role: "admin" }, DAY);
  expect(access.session(first.secret)).toMatchObject({
    keyName: "ada@example.com",
    scopes: ["admin"],
    tenantId: "default",
  });
  clock.now += 5;
  await access.openUserSession({ ...ada, role: "viewer" }, DAY);
  expect(access.session(first.secret)?.scopes).toEqual(["viewer"]);
  expect(access.known.users).toMatchObject([{ createdAt: START, lastSignInAt: START + 5 }]);
  await access.closeSession(first.secret);
  expect(access.session(first.secret)).toBeUndefined();
  expect(access.userOf(first.secret)).toBeUndefined();
});

it("sees what another process did, and finds its sign-ins at once", async () => {
  const { access, open } = await setUp();
  const other = await open();
  const { secret, key } = await app(other, { scopes: ["viewer"] });
  expect(access.key(secret)).toBeUndefined();
  await access.refresh();
  expect(access.key(secret)?.keyId).toBe(key.id);
  const session = await other.openKeySession(secret);
  await access.recall(session?.secret ?? "");
  expect(access.session(session?.secret ?? "")?.keyId).toBe(key.id);
});

it("goes on with what it knows while the store is gone, says so once, and catches up", async () => {
  const events: string[] = [];
  const note = (event: string) => void events.push(event);
  const { access, open, lose, adminSecret, state, store } = await setUp({
    ...silentLog,
    info: note,
    error: note,
  });
  const other = await open();
  lose(true);
  await access.refresh();
  await access.refresh();
  expect(access.key(adminSecret)).toBeDefined();
  await expect(app(access)).rejects.toMatchObject({ code: "storage_unavailable", status: 503 });
  const { load } = store;
  store.load = () => new Promise(() => undefined); // it hangs: whoever only looks does not wait
  expect((await access.look()).keys).toHaveLength(1);
  await access.recall("wk-unknown");
  store.load = load;
  lose(false);
  const { secret } = await app(other);
  await access.refresh();
  expect(access.key(secret)).toBeDefined();
  expect(events).toEqual(["access_store_lost", "access_store_back"]);
  expect(state().keys[0]?.lastUsedAt).toBe(START);
});

it("finds one key among thousands, whatever was asked before", async () => {
  const { access } = await setUp();
  const made = [];
  for (let count = 0; count < 1100; count++) made.push(await app(access, { name: `k${count}` }));
  for (let round = 0; round < 2; round++) {
    for (const { key, secret } of made) expect(access.key(secret)?.keyId).toBe(key.id);
  }
});

function refusal(act: () => unknown): WeirError {
  try {
    act();
  } catch (cause) {
    if (cause instanceof WeirError) return cause;
    throw cause;
  }
  throw new Error("it was not refused");
}
