import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Log, silentLog } from "../../src/core/log.ts";
import { later } from "../../src/core/time.ts";
import { openPostgresVault } from "../../src/store/postgres/vault.ts";
import { openControlStore } from "../../src/store/sqlite/control.ts";
import type { VaultRow } from "../../src/store/vault-rows.ts";
import type { VaultStore } from "../../src/weir/guard-vault-keeper.ts";
import { type PostgresServer, needsPostgres, startPostgres } from "../support/postgres.ts";
import { type TestServer, eventually, startServer, temporaryFolder } from "../support/server.ts";
import { type Upstream, startUpstream } from "./upstream.ts";

/** What every store of the vault promises, asked of both; and what replicas with one PostgreSQL share. */

let postgres: PostgresServer | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

const clock = { at: 0 };
const now = () => clock.at;

const places: Record<string, () => Promise<VaultStore>> = {
  async SQLite() {
    const control = openControlStore(join(temporaryFolder(), "control.db"), now);
    onTestFinished(() => control.close());
    return control.vault;
  },
  PostgreSQL: async () => openVault((await postgres?.database()) ?? ""),
};

async function openVault(url: string) {
  const needs = { now, later, followMs: 20, isOn: () => true };
  const store = await openPostgresVault({ url, connections: 2, timeoutMs: 5000 }, needs);
  onTestFinished(() => store.close());
  return store;
}

function row(name: string, more: Partial<VaultRow> = {}): VaultRow {
  const sealed = new Uint8Array(Buffer.from(`sealed ${name}`));
  return { tenant: "shop", name, user: "", keyId: "k1", sealed, expiresAt: 100, ...more };
}

const plain = (rows: readonly VaultRow[]) =>
  rows
    .map((one) => ({ ...one, sealed: Buffer.from(one.sealed).toString() }))
    .toSorted((a, b) => (a.name + a.user < b.name + b.user ? -1 : 1));

describe.each(Object.keys(places))("%s", (name) => {
  async function open(context: Parameters<typeof needsPostgres>[0]): Promise<VaultStore> {
    if (name === "PostgreSQL") needsPostgres(context);
    clock.at = 0;
    const place = places[name];
    if (!place) throw new Error(`no place ${name}`);
    return place();
  }

  it("finds rows by tenant and names until their time is over", async (context) => {
    const store = await open(context);
    const rows = [row("a"), row("a", { user: "ann" }), row("b", { expiresAt: 50 })];
    await store.put([...rows, row("a", { tenant: "other" })]);
    expect(plain(await store.find("shop", ["a", "b", "c"]))).toEqual(plain(rows));
    expect(plain(store.findNow("shop", ["a", "b", "c"]))).toEqual(plain(rows));
    clock.at = 50;
    expect(await store.find("shop", ["b"])).toEqual([]);
    expect(store.findNow("shop", ["b"])).toEqual([]);
    await store.expire();
    clock.at = 0;
    expect(await store.find("shop", ["b"])).toEqual([]);
    expect(await store.find("shop", ["a"])).toHaveLength(2);
  });

  it("keeps the later end of two, and the newer seal", async (context) => {
    const store = await open(context);
    await store.put([row("a")]);
    await store.put([
      row("a", { keyId: "k2", expiresAt: 40 }),
      row("a", { keyId: "k2", expiresAt: 40 }),
    ]);
    expect(plain(await store.find("shop", ["a"]))).toEqual(plain([row("a", { keyId: "k2" })]));
  });

  it("counts and gives what a key has sealed, and puts other rows in the place of some", async (context) => {
    const store = await open(context);
    const old = Array.from({ length: 5 }, (_, at) => row(`old${at}`));
    await store.put([...old, row("other", { keyId: "k2" })]);
    expect(await store.keys()).toEqual(
      new Map([
        ["k1", 5],
        ["k2", 1],
      ]),
    );
    const some = await store.sealedBy("k1", 3);
    expect(some).toHaveLength(3);
    await store.replace(some, [row("new", { keyId: "k2" })]);
    expect(await store.keys()).toEqual(
      new Map([
        ["k1", 2],
        ["k2", 2],
      ]),
    );
    expect(store.findNow("shop", ["new"])).toHaveLength(1);
    expect(
      store.findNow(
        "shop",
        some.map((one) => one.name),
      ),
    ).toEqual([]);
  });

  it("erases a tenant's rows, or some users'", async (context) => {
    const store = await open(context);
    const rows = ["", "ann", "bob", "eve"].map((user) => row("a", { user }));
    await store.put([...rows, row("a", { tenant: "other" })]);
    expect(await store.erase("shop", ["ann", "bob"])).toBe(2);
    expect(await store.find("shop", ["a"])).toHaveLength(2);
    expect(await store.erase("shop")).toBe(2);
    expect(await store.erase("shop")).toBe(0);
    expect(store.findNow("shop", ["a"])).toEqual([]);
    expect(await store.find("other", ["a"])).toHaveLength(1);
  });
});

