import { type Database, openPostgres } from "../database.ts";
import { MIGRATIONS } from "./schema.ts";

const TIMEOUT_MS = 30_000;

/** One that is away at the start is waited for: a server serves without its traces. */
export function openTraceDatabase(url: string, connections: number): Promise<Database> {
  const words = {
    name: "The trace database",
    field: "traces.store.postgres.urlEnv",
    meanwhile: "What is sent waits in the log until PostgreSQL answers.",
  };
  const options = { url, connections, timeoutMs: TIMEOUT_MS, mayBeAway: true, words };
  return openPostgres(options, MIGRATIONS, "trace_migration");
}
