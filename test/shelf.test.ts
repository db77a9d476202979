import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ShelfWrite } from "../src/core/shelf.ts";
import { openPostgresShelf } from "../src/store/postgres/shelf.ts";
import { openControlStore } from "../src/store/sqlite/control.ts";
import type { Shelf } from "../src/watch/langsmith/shelf.ts";
import { type PostgresServer, needsPostgres, startPostgres } from "./support/postgres.ts";
import { temporaryFolder } from "./support/server.ts";

/** What every shelf promises, asked of both. */

let postgres: PostgresServer | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

const places: Record<string, () => Promise<Shelf>> = {
  async SQLite() {
    const control = openControlStore(join(temporaryFolder(), "control.db"), Date.now);
    onTestFinished(() => control.close());
    return { ...control.shelf, close: async () => undefined };
  },
  async PostgreSQL() {
    const url = (await postgres?.database()) ?? "";
    const shelf = await openPostgresShelf({ url, connections: 2, timeoutMs: 5000 });
    onTestFinished(() => shelf.close());
    return shelf;
  },
};

type Put = Extract<ShelfWrite, { op: "put" }>;
const put = (id: string, more: Partial<Put> = {}): Put => ({
  op: "put",
  kind: "dataset",
  tenantId: "default",
  id,
  value: { of: id },
  at: 1000,
  ...more,
});
const all = { kind: "dataset", limit: 100 };
const ids = (records: readonly { id: string }[]) => records.map(({ id }) => id);

