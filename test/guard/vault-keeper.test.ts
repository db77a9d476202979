import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { type Log, silentLog } from "../../src/core/log.ts";
import type { Told } from "../../src/guard/vault/grouping.ts";
import { createVaultKeys } from "../../src/guard/vault/vault-keys.ts";
import { openControlStore } from "../../src/store/sqlite/control.ts";
import { VaultKeeper, type VaultStore } from "../../src/weir/guard-vault-keeper.ts";
import { keptStandIns } from "../../src/weir/guard-vault-stand-ins.ts";
import { VaultSweep } from "../../src/weir/guard-vault-sweep.ts";
import { testClock } from "../support/clock.ts";
import { temporaryFolder } from "../support/server.ts";

/** What is kept of placeholders, in a real database, on a clock that a test moves. */

const [FIRST, SECOND] = [1, 2].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer];
const HOUR = 3_600_000;
const MAIL: Told = { detector: "pii.email", value: "jane.doe@corp.test" };
const CARD: Told = { detector: "pii.card_number", value: "4111 1111 1111 1111" };
const IP: Told = { detector: "pii.ip_address", value: "192.168.17.4" };
const ANN = { tenant: "shop", user: "ann" };

interface Options {
  readonly path?: string;
  readonly keys?: readonly [Buffer, ...Buffer[]];
  readonly clock?: ReturnType<typeof testClock>;
  readonly wrap?: (store: VaultStore) => VaultStore;
}

function setUp({ path = ":memory:", keys = [FIRST], clock = testClock(), wrap }: Options = {}) {
  const control = openControlStore(path, () => clock.at);
  let isOpen = true;
  const end = () => {
    if (isOpen) control.close();
    isOpen = false;
  };
  onTestFinished(end);
  const store = wrap ? wrap(control.vault) : control.vault;
  const logged: { event: string; fields: unknown }[] = [];
  const note = (event: string, fields?: unknown) => void logged.push({ event, fields });
  const log: Log = { ...silentLog, warn: note, error: note };
  const rules = { keys: createVaultKeys(keys), keepMs: 24 * HOUR };
  const needs = {
    store,
    rules: () => rules,
    now: () => clock.at,
    later: (ms: number, run: () => void) => clock.later(ms, run),
    log,
  };
  const keeper = new VaultKeeper(needs);
  const sweep = new VaultSweep(needs);
  return { keeper, sweep, clock, store, logged, end };
}

/** Has a value kept, and gives what stands for it. */
async function keep(keeper: VaultKeeper, told: Told, owner = ANN): Promise<Told> {
  const { placeholders } = await keptStandIns([told], owner, keeper);
  await keeper.flush();
  return { ...told, value: placeholders.get(told.value) ?? "" };
}

const recalled = (keeper: VaultKeeper, told: Told, tenant = "shop") =>
  keeper.recall(told, tenant)?.original;

it("is known at once, and written a moment later", async () => {
  const { keeper, clock, store } = setUp();
  const { placeholders } = await keptStandIns([MAIL], ANN, keeper);
  const made = { ...MAIL, value: placeholders.get(MAIL.value) ?? "" };
  expect(recalled(keeper, made)).toBe(MAIL.value);
  expect(await store.keys()).toEqual(new Map());
  clock.pass(5);
  await keeper.flush();
  expect([...(await store.keys()).values()]).toEqual([1]);
  expect(recalled(keeper, made)).toBe(MAIL.value);
});

it("keeps nothing that can be read without the key", async () => {
  const path = join(temporaryFolder(), "control.db");
  const { keeper, end } = setUp({ path });
  const made = await keep(keeper, MAIL);
  await keep(keeper, CARD);
  end();
  const db = new DatabaseSync(path);
  const rows = db.prepare("SELECT * FROM guard_vault").all();
  db.close();
  expect(rows).toHaveLength(2);
  const bytes = rows.map((row) =>
    Object.values(row).map((cell) => Buffer.from(cell instanceof Uint8Array ? cell : String(cell))),
  );
  const all = Buffer.concat(bytes.flat()).toString("latin1");
  for (const text of [MAIL.value, CARD.value, made.value, "vault.example", "ann", "4111"]) {
    expect(all).not.toContain(text);
  }
});

it("gives a value the same placeholder after a restart, and the original back", async () => {
  const path = join(temporaryFolder(), "control.db");
  const first = setUp({ path });
  const made = await keep(first.keeper, CARD);
  first.end();
  const second = setUp({ path });
  expect(recalled(second.keeper, made)).toBe(CARD.value);
  expect(await keep(second.keeper, CARD)).toEqual(made);
});

