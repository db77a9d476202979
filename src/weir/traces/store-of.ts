/** Opens the trace database that both trace threads use: one writes to it, one answers from it. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunReader, RunWriter } from "../../watch/trace/run-store.ts";
import type { TraceThreadData } from "./messages.ts";
import { importOldCalls } from "./old-calls.ts";

/** Rejects with invalid_config where the database cannot be used; one that is only away is waited for. */
export async function openRunWriter({ folder, keys, store }: TraceThreadData): Promise<RunWriter> {
  if (store?.kind === "postgres") {
    const { openPostgresRunWriter } = await import("../../store/postgres/traces/run-writer.ts");
    return openPostgresRunWriter({ url: store.url, writer: writerOf(folder), keys });
  }
  if (store?.kind === "clickhouse") {
    const { openClickHouseRunWriter } = await import("../../store/clickhouse/run-writer.ts");
    return openClickHouseRunWriter({ ...store, writer: writerOf(folder), keys });
  }
  const { SqliteRunWriter } = await import("../../store/sqlite/traces/run-writer.ts");
  const writer = new SqliteRunWriter({ path: join(folder, "traces.db"), keys });
  await importOldCalls(folder, writer);
  return writer;
}

export async function openRunReader({ folder, keys, store }: TraceThreadData): Promise<RunReader> {
  if (store?.kind === "postgres") {
    const { openPostgresRunReader } = await import("../../store/postgres/traces/run-reader.ts");
    return openPostgresRunReader({ url: store.url, writer: writerOf(folder), keys });
  }
  if (store?.kind === "clickhouse") {
    const { openClickHouseRunReader } = await import("../../store/clickhouse/run-reader.ts");
    return openClickHouseRunReader({ ...store, keys });
  }
  const { SqliteRunReader } = await import("../../store/sqlite/traces/run-reader.ts");
  return new SqliteRunReader({ path: join(folder, "traces.db"), keys });
}

/** Names the log of this folder in a database that other replicas write to: it moves with the log. */
function writerOf(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "writer-id");
  try {
    writeFileSync(path, randomUUID(), { flag: "wx" });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
  }
  return readFileSync(path, "utf8").trim();
}