it("brings a replica what another wrote, renewed or erased", async (context) => {
  needsPostgres(context);
  clock.at = 0;
  const url = (await postgres?.database()) ?? "";
  const [one, other] = [await openVault(url), await openVault(url)];
  const seen = (names: string[]) =>
    eventually(
      async () =>
        other
          .findNow("shop", ["a", "b"])
          .map(({ name }) => name)
          .toSorted(),
      (found) => found.join() === names.join(),
    );
  await one.put([row("a"), row("b", { user: "ann" })]);
  await seen(["a", "b"]);
  await one.erase("shop", ["ann"]);
  await seen(["a"]);
  await one.put([row("b")]);
  await seen(["a", "b"]);
  await one.erase("shop");
  await seen([]);
  // One that comes later has what there is.
  await one.put([row("a")]);
  const late = await openVault(url);
  const found = await eventually(
    async () => late.findNow("shop", ["a"]),
    (rows) => rows.length > 0,
  );
  expect(plain(found)).toEqual(plain([row("a")]));
});

const MAIL = "jane.doe@corp.test";
const ENV = { VAULT_KEY: Buffer.alloc(32, 1).toString("base64") };

async function replica(upstream: Upstream, url: string) {
  const logged: string[] = [];
  const note = (event: string) => void logged.push(event);
  const log: Log = { ...silentLog, warn: note, error: note, part: () => log };
  const target = `{ provider: openai-compatible, url: "${upstream.url}", model: up }`;
  const server = await startServer(
    `models: { chat: { targets: [${target}] } }
guard: { vault: { key: { env: VAULT_KEY } } }
postgres: { urlEnv: PG, refresh: 50ms }`,
    { env: { ...ENV, PG: url }, log },
  );
  return { server, logged };
}

async function ask(server: TestServer, content: string): Promise<string> {
  const body = { model: "chat", messages: [{ role: "user", content }] };
  const answer = await server.call("/v1/chat/completions", body);
  const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
  return choices[0]?.message.content ?? "";
}

function sent({ bodies }: Upstream): string {
  const { messages } = JSON.parse(bodies.at(-1) ?? "") as { messages: { content: string }[] };
  return messages[0]?.content ?? "";
}

it("restores at one replica what another one masked, and goes on without the database", async (context) => {
  needsPostgres(context);
  const own = await startPostgres();
  if (!own) throw new Error("unreachable");
  onTestFinished(() => own.stop());
  const url = await own.database();
  const upstream = await startUpstream({ pieces: [], echo: 4 });
  const one = await replica(upstream, url);
  const other = await replica(upstream, url);
  expect(await ask(one.server, MAIL)).toBe(MAIL);
  const placeholder = sent(upstream);
  expect(await ask(other.server, MAIL)).toBe(MAIL);
  expect(sent(upstream)).toBe(placeholder);
  // In a prompt at once, in an answer within the time in which replicas hear of each other.
  expect(await ask(other.server, `Tell ${placeholder}`)).toBe(`Tell ${MAIL}`);
  upstream.script = { pieces: [`It was ${placeholder}.`] };
  const answer = () => ask(other.server, "What was it?");
  await eventually(answer, (said) => said === `It was ${MAIL}.`);
  const gone = await one.server.call("/admin/v1/guard/vault/default", undefined, {
    method: "DELETE",
  });
  expect(await gone.json()).toEqual({ removed: 1 });
  await eventually(answer, (said) => said === "It was [redacted:email].");

  await own.kill();
  upstream.script = { pieces: [], echo: 4 };
  expect(await ask(other.server, MAIL)).toBe(MAIL);
  expect(sent(upstream)).toBe(placeholder);
  upstream.script = { pieces: [`It was ${placeholder}.`] };
  expect(await answer()).toBe(`It was ${MAIL}.`);
  expect(other.logged).toContain("guard_vault_trouble");
});