it("lets a placeholder stand for itself, and knows what it stands for in any grouping", async () => {
  const { keeper } = setUp();
  const made = await keep(keeper, CARD);
  const plain = made.value.replaceAll(" ", "");
  const { placeholders, mappings } = await keptStandIns([{ ...CARD, value: plain }], ANN, keeper);
  expect(placeholders.get(plain)).toBe(plain);
  expect(mappings).toMatchObject([{ placeholder: plain, original: "4111111111111111" }]);
});

it("keeps tenants apart: other placeholders, and nothing of another's opens", async () => {
  const { keeper, store } = setUp();
  const made = await keep(keeper, MAIL);
  expect(recalled(keeper, made, "other")).toBeUndefined();
  expect(await keep(keeper, MAIL, { tenant: "other", user: "ann" })).not.toEqual(made);
  // A row that somebody moves to another tenant does not open there.
  const keys = createVaultKeys([FIRST]);
  const [mine, others] = ["shop", "other"].map((tenant) => keys.of(tenant).current);
  const [row] = await store.find("shop", [mine?.nameOf(made.value) ?? ""]);
  if (!row) throw new Error("the row is not there");
  await store.put([{ ...row, tenant: "other", name: others?.nameOf(made.value) ?? "" }]);
  expect(recalled(keeper, made, "other")).toBeUndefined();
});

it("forgets a placeholder when its time is over, and keeps one that is used for longer", async () => {
  const { keeper, sweep, clock, store } = setUp();
  const mail = await keep(keeper, MAIL);
  const card = await keep(keeper, CARD);
  clock.pass(23 * HOUR);
  await keep(keeper, MAIL);
  clock.pass(2 * HOUR);
  expect(recalled(keeper, mail)).toBe(MAIL.value);
  expect(recalled(keeper, card)).toBeUndefined();
  await sweep.sweep();
  const names = createVaultKeys([FIRST]).of("shop").current;
  clock.at -= 25 * HOUR; // what is still there would show itself
  expect(await store.find("shop", [names.nameOf(card.value.replaceAll(" ", ""))])).toEqual([]);
});

it("sweeps by itself, every minute", async () => {
  const { keeper, sweep, clock } = setUp();
  await keep(keeper, MAIL);
  sweep.start();
  await sweep.close();
  expect(clock.waiting).toBe(0);
  const other = setUp();
  await keep(other.keeper, MAIL);
  other.sweep.start();
  await settled(() => other.clock.waiting === 1);
  other.clock.at += 25 * HOUR;
  other.clock.pass(60_000);
  await settled(() => other.clock.waiting === 1);
  other.clock.at -= 25 * HOUR;
  expect(await other.store.keys()).toEqual(new Map());
});

