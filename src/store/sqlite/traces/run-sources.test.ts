import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { RunFilter } from "../../../core/run-query.ts";
import { NOW, batchOf, record, run } from "../../../../test/traces/stored-runs.ts";
import { termsOf } from "./find-terms.ts";
import { withLargeRowIds } from "./row-ids.ts";
import { SqliteRunReader } from "./run-reader.ts";
import { SqliteRunWriter } from "./run-writer.ts";

const SECOND = 1000;

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-run-sources-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "traces.db");
}

/** Every third has the tag `odd`; they last 0 to 9 seconds in turn. */
function runsFrom(first: number, count: number) {
  return Array.from({ length: count }, (_, n) => {
    const index = first + n;
    return run(`run ${index}`, {
      at: NOW + index * SECOND,
      durationMs: (index % 10) * SECOND,
      tags: index % 3 === 0 ? ["odd"] : [],
    });
  });
}

function opened(path: string): SqliteRunReader {
  const reader = new SqliteRunReader({ path });
  onTestFinished(() => reader.close());
  return reader;
}

/** Makes of a database what the release before kept: no words for how long runs took. */
function makeOlder(path: string, runs: ReturnType<typeof runsFrom>): void {
  const db = withLargeRowIds(new DatabaseSync(path));
  db.exec("DROP TABLE words_since; PRAGMA user_version = 3");
  const seqOf = db.prepare("SELECT seq FROM run WHERE at = ?");
  for (const one of runs) {
    const seq = seqOf.get(one.at)?.["seq"] ?? 0;
    db.prepare("DELETE FROM run_text WHERE rowid = ?").run(seq);
    const text = `${one.name}\n${termsOf({ ...one, durationMs: null })}`;
    db.prepare("INSERT INTO run_text (rowid, text) VALUES (?, ?)").run(seq, text);
  }
  db.close();
}

const longerThan = (seconds: number): RunFilter => ({
  op: "and",
  of: [
    { op: "tag", value: "odd" },
    { op: "gt", field: "latency", value: seconds },
  ],
});

it("finds runs by how long they took in a database of the release before, and those that came since", async () => {
  const path = newPath();
  const older = runsFrom(0, 60);
  const before = new SqliteRunWriter({ path });
  await before.write(batchOf(older.map((one) => record(one))));
  await before.close();
  makeOlder(path, older);

  const writer = new SqliteRunWriter({ path });
  onTestFinished(() => writer.close());
  const newer = runsFrom(60, 60);
  // One that came late: it stands among the older ones.
  const late = run("late", { at: NOW + 0.5 * SECOND, durationMs: 9 * SECOND, tags: ["odd"] });
  await writer.write(batchOf([...newer, late].map((one) => record(one))));
  const reader = opened(path);

  for (const seconds of [0.5, 1, 3, 4, 7.5, 8]) {
    const filter = longerThan(seconds);
    const expected = [...older, ...newer, late]
      .filter(
        ({ tags, durationMs }) => tags.includes("odd") && (durationMs ?? 0) > seconds * SECOND,
      )
      .toSorted((a, b) => a.at - b.at)
      .map(({ name }) => name);
    const up = await reader.runs({ filter, order: "asc", limit: 100 });
    expect(up.runs.map(({ name }) => name)).toEqual(expected);
    expect(await reader.count({ filter })).toBe(expected.length);

    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await reader.runs({ filter, limit: 3, ...(cursor && { cursor }) });
      paged.push(...page.runs.map(({ name }) => name));
      cursor = page.next ?? undefined;
    } while (cursor);
    expect(paged).toEqual(expected.toReversed());
  }
});

it("has words for how long runs took from the start in a new database, and keeps them as runs change", async () => {
  const path = newPath();
  const writer = new SqliteRunWriter({ path });
  onTestFinished(() => writer.close());
  const going = run("slow", { durationMs: null, status: "pending", tags: ["odd"] });
  await writer.write(batchOf([record(going)]));
  const reader = opened(path);
  expect(await reader.count({ filter: longerThan(4) })).toBe(0);
  const ended = run("slow", { durationMs: 5 * SECOND, tags: ["odd"] });
  await writer.write(batchOf([], { runs: [{ record: record(ended), before: going }] }));
  expect(await reader.count({ filter: longerThan(4) })).toBe(1);
  expect(await reader.count({ filter: longerThan(5) })).toBe(0);
});

it("finds all words with a beginning, whether they are few or many", async () => {
  const path = newPath();
  const writer = new SqliteRunWriter({ path });
  onTestFinished(() => writer.close());
  const words = Array.from({ length: 300 }, (_, n) => `river${n}`);
  const texts = [...words, "river", "rivet", "rive", "Rivière boat", "boat"];
  // Of several writes, so that the index has several parts.
  for (let at = 0; at < texts.length; at += 50) {
    const some = texts
      .slice(at, at + 50)
      .map((text, n) => record(run(`${at + n}`, { at: NOW + at + n, inputPreview: text })));
    await writer.write(batchOf(some));
  }
  const reader = opened(path);
  const found = async (text: string) => {
    const { runs } = await reader.runs({ limit: 500, filter: { op: "search", text } });
    return runs.map(({ inputPreview }) => inputPreview);
  };
  const expected = (beginning: string) =>
    texts.filter((text) => text.toLowerCase().startsWith(beginning)).toReversed();
  expect(await found("river*")).toEqual(expected("river"));
  expect(await found("river12*")).toEqual(expected("river12"));
  expect(await found("RIVET*")).toEqual(["rivet"]);
  expect(await found("boat rivi*")).toEqual(["Rivière boat"]);
  expect(await found("riviè*")).toEqual(["Rivière boat"]);
  expect(await found("nothing*")).toEqual([]);
  expect(await found("river12 river1*")).toEqual(["river12"]);
});
