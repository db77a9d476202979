import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { AccessStore } from "../src/access/needs.ts";
import type { AccessWrite, KeyRecord } from "../src/core/access.ts";
import { WeirError } from "../src/core/errors.ts";
import { silentLog } from "../src/core/log.ts";
import { openPostgresAccess } from "../src/store/postgres/access.ts";
import { openControlStore } from "../src/store/sqlite/control.ts";
import { type PostgresServer, needsPostgres, query, startPostgres } from "./support/postgres.ts";
import { eventually, temporaryFolder } from "./support/server.ts";

/** What every store of keys promises, asked of both; and what is PostgreSQL's alone. */

let postgres: PostgresServer | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

/** Opens the same store as often as it is called: each is a process of its own to the others. */
type Place = () => Promise<AccessStore>;

const places: Record<string, () => Promise<Place>> = {
  async SQLite() {
    const path = join(temporaryFolder(), "control.db");
    return async () => {
      const control = openControlStore(path, Date.now);
      onTestFinished(() => control.close());
      return { ...control.access, close: async () => undefined };
    };
  },
  async PostgreSQL() {
    const url = (await postgres?.database()) ?? "";
    return () => openAt(url);
  },
};

async function openAt(url: string): Promise<AccessStore> {
  const store = await openPostgresAccess({ url, connections: 2, timeoutMs: 2000 }, silentLog);
  onTestFinished(() => store.close());
  return store;
}

const key = (id: string, more: Partial<KeyRecord> = {}): KeyRecord => ({
  id,
  hash: `hash of ${id}`,
  previousHash: null,
  previousUntil: null,
  name: `the key ${id}`,
  prefix: "wk-abcd",
  scopes: ["admin", "inference"],
  tenantId: "default",
  createdAt: 1_700_000_000_000,
  lastUsedAt: null,
  expiresAt: null,
  revokedAt: null,
  models: null,
  limits: {},
  priority: null,
  note: null,
  metadata: {},
  ...more,
});

const put = (row: KeyRecord): AccessWrite => ({ put: "key", row });
const write = (store: AccessStore, ...writes: AccessWrite[]) =>
  store.change(() => ({ writes, result: undefined }));