async function settled(isThere: () => boolean): Promise<void> {
  for (let turns = 0; turns < 1000 && !isThere(); turns++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(isThere()).toBe(true);
}

it("opens what an earlier key sealed, and seals it anew by the one in force", async () => {
  const path = join(temporaryFolder(), "control.db");
  const first = setUp({ path });
  const made = await keep(first.keeper, MAIL);
  for (let at = 0; at < 450; at++) {
    await keptStandIns([{ ...MAIL, value: `user${at}@corp.test` }], ANN, first.keeper);
  }
  await first.keeper.flush();
  first.end();
  const { keeper, sweep, store, end, logged } = setUp({ path, keys: [SECOND, FIRST] });
  expect(recalled(keeper, made)).toBe(MAIL.value);
  const [current = ""] = createVaultKeys([SECOND]).ids;
  await sweep.sweep();
  expect(await store.keys()).toEqual(new Map([[current, 451]]));
  expect(recalled(keeper, made)).toBe(MAIL.value);
  expect(logged).toEqual([]);
  end();
  // The earlier key is not needed any more.
  const last = setUp({ path, keys: [SECOND] });
  expect(recalled(last.keeper, made)).toBe(MAIL.value);
  expect(await last.keeper.erase("shop", "ann")).toBe(451);
});

it("says which key is missing, once, and opens nothing of it", async () => {
  const path = join(temporaryFolder(), "control.db");
  const first = setUp({ path });
  const made = await keep(first.keeper, MAIL);
  first.end();
  const { keeper, sweep, logged } = setUp({ path, keys: [SECOND] });
  expect(recalled(keeper, made)).toBeUndefined();
  await sweep.sweep();
  await sweep.sweep();
  const keys = createVaultKeys([FIRST]).ids[0];
  expect(logged).toMatchObject([
    { event: "guard_vault_key_missing", fields: { keys, mappings: 1 } },
  ]);
});

it("removes what is damaged when its key is changed", async () => {
  const path = join(temporaryFolder(), "control.db");
  const first = setUp({ path });
  await keep(first.keeper, MAIL);
  const [row] = await first.store.sealedBy(createVaultKeys([FIRST]).ids[0] ?? "", 1);
  if (!row) throw new Error("the row is not there");
  const sealed = Uint8Array.from(row.sealed, (byte, at) => (at === 30 ? byte ^ 1 : byte));
  await first.store.put([{ ...row, sealed }]);
  expect(recalled(first.keeper, MAIL)).toBeUndefined();
  first.end();
  const { sweep, store, logged } = setUp({ path, keys: [SECOND, FIRST] });
  await sweep.sweep();
  expect(await store.keys()).toEqual(new Map());
  expect(logged).toMatchObject([{ event: "guard_vault_damaged", fields: { rows: 1 } }]);
});

it("never gives two values one placeholder, though there are few of their form", async () => {
  const { keeper } = setUp();
  const values = Array.from({ length: 6000 }, (_, at): Told => ({
    ...IP,
    value: `172.${16 + (at % 16)}.${(at >> 4) % 256}.${(at >> 12) + 1}`,
  }));
  const { placeholders } = await keptStandIns(values, ANN, keeper);
  await keeper.flush();
  expect(new Set(placeholders.values()).size).toBe(6000);
  for (const told of values.slice(0, 50)) {
    const value = placeholders.get(told.value) ?? "";
    expect(recalled(keeper, { ...IP, value })).toBe(told.value);
  }
  // One at a time they get the same.
  for (const told of values.slice(-50)) {
    expect((await keep(keeper, told)).value).toBe(placeholders.get(told.value));
  }
});

it("erases a tenant's, or a user's and nobody else's", async () => {
  const { keeper } = setUp();
  const bob = { tenant: "shop", user: "bob" };
  const mail = await keep(keeper, MAIL);
  await keep(keeper, MAIL, bob);
  const card = await keep(keeper, CARD, bob);
  const others = await keep(keeper, MAIL, { tenant: "other", user: "bob" });
  expect(await keeper.erase("shop", "bob")).toBe(2);
  expect(recalled(keeper, card)).toBeUndefined();
  expect(recalled(keeper, mail)).toBe(MAIL.value);
  expect(await keeper.erase("shop")).toBe(1);
  expect(recalled(keeper, mail)).toBeUndefined();
  expect(recalled(keeper, others, "other")).toBe(MAIL.value);
});

it("goes on from memory while the store cannot be used, and writes when it can again", async () => {
  const trouble = { isOn: true };
  const failing = () => {
    if (trouble.isOn) throw new Error("database or disk is full");
  };
  const wrap = (store: VaultStore): VaultStore => ({
    ...store,
    put: async (rows) => (failing(), store.put(rows)),
    find: async (tenant, names) => (failing(), store.find(tenant, names)),
    findNow: (tenant, names) => (failing(), store.findNow(tenant, names)),
  });
  const { keeper, clock, store, logged } = setUp({ wrap });
  const made = await keep(keeper, MAIL);
  expect(recalled(keeper, made)).toBe(MAIL.value);
  expect(recalled(keeper, CARD)).toBeUndefined();
  const gauges = () =>
    Object.fromEntries(
      keeper
        .gauges()
        .flatMap(({ name, values }) =>
          values.map(({ labels, value }) => [labels["kind"] ?? name, value] as const),
        ),
    );
  expect(gauges()).toMatchObject({ write: 1, lost: 0, weir_guard_vault_waiting: 1 });
  expect(gauges()["read"]).toBeGreaterThan(0);
  expect(new Set(logged.map(({ event }) => event))).toEqual(new Set(["guard_vault_trouble"]));
  expect(JSON.stringify(logged)).not.toMatch(/corp\.test|vault\.example/);
  trouble.isOn = false;
  clock.pass(5000);
  expect(await keeper.flush()).toBe(true);
  expect(gauges()["weir_guard_vault_waiting"]).toBe(0);
  expect([...(await store.keys()).values()]).toEqual([1]);
  expect(recalled(keeper, made)).toBe(MAIL.value);
});
