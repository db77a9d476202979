import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { openControlStore } from "./control.ts";
import { lockFolder } from "./folder-lock.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "weir-store-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

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
