import { appendFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { LogPosition } from "../core/log-position.ts";
import { AppendLog } from "./append-log.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "weir-log-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function readAll(
  log: AppendLog,
  from?: LogPosition,
): { lines: string[]; end: LogPosition | undefined } {
  const lines: string[] = [];
  let end = from;
  for (let chunk = log.read(end); chunk; chunk = log.read(end)) {
    lines.push(...chunk.lines);
    end = chunk.next;
  }
  return { lines, end };
}

it("gives back what was appended, in order, across restarts", () => {
  const path = folder();
  const first = new AppendLog(path);
  first.append("one\ntwo\n");
  first.close();
  const second = new AppendLog(path);
  second.append("three ünïcödé\n");
  const { lines, end } = readAll(second);
  expect(lines).toEqual(["one", "two", "three ünïcödé"]);
  second.append("four\n");
  expect(readAll(second, end).lines).toEqual(["four"]);
});

it("leaves a line out that a crash cut, and loses nothing after it", () => {
  const path = folder();
  const first = new AppendLog(path);
  first.append("one\n");
  first.close();
  const [segment = ""] = readdirSync(path);
  appendFileSync(join(path, segment), '{"cut":');
  const second = new AppendLog(path);
  expect(readAll(second).lines).toEqual(["one"]);
  second.append("two\n");
  expect(readAll(second).lines).toEqual(["one", "two"]);
});

it("reads a line longer than one read", () => {
  const log = new AppendLog(folder());
  const long = "x".repeat(600_000);
  log.append(`a\n${long}\nb\n`);
  expect(readAll(log).lines).toEqual(["a", long, "b"]);
});

it("forgets what was read, but never the segment that it writes", () => {
  const path = folder();
  const log = new AppendLog(path);
  const line = `${"y".repeat(1_000_000)}\n`;
  for (let count = 0; count < 20; count++) log.append(line);
  expect(readdirSync(path)).toHaveLength(2);
  const { end } = readAll(log);
  if (end) log.forget(end);
  expect(readdirSync(path)).toHaveLength(1);
  expect(log.backlog(end)).toBe(0);
});
