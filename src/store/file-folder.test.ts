import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createFileFolder } from "./file-folder.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "weir-files-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function* chunks(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

it("gives lines as they were, however long, and breaks only at line ends", async () => {
  const files = createFileFolder(folder());
  const lines = ["a\u2028b", "", "x".repeat(200_000), "windows", "é".repeat(70_000), "last"];
  const pending = await files.receive(
    chunks(lines.join("\n").replace("windows", "windows\r")),
    1e9,
  );
  await pending.keepAs("one");
  expect(await Array.fromAsync(files.lines("one"))).toEqual(lines);
  expect(await Array.fromAsync(files.lines("none"))).toEqual([]);
});

it("shows a file only once it is whole, and cleans up after a dead process", async () => {
  const path = folder();
  writeFileSync(join(path, "1-1.part"), "half");
  const files = createFileFolder(path);
  expect(readdirSync(path)).toEqual([]);
  const failing = (async function* () {
    yield Buffer.from("half");
    throw new Error("the client left");
  })();
  await expect(files.receive(failing, 100)).rejects.toThrow("the client left");
  await expect(files.receive(chunks("12345", "6"), 5)).rejects.toMatchObject({
    code: "request_too_large",
  });
  const pending = await files.receive(chunks("12345"), 5);
  expect(pending.bytes).toBe(5);
  await pending.discard();
  expect(readdirSync(path)).toEqual([]);
});

it("takes no id that leads out of its folder", () => {
  const files = createFileFolder(folder());
  expect(() => files.read("../control.db")).toThrow("cannot name a file");
  expect(() => files.remove("")).toThrow("cannot name a file");
});

it("goes on with a journal behind its last whole line, and publishes it once or again", async () => {
  const path = folder();
  const first = createFileFolder(path).openJournal("out");
  first.append("one");
  appendFileSync(join(path, "out.journal"), '{"cut');
  const files = createFileFolder(path);
  const second = files.openJournal("out");
  second.append("two");
  second.close();
  expect(await Array.fromAsync(files.journalLines("out"))).toEqual(["one", "two"]);
  expect(await files.publishJournal("out")).toBe(8);
  expect(readdirSync(path)).toEqual(["out"]);
  files.openJournal("out").close();
  expect(readdirSync(path)).toEqual(["out.journal"]);
  expect(await files.publishJournal("out")).toBe(8);
  files.openJournal("empty").close();
  expect(await files.publishJournal("empty")).toBe(0);
  expect(readdirSync(path)).toEqual(["out"]);
});
