import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { missing } from "./missing.ts";

const PROGRAM = ["/usr/sbin/clickhouse-server", "/usr/bin/clickhouse-server"].find(existsSync);

export interface ClickHouseProcess {
  readonly url: string;
  /** The name of a database that is not there yet. */
  database(): string;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Skips a test where ClickHouse is not installed. */
export function needsClickHouse(context: TestContext): void {
  if (!PROGRAM) missing(context, "ClickHouse (Debian's package clickhouse-server)");
}

/** A ClickHouse of this test's own, on a free port; undefined where it is not installed. */
export async function startClickHouse(): Promise<ClickHouseProcess | undefined> {
  if (!PROGRAM) return undefined;
  const program = PROGRAM;
  const folder = mkdtempSync(join(tmpdir(), "weir-clickhouse-"));
  for (const name of ["data", "tmp", "format"]) mkdirSync(join(folder, name));
  const port = await freePort();
  writeFileSync(join(folder, "config.xml"), settings(folder, port));
  writeFileSync(join(folder, "users.xml"), USERS);
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let databases = 0;

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill(signal);
    await ended;
  }

  const server: ClickHouseProcess = {
    url,
    database() {
      databases += 1;
      return `weir_${databases}`;
    },
    kill: () => end("SIGKILL"),
    async start() {
      child = spawn(program, [`--config-file=${join(folder, "config.xml")}`], {
        cwd: folder,
        stdio: "ignore",
      });
      await answers(url, child);
    },
    async stop() {
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

/** Asks it until it answers: it says nothing when it is ready. */
async function answers(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`ClickHouse ended with ${child.exitCode}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

function settings(folder: string, port: number): string {
  return `<?xml version="1.0"?><yandex>
    <logger><level>fatal</level><console>1</console></logger>
    <listen_host>127.0.0.1</listen_host><http_port>${port}</http_port>
    <path>${folder}/data/</path><tmp_path>${folder}/tmp/</tmp_path>
    <format_schema_path>${folder}/format/</format_schema_path><users_config>${folder}/users.xml</users_config>
    <default_profile>default</default_profile><default_database>default</default_database>
    <mark_cache_size>5368709</mark_cache_size><timezone>UTC</timezone></yandex>`;
}

const USERS = `<?xml version="1.0"?><yandex>
  <profiles><default><max_memory_usage>2000000000</max_memory_usage></default></profiles>
  <users>
    <default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
    <weir><password>secret</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></weir>
  </users><quotas><default></default></quotas></yandex>`;

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
