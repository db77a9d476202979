import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunFilter } from "../../src/core/run-query.ts";
import { openClickHouseRunReader } from "../../src/store/clickhouse/run-reader.ts";
import { openClickHouseRunWriter } from "../../src/store/clickhouse/run-writer.ts";
import { openPostgresRunReader } from "../../src/store/postgres/traces/run-reader.ts";
import { openPostgresRunWriter } from "../../src/store/postgres/traces/run-writer.ts";
import { SqliteRunReader } from "../../src/store/sqlite/traces/run-reader.ts";
import { SqliteRunWriter } from "../../src/store/sqlite/traces/run-writer.ts";
import { describeRun } from "../../src/watch/trace/describe-run.ts";
import type { RunReader, RunWriter } from "../../src/watch/trace/run-store.ts";
import { startClickHouse } from "../../test/support/clickhouse.ts";
import { startPostgres } from "../../test/support/postgres.ts";
import type { Row } from "../report.ts";
import { toPart } from "./queries.ts";
import { createRuns } from "./synthetic.ts";

const RUNS = Number(process.env["WEIR_BENCH_STORE_RUNS"] ?? 200_000);
const DAYS = 7;
const DAY_MS = 86_400_000;
const BATCH = 2000;
const ROUNDS = 20;
const END = Date.UTC(2026, 10, 20);

interface OpenStore {
  readonly writer: RunWriter;
  readonly reader: RunReader;
  end(): Promise<void>;
}

const STORES: Readonly<Record<string, () => Promise<OpenStore | undefined>>> = {
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), "weir-bench-stores-"));
    const path = join(folder, "traces.db");
    const writer = new SqliteRunWriter({ path });
    const end = async () => rmSync(folder, { recursive: true, force: true });
    return { writer, reader: new SqliteRunReader({ path }), end };
  },
  async PostgreSQL() {
    const server = await startPostgres();
    if (!server) return undefined;
    const options = { url: await server.database(), writer: "bench" };
    const writer = await openPostgresRunWriter(options);
    return { writer, reader: await openPostgresRunReader(options), end: () => server.stop() };
  },
  async ClickHouse() {
    const server = await startClickHouse();
    if (!server) return undefined;
    const options = { url: server.url, database: server.database(), writer: "bench" };
    const writer = await openClickHouseRunWriter(options);
    return { writer, reader: await openClickHouseRunReader(options), end: () => server.stop() };
  },
};

/** The trace databases beside each other, in one run; one that is not installed has no rows. */
export async function measureStores(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, open] of Object.entries(STORES)) {
    const store = await open();
    if (!store) continue;
    try {
      rows.push(...(await measure(name, store)));
    } finally {
      await store.reader.close();
      await store.writer.close();
      await store.end();
    }
  }
  return rows;
}

async function measure(name: string, { writer, reader }: OpenStore): Promise<Row[]> {
  const perSecond = await fill(writer);
  const newest = (filter: RunFilter, isRoot?: boolean) => () =>
    reader.runs({ limit: 50, filter, isRoot });
  const [some] = (await reader.runs({ limit: 1, isRoot: true })).runs;
  const questions: Record<string, () => Promise<unknown>> = {
    "newest 50 traces": newest({ op: "and", of: [] }, true),
    "newest 50 of a model with a tag": newest({
      op: "and",
      of: [
        { op: "eq", field: "model", value: "gpt-5" },
        { op: "tag", value: "v3" },
      ],
    }),
    "24 h latency percentiles by model": () =>
      reader.figures({ from: END - DAY_MS, to: END, by: ["model"] }),
    "cost by user over 7 days": () =>
      reader.figures({ from: END - DAYS * DAY_MS, to: END, by: ["user"] }),
    "a trace": () => reader.trace(some?.traceId ?? "", { limit: 500 }),
    "a run with its texts": () => reader.find([some?.id ?? ""]),
    "full text, newest 50": newest({ op: "search", text: "helpful shop" }),
  };
  const rows: Row[] = [
    {
      what: `${name}: runs written, 2 kB each, ${BATCH} a batch`,
      value: perSecond,
      unit: "runs/s",
    },
    {
      what: `${name}: bytes for a kept run`,
      value: (await writer.usedBytes()) / RUNS,
      unit: "bytes",
    },
  ];
  for (const [what, ask] of Object.entries(questions)) {
    rows.push({ what: `${name}: ${what}, p95`, value: await slowest(ask), unit: "ms" });
  }
  return rows;
}

/** Writes them as the trace thread does, looking first whether they are there; gives how many a second. */
async function fill(writer: RunWriter): Promise<number> {
  const next = createRuns(42);
  const price = () => ({
    costNanos: 1000,
    inputCostNanos: 400,
    outputCostNanos: 600,
    priceVersion: "bench",
  });
  let spentMs = 0;
  for (let done = 0; done < RUNS; done += BATCH) {
    const runs = Array.from({ length: BATCH }, (_, n) => {
      const part = toPart(next(END - DAYS * DAY_MS * (1 - (done + n) / RUNS)));
      const record = describeRun({ ...part, projectId: "p" }, { price, capture: "full" });
      return { record, before: undefined };
    });
    const position = { segment: "1", offset: done };
    const began = performance.now();
    await writer.stored(runs.map(({ record }) => record.run.id));
    await writer.write({ runs, feedback: [], projects: [], position, now: END });
    spentMs += performance.now() - began;
  }
  while (await writer.compact());
  return (RUNS / spentMs) * 1000;
}

async function slowest(ask: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    await ask();
    times.push(performance.now() - began);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(ROUNDS * 0.95) - 1] ?? 0;
}

if (import.meta.main) {
  for (const { what, value, unit } of await measureStores()) {
    process.stdout.write(`${what}: ${value.toFixed(1)} ${unit}\n`);
  }
}