describe.each(Object.keys(places))("%s", (name) => {
  async function openPlace(context: Parameters<typeof needsPostgres>[0]): Promise<Place> {
    if (name === "PostgreSQL") needsPostgres(context);
    const open = places[name];
    if (!open) throw new Error(`no place ${name}`);
    return open();
  }

  it("has the tenant default from the start, and nothing else", async (context) => {
    const store = await (await openPlace(context))();
    expect(await store.load()).toMatchObject({
      keys: [],
      users: [],
      sessions: [],
      tenants: [{ id: "default", limits: {}, models: null, disabled: false }],
    });
  });

  it("keeps every field as it was, and takes it away again", async (context) => {
    const store = await (await openPlace(context))();
    const full = key("a", {
      previousHash: "older",
      previousUntil: 2_000_000_000_001,
      lastUsedAt: 1_700_000_000_123,
      expiresAt: 2_000_000_000_000,
      revokedAt: 1_900_000_000_000,
      models: ["chat", "gpt-*"],
      limits: { requestsPerMinute: 60, costPerMonth: 9_000_000_000_000_000 },
      priority: "high",
      note: 'it\'s "quoted"; DROP TABLE access_key; 日本',
      metadata: { team: "shop" },
    });
    const tenant = {
      id: "t",
      name: "T",
      limits: { tokensPerDay: 5 },
      models: ["m*"],
      createdAt: 5,
      disabled: true,
    };
    const user = {
      id: "u",
      issuer: "https://id",
      subject: "s",
      email: null,
      name: "Ada",
      role: "operator" as const,
      createdAt: 1,
      lastSignInAt: 2,
    };
    const session = { id: "s", keyId: null, userId: "u", createdAt: 1, expiresAt: 2 };
    await write(
      store,
      put(full),
      { put: "tenant", row: tenant },
      { put: "user", row: user },
      { put: "session", row: session },
    );
    const state = await store.load();
    expect(state?.keys).toEqual([full]);
    expect(state?.tenants).toContainEqual(tenant);
    expect(state).toMatchObject({ users: [user], sessions: [session] });
    await write(store, put({ ...full, name: "renamed", models: null }), {
      drop: "session",
      id: "s",
    });
    const after = await store.load();
    expect(after?.keys).toEqual([{ ...full, name: "renamed", models: null }]);
    expect(after?.sessions).toEqual([]);
  });

  it("tells a change by its version, and a note of last use by none", async (context) => {
    const open = await openPlace(context);
    const [mine, other] = [await open(), await open()];
    const { state } = await write(mine, put(key("a")));
    expect(await mine.load(state.version)).toBeUndefined();
    await other.touch(new Map([["a", 42]]));
    expect(await mine.load(state.version)).toBeUndefined();
    expect((await mine.load())?.keys[0]?.lastUsedAt).toBe(42);
    await write(other, put(key("b")));
    expect((await mine.load(state.version))?.keys.map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("gives the state after a change as a later look finds it", async (context) => {
    const store = await (await openPlace(context))();
    const { state } = await write(store, put(key("a")), put(key("b")));
    expect(await store.load()).toEqual(state);
    const { state: same } = await write(store);
    expect(same.version).toBe(state.version);
  });

  it("changes nothing when the decision throws, or when one of its writes fails", async (context) => {
    const store = await (await openPlace(context))();
    const { state } = await write(store, put(key("a")));
    const refusal = new WeirError("conflict", "no");
    await expect(
      store.change(() => {
        throw refusal;
      }),
    ).rejects.toBe(refusal);
    await expect(write(store, put(key("b")), put(key("c", { hash: "hash of a" })))).rejects.toThrow(
      /unique/i,
    );
    expect(await store.load()).toEqual(state);
  });

  it("lets no two changes overlook each other", async (context) => {
    const open = await openPlace(context);
    const stores = [await open(), await open()];
    const add = (store: AccessStore) =>
      store.change(({ keys }) => ({
        writes: [put(key(`k${keys.length}`))],
        result: keys.length,
      }));
    const tenEach = Array.from({ length: 10 }, () => stores).flat();
    const results = await Promise.all(tenEach.map(add));
    const numbers = results.map(({ result }) => result).toSorted((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect((await stores[0]?.load())?.keys).toHaveLength(20);
  });
});

it("hears from PostgreSQL what another replica changed", async (context) => {
  needsPostgres(context);
  const url = (await postgres?.database()) ?? "";
  const [mine, other] = [await openAt(url), await openAt(url)];
  let heard = 0;
  mine.onChange(() => (heard += 1));
  await mine.load(); // from here on it listens, as soon as it has a connection
  const change = async () => {
    await write(other, put(key(`k${heard}`)));
    return heard;
  };
  expect(await eventually(change, (count) => count > 0)).toBeGreaterThan(0);
});

it("brings one PostgreSQL up to date from many replicas at once, and refuses a newer one", async (context) => {
  needsPostgres(context);
  const url = (await postgres?.database()) ?? "";
  const stores = await Promise.all([openAt(url), openAt(url), openAt(url)]);
  expect(await stores[2]?.load()).toMatchObject({ version: 1, tenants: [{ id: "default" }] });
  await query(url, "UPDATE weir.migration SET version = 99");
  await expect(openAt(url)).rejects.toMatchObject({
    code: "invalid_config",
    message: expect.stringMatching(/version 99 by a newer Weir/) as string,
  });
});

it("says what is wrong with PostgreSQL without its password", async (context) => {
  needsPostgres(context);
  const failed = await openAt("postgres://weir:secret-word@127.0.0.1:1/weir").catch(
    (cause: unknown) => cause,
  );
  expect(failed).toMatchObject({ code: "invalid_config" });
  expect(String(failed)).toMatch(/Cannot use PostgreSQL at 127\.0\.0\.1:1\/weir: .*ECONNREFUSED/);
  expect(String(failed)).not.toContain("secret-word");
});

it("goes on after PostgreSQL was killed and came back", async (context) => {
  needsPostgres(context);
  const own = await startPostgres();
  if (!own) return;
  onTestFinished(() => own.stop());
  const store = await openAt(await own.database());
  const { state } = await write(store, put(key("a")));
  await own.kill();
  await expect(store.load()).rejects.toMatchObject({ code: "storage_unavailable", status: 503 });
  await expect(write(store, put(key("b")))).rejects.toMatchObject({ code: "storage_unavailable" });
  await own.start();
  await eventually(
    () => store.load().catch(() => undefined),
    (found) => found?.version === state.version,
  );
  await write(store, put(key("b")));
  expect((await store.load())?.keys).toHaveLength(2);
});
