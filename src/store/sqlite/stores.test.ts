import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { type CallRow, openCallStore } from "./calls.ts";
import { openControlStore } from "./control.ts";
import { lockFolder } from "./folder-lock.ts";
import { openTraceStore } from "./trace-store.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "weir-store-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const call = (id: string, more: Partial<CallRow> = {}): CallRow => ({
  id,
  at: 1000,
  route: "/v1/chat/completions",
  model: "chat",
  target: "a",
  keyId: "k",
  tenantId: "default",
  cache: null,
  keyName: "app",
  user: null,
  stream: true,
  status: "ok",
  httpStatus: 200,
  errorCode: null,
  errorMessage: null,
  finishReason: "stop",
  inputTokens: 3,
  outputTokens: 2,
  cachedTokens: 0,
  costNanos: 700,
  durationMs: 12.5,
  ttftMs: 4.5,
  attempts: 1,
  findings: [],
  timeline: { authMs: 1 },
  request: { kind: "chat" },
  output: "an answer about rivers",
  preview: "a question",
  capture: "redacted",
  ...more,
});

const lines = (...ids: string[]) =>
  Buffer.from(ids.map((id) => `${JSON.stringify(call(id))}\n`).join(""));

it("keeps a call whole, and once", () => {
  const store = openCallStore(":memory:");
  store.add([call("a"), call("a", { model: "other" })]);
  expect(store.find("a")).toEqual(call("a"));
  expect(store.list({ limit: 10 }).calls).toHaveLength(1);
});

it("adds up what each key of each tenant has used since a day's and a month's start", () => {
  const store = openCallStore(":memory:");
  store.add([
    call("old", { at: 99 }),
    call("month", { at: 100 }),
    call("day", { at: 200, costNanos: null }),
    call("now", { at: 250, costNanos: 50 }),
    call("shadow", { at: 250, route: "shadow" }),
    call("other", { at: 250, tenantId: "acme" }),
  ]);
  const five = { dayTokens: 5, monthTokens: 5, dayNanos: 700, monthNanos: 700 };
  expect(store.spending(200, 100)).toEqual([
    { keyId: "k", tenantId: "acme", dayCalls: 1, monthCalls: 1, ...five },
    {
      keyId: "k",
      tenantId: "default",
      dayCalls: 2,
      monthCalls: 3,
      dayTokens: 10,
      monthTokens: 15,
      dayNanos: 50,
      monthNanos: 750,
    },
  ]);
});

it("finds calls by what they are and by their words, newest first, page by page", () => {
  const store = openCallStore(":memory:");
  store.add([
    call("a", { status: "error", at: 1 }),
    call("b", { user: "ann", at: 2, output: 'weirs "hold" water' }),
    call("c", { findings: [{ detector: "x" }], at: 3, durationMs: 900 }),
  ]);
  const ids = (filter: object) => store.list({ limit: 10, ...filter }).calls.map(({ id }) => id);
  expect(ids({})).toEqual(["c", "b", "a"]);
  expect(ids({ status: "error" })).toEqual(["a"]);
  expect(ids({ user: "ann" })).toEqual(["b"]);
  expect(ids({ guarded: true })).toEqual(["c"]);
  expect(ids({ minDurationMs: 100 })).toEqual(["c"]);
  expect(ids({ from: 2, to: 3 })).toEqual(["b"]);
  expect(ids({ search: "weirs wat" })).toEqual(["b"]);
  expect(ids({ search: '"; DROP TABLE call; -- OR *' })).toEqual([]);
  expect(ids({ model: "' OR 1=1 --" })).toEqual([]);
  const first = store.list({ limit: 2 });
  expect(first.calls.map(({ id }) => id)).toEqual(["c", "b"]);
  expect(store.list({ limit: 2, cursor: first.next ?? "" })).toMatchObject({
    calls: [{ id: "a" }],
    next: null,
  });
});

it("prunes calls and their words together", () => {
  const store = openCallStore(":memory:");
  store.add([call("old", { at: 1 }), call("new", { at: 100 })]);
  expect(store.prune(50, 10)).toBe(1);
  expect(store.list({ limit: 10, search: "rivers" }).calls.map(({ id }) => id)).toEqual(["new"]);
});

it("merges the log into the database, and again after a restart, without doubles", async () => {
  const path = folder();
  const open = () => openTraceStore({ folder: path, keepMs: 1e12, onTrouble: () => undefined });
  const first = await open();
  await first.append(lines("a", "b"), 2);
  await first.merged();
  await first.append(lines("c"), 1);
  await first.close();
  const second = await open();
  await second.merged();
  const { calls } = await second.list({ limit: 10 });
  expect(calls.map(({ id }) => id)).toEqual(["c", "b", "a"]);
  await second.close();
});

it("takes over the keys and sign-ins of the first Weir", async () => {
  const path = join(folder(), "control.db");
  const old = new DatabaseSync(path);
  old.exec(`
    CREATE TABLE key (
      id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, prefix TEXT NOT NULL,
      scopes TEXT NOT NULL, created_at INTEGER NOT NULL, last_used_at INTEGER, revoked_at INTEGER
    ) STRICT;
    CREATE TABLE session (
      hash TEXT PRIMARY KEY, key_id TEXT NOT NULL REFERENCES key(id), expires_at INTEGER NOT NULL
    ) STRICT;
    INSERT INTO key VALUES ('key_1', 'a hash', 'admin', 'wk-abcd', 'admin inference', 5, 7, NULL);
    INSERT INTO session VALUES ('of a cookie', 'key_1', 9);
    PRAGMA user_version = 1;`);
  old.close();
  const store = openControlStore(path, () => 6);
  expect(await store.access.load()).toMatchObject({
    keys: [{ id: "key_1", hash: "a hash", scopes: ["admin", "inference"], tenantId: "default" }],
    sessions: [{ id: "of a cookie", keyId: "key_1", userId: null, expiresAt: 9 }],
    tenants: [{ id: "default" }],
  });
  store.close();
});

it("lets one server at a time use a data folder", () => {
  const path = folder();
  const lock = lockFolder(path);
  expect(() => lockFolder(path)).toThrow(/Another Weir server uses.*--data/);
  lock.release();
  lockFolder(path).release();
});

it("says what to do with a damaged database", () => {
  const path = join(folder(), "control.db");
  writeFileSync(path, "this is not a database, and it is longer than a header of one".repeat(20));
  expect(() => openControlStore(path, () => 0)).toThrow(/not a database.*restore it from a backup/);
});
