import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import type { TestContext } from "vitest";
import { missing } from "./missing.ts";

const FOLDERS = [
  "/usr/lib/postgresql/15/bin",
  "/usr/lib/postgresql/16/bin",
  "/usr/lib/postgresql/17/bin",
];
const BIN = FOLDERS.find((folder) => existsSync(join(folder, "postgres")));

export interface PostgresServer {
  /** The URL of a new, empty database. */
  database(): Promise<string>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Skips a test where PostgreSQL is not installed. */
export function needsPostgres(context: TestContext): void {
  if (!BIN || !owner()) missing(context, "PostgreSQL (Debian's package postgresql-15)");
}

/** A PostgreSQL of this test's own, on a free port; undefined where it is not installed. */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  const as = owner();
  if (!BIN || !as) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "weir-postgres-"));
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid ?? as.uid);
  const data = join(folder, "data");
  const environment = { ...as, cwd: folder, env: { LC_ALL: "C", PATH: process.env["PATH"] } };
  const initialise = ["-D", data, "-U", "weir", "-A", "trust", "--no-sync", "--encoding=UTF8"];
  execFileSync(join(BIN, "initdb"), initialise, { ...environment, stdio: "ignore" });
  const port = await freePort();
  let child: ChildProcess | undefined;
  let databases = 0;

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill(signal);
    await ended;
  }

  const server: PostgresServer = {
    async database() {
      databases += 1;
      const name = `weir_${databases}`;
      await query(`postgres://weir@127.0.0.1:${port}/postgres`, `CREATE DATABASE ${name}`);
      return `postgres://weir@127.0.0.1:${port}/${name}`;
    },
    kill: () => end("SIGKILL"),
    async start() {
      const options = [
        "fsync=off",
        "listen_addresses=127.0.0.1",
        `unix_socket_directories=${folder}`,
      ];
      const args = ["-D", data, "-p", String(port), ...options.flatMap((one) => ["-c", one])];
      child = spawn(join(BIN, "postgres"), args, {
        ...environment,
        stdio: ["ignore", "ignore", "pipe"],
      });
      await ready(child);
    },
    async stop() {
      await end("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

/** Asks a database one thing, by a connection of its own. */
export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

/** It refuses to run as root: Debian's user for it does. Undefined where there is none. */
function owner(): { uid?: number; gid?: number } | undefined {
  if (process.getuid?.() !== 0) return {};
  try {
    const number = (flag: string) => Number(execFileSync("id", [flag, "postgres"]).toString());
    return { uid: number("-u"), gid: number("-g") };
  } catch {
    return undefined;
  }
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let written = "";
    child.stderr?.on("data", (bytes: Buffer) => {
      written += bytes.toString();
      if (written.includes("ready to accept connections")) resolve();
    });
    child.once("exit", () => reject(new Error(`PostgreSQL ended:\n${written}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