describe.each(Object.keys(places))("%s", (name) => {
  async function open(context: Parameters<typeof needsPostgres>[0]): Promise<Shelf> {
    if (name === "PostgreSQL") needsPostgres(context);
    const place = places[name];
    if (!place) throw new Error(`no place ${name}`);
    return place();
  }

  it("keeps a record as it was, counts its changes, and takes it away", async (context) => {
    const shelf = await open(context);
    const value = { text: 'it\'s "quoted" \u0000 日本', list: [1, null, { deep: true }] };
    expect(await shelf.write([put("a", { name: "A", parentId: "p", value })])).toBe(1);
    expect(await shelf.get("dataset", "a", "default")).toEqual({
      kind: "dataset",
      tenantId: "default",
      id: "a",
      parentId: "p",
      name: "A",
      value,
      version: 1,
      createdAt: 1000,
      modifiedAt: 1000,
    });
    await shelf.write([put("a", { value: 2, at: 3000 })]);
    expect(await shelf.get("dataset", "a")).toMatchObject({
      parentId: null,
      name: null,
      value: 2,
      version: 2,
      createdAt: 1000,
      modifiedAt: 3000,
    });
    const remove = { op: "remove", kind: "dataset", tenantId: "default", id: "a" } as const;
    expect(await shelf.write([{ ...remove, tenantId: "other" }])).toBe(0);
    expect(await shelf.write([remove])).toBe(1);
    expect(await shelf.get("dataset", "a")).toBeUndefined();
  });

  it("keeps tenants and kinds apart", async (context) => {
    const shelf = await open(context);
    await shelf.write([
      put("a", { name: "same" }),
      put("a", { name: "same", tenantId: "t" }),
      put("a", { name: "same", kind: "prompt" }),
    ]);
    expect(await shelf.get("dataset", "a", "nobody")).toBeUndefined();
    expect(await shelf.get("dataset", "a", "t")).toMatchObject({ tenantId: "t" });
    expect(await shelf.list({ ...all, tenantId: "t" })).toHaveLength(1);
    expect(await shelf.list(all)).toHaveLength(2);
  });

  it("keeps all of several writes or none, and names are unique under a parent", async (context) => {
    const shelf = await open(context);
    await shelf.write([put("a", { name: "x", parentId: "p" }), put("b", { name: "x" })]);
    const clash = put("d", { name: "x", parentId: "p" });
    await expect(shelf.write([put("c"), clash])).rejects.toMatchObject({
      code: "conflict",
      param: "name",
      message: 'There is a dataset with the name "x" already.',
    });
    expect(await shelf.get("dataset", "c")).toBeUndefined();
    await shelf.write([put("e"), put("f")]); // without a name there is no clash
  });

  it("refuses a change by somebody who saw another version", async (context) => {
    const shelf = await open(context);
    await shelf.write([put("a", { ifVersion: 0 })]);
    await expect(shelf.write([put("a", { ifVersion: 0 })])).rejects.toMatchObject({
      code: "conflict",
    });
    await shelf.write([put("a", { ifVersion: 1, value: "second" })]);
    const late = shelf.write([put("a", { ifVersion: 1, value: "lost" })]);
    await expect(late).rejects.toMatchObject({ code: "conflict" });
    await expect(shelf.write([put("gone", { ifVersion: 3 })])).rejects.toMatchObject({
      code: "conflict",
    });
    expect(await shelf.get("dataset", "a")).toMatchObject({ version: 2, value: "second" });
  });

  it("lets one of many writers of a version win", async (context) => {
    const shelf = await open(context);
    await shelf.write([put("a")]);
    const writers = Array.from({ length: 8 }, (_, value) =>
      shelf.write([put("a", { ifVersion: 1, value })]).then(
        () => "won",
        () => "lost",
      ),
    );
    expect((await Promise.all(writers)).filter((end) => end === "won")).toHaveLength(1);
  });

  it("lists in order, by page, by parent, by name", async (context) => {
    const shelf = await open(context);
    await shelf.write([
      put("a", { name: "Beta", at: 1 }),
      put("b", { name: "alpha", at: 2, parentId: "p" }),
      put("c", { name: "Gamma", at: 2, parentId: "p" }),
      put("d", { at: 3 }),
    ]);
    await shelf.write([put("a", { name: "Beta", at: 9 })]);
    expect(ids(await shelf.list(all))).toEqual(["d", "b", "c", "a"]);
    expect(ids(await shelf.list({ ...all, order: "oldest" }))).toEqual(["a", "b", "c", "d"]);
    expect(ids(await shelf.list({ ...all, order: "modified", limit: 1 }))).toEqual(["a"]);
    expect(ids(await shelf.list({ ...all, order: "name", parentId: "p" }))).toEqual(["c", "b"]);
    expect(ids(await shelf.list({ ...all, limit: 2, offset: 1 }))).toEqual(["b", "c"]);
    expect(ids(await shelf.list({ ...all, parentId: null }))).toEqual(["d", "a"]);
    expect(ids(await shelf.list({ ...all, name: "Beta" }))).toEqual(["a"]);
    expect(ids(await shelf.list({ ...all, nameContains: "AM" }))).toEqual(["c"]);
    expect(ids(await shelf.list({ ...all, ids: [] }))).toEqual([]);
    expect(await shelf.count({ kind: "dataset", parentId: "p" })).toBe(2);
    const under = { op: "remove-under", kind: "dataset", tenantId: "default" } as const;
    expect(await shelf.write([{ ...under, parentId: "p" }])).toBe(2);
    expect(await shelf.count({ kind: "dataset" })).toBe(2);
  });

  it("keeps bytes beside records until their owner's are removed", async (context) => {
    const shelf = await open(context);
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const blob = { op: "put-bytes", tenantId: "default", ownerId: "d", id: "k" } as const;
    await shelf.write([{ ...blob, mimeType: "image/png", bytes }]);
    const kept = await shelf.bytes("k");
    expect(kept?.mimeType).toBe("image/png");
    expect(Buffer.from(kept?.bytes ?? []).equals(bytes)).toBe(true);
    await shelf.write([{ op: "remove-bytes", tenantId: "other", ownerId: "d" }]);
    expect(await shelf.bytes("k")).toBeDefined();
    await shelf.write([{ op: "remove-bytes", tenantId: "default", ownerId: "d" }]);
    expect(await shelf.bytes("k")).toBeUndefined();
  });
});
