import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished } from "vitest";
import { type Sealed, Sealing } from "../../src/store/sealing.ts";
import { missing } from "../support/missing.ts";
import { eventually } from "../support/server.ts";
import { mountTmpfs } from "../support/tmpfs.ts";
import { NOW, batch, call, keepCalls, newFolder, openTestTraces } from "./setup.ts";

const run = (more: object = {}) => {
  const id = randomUUID();
  return {
    id,
    trace_id: id,
    dotted_order: `20260615T123000000000Z${id}`,
    name: "step",
    run_type: "chain",
    session_name: "p",
    start_time: NOW,
    end_time: NOW + 5,
    inputs: { text: "x".repeat(500) },
    ...more,
  };
};

it("loses nothing that was accepted when the process is killed", async () => {
  const folder = newFolder();
  const script = join(import.meta.dirname, "accept-until-killed.ts");
  const child = spawn(process.execPath, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const accepted: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    accepted.push(...line.split(","));
    if (accepted.length > 1500) child.kill("SIGKILL");
  }
  await (child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined);
  expect(child.signalCode).toBe("SIGKILL");
  const traces = await openTestTraces(folder);
  const kept = await traces.find(accepted);
  expect(new Set(kept.map((one) => one.run.id))).toEqual(new Set(accepted));
  const [sum] = await traces.figures({ from: NOW - 60_000, to: NOW + 60_000, by: [] });
  expect(sum?.runs).toBe(await traces.count({}));
});

it("takes traces while the database is locked, and merges them afterwards", async () => {
  const folder = newFolder();
  const traces = await openTestTraces(folder);
  const other = new DatabaseSync(join(folder, "traces.db"));
  other.exec("BEGIN IMMEDIATE");
  const first = run();
  expect(await traces.ingest(batch({ post: [first] }))).toMatchObject({ accepted: 1 });
  await eventually(
    async () => traces.figuresOfThread?.trouble,
    (trouble) => trouble?.includes("locked") === true,
  );
  const second = run();
  await traces.ingest(batch({ post: [second] }));
  other.exec("ROLLBACK");
  other.close();
  await eventually(
    () => traces.find([first.id, second.id]),
    (kept) => kept.length === 2,
  );
});

it("asks senders to wait when what waits for the database has reached its limit", async () => {
  const folder = newFolder();
  const traces = await openTestTraces(folder, { maxBacklogBytes: 20_000 });
  const other = new DatabaseSync(join(folder, "traces.db"));
  onTestFinished(() => other.close());
  other.exec("BEGIN IMMEDIATE");
  const accepted: string[] = [];
  const refusal = await (async () => {
    for (let round = 0; round < 2000; round++) {
      const one = run();
      try {
        await traces.ingest(batch({ post: [one] }));
        accepted.push(one.id);
      } catch (cause) {
        return cause;
      }
      await traces.runs({ limit: 1 });
    }
    return undefined;
  })();
  expect(refusal).toMatchObject({ code: "storage_unavailable", status: 503, retryAfterMs: 5000 });
  other.exec("ROLLBACK");
  await eventually(
    () => traces.find(accepted),
    (kept) => kept.length === accepted.length,
  );
  await traces.ingest(batch({ post: [run()] }));
});

it("refuses what does not fit on a full disk, keeps what it accepted, and goes on when there is room", async (context) => {
  const folder = mountTmpfs("size=2m") ?? missing(context, "the right to mount a tmpfs");
  const traces = await openTestTraces(folder);
  const accepted: string[] = [];
  writeFileSync(join(folder, "ballast"), Buffer.alloc(700 * 1024));
  let refusal: unknown;
  for (let round = 0; round < 500 && !refusal; round++) {
    const one = run({ inputs: { text: `${round} ${"y".repeat(20_000)}` } });
    try {
      await traces.ingest(batch({ post: [one] }));
      accepted.push(one.id);
    } catch (cause) {
      refusal = cause;
    }
  }
  expect(refusal).toMatchObject({ code: "storage_full", status: 503 });
  expect(accepted.length).toBeGreaterThan(0);
  rmSync(join(folder, "ballast"));
  await eventually(
    () => traces.find(accepted),
    (kept) => kept.length === accepted.length,
  );
  expect(await traces.ingest(batch({ post: [run()] }))).toMatchObject({ accepted: 1 });
});

it("leaves a spoilt record out, and what a crash cut, and reads all others", async () => {
  const folder = newFolder();
  const first = await openTestTraces(folder);
  await keepCalls(first, [call("a")]);
  await first.close();
  const log = join(folder, "log");
  const segment = readdirSync(log).find((name) => name.endsWith(".rec")) ?? "";
  // A record whose end is missing, as a kill in the middle of a write leaves it.
  const next = join(log, `${String(Number.parseInt(segment, 10) + 1).padStart(10, "0")}.rec`);
  writeFileSync(next, Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 1, 123]));
  const second = await openTestTraces(folder);
  await keepCalls(second, [call("b")]);
  expect(await second.count({})).toBe(2);
});

it("keeps no byte of a deleted user's texts, in any of its files", async () => {
  const folder = newFolder();
  const traces = await openTestTraces(folder);
  const mine = "quartz-lantern-of-ann";
  const others = "amber-bridge-of-bob";
  const of = (user: string, text: string, more: object = {}) =>
    run({ inputs: { text }, extra: { metadata: { user_id: user } }, ...more });
  await traces.ingest(
    batch({
      post: Array.from({ length: 40 }, (_, n) => of(n % 2 ? "ann" : "bob", n % 2 ? mine : others)),
    }),
  );
  await traces.merged();
  const late = of("ann", mine, { end_time: undefined });
  await traces.ingest(batch({ post: [late] }));
  await traces.merged();
  await traces.ingest(batch({ patch: [{ ...late, end_time: NOW + 9, outputs: { text: mine } }] }));
  expect(await traces.remove({ userId: "ann" })).toBe(21);
  expect(await traces.count({})).toBe(20);
  await traces.close();
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) continue;
    expect({ name, has: readFileSync(path).includes(mine) }).toEqual({ name, has: false });
  }
  const database = new DatabaseSync(join(folder, "traces.db"));
  for (const table of ["block", "loose", "text"]) {
    const rows = database.prepare(`SELECT codec, body FROM ${table}`).all() as unknown as Sealed[];
    for (const row of rows) expect(new Sealing().open(row).includes(mine)).toBe(false);
  }
  database.close();
  const again = await openTestTraces(folder);
  const { runs } = await again.runs({ limit: 50 });
  const kept = await again.find(runs.map(({ id }) => id));
  expect(kept.every(({ payload }) => JSON.stringify(payload.inputs).includes(others))).toBe(true);
  expect(await again.figures({ from: NOW - 3.6e6, to: NOW + 3.6e6, by: ["user"] })).toMatchObject([
    { values: ["bob"], runs: 20 },
  ]);
});
