import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { type KeptFile, createFiles } from "./files.ts";

const caller = { keyId: "one", keyName: "one", scopes: ["inference" as const] };
const row = (id: string, more: Partial<KeptFile> = {}): KeptFile => ({
  id,
  keyId: "one",
  purpose: "user_data",
  filename: "a.PDF",
  bytes: 3,
  createdAt: 0,
  expiresAt: null,
  ...more,
});

function room(rows: readonly KeptFile[], add: () => void = () => undefined) {
  const removed: string[] = [];
  const files = createFiles({
    shelf: {
      add,
      find: (keyId, id) => rows.find((file) => file.keyId === keyId && file.id === id),
      list: () => rows,
      remove: () => undefined,
      expired: () => [],
    },
    contents: {
      receive: () => Promise.reject(new Error("not asked")),
      read: () => Readable.from([]),
      bytes: () => Buffer.from("abc"),
      remove: (id) => void removed.push(id),
    },
    now: () => 0,
    newId: () => "file-new",
  });
  return { files, removed };
}

const pending = (bytes: number) => ({
  bytes,
  keepAs: async () => undefined,
  discard: async () => undefined,
});
const label = { purpose: "batch", filename: "x", expiresAfterSeconds: undefined };

it("reads a file for a model as a data URL of its type", () => {
  const { files } = room([row("a"), row("b", { filename: "odd" })]);
  expect(files.readable("one", "a")).toEqual({
    name: "a.PDF",
    url: "data:application/pdf;base64,YWJj",
  });
  expect(files.readable("one", "b")?.url).toMatch(/^data:application\/octet-stream;/);
  expect(files.readable("two", "a")).toBeUndefined();
});

it("reads no file that is too large for a prompt", () => {
  const { files } = room([row("a", { bytes: 33 * 1024 * 1024 })]);
  expect(() => files.readable("one", "a")).toThrow("32 MiB");
});

it("gives one key ten gibibytes at most", async () => {
  const { files } = room([row("a", { bytes: 10 * 1024 ** 3 - 5 })]);
  await expect(files.add(caller, pending(6), label)).rejects.toMatchObject({
    code: "request_too_large",
  });
  expect(await files.add(caller, pending(5), label)).toMatchObject({ id: "file-new" });
});

it("leaves no content without a row", async () => {
  const { files, removed } = room([], () => {
    throw new Error("the table is locked");
  });
  await expect(files.add(caller, pending(1), label)).rejects.toThrow("locked");
  expect(removed).toEqual(["file-new"]);
});
