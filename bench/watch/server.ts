import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { SERVER_FLAGS } from "../../scripts/runtime.mjs";

const ROOT = join(import.meta.dirname, "..", "..");
export const KEY = "wk-bench-admin-key";

/** The compiled server on one core, with its traces in a folder of its own. */
export interface BenchServer {
  readonly url: string;
  readonly folder: string;
  rssMiB(): number;
  /** Bytes of the trace database. */
  databaseBytes(): number;
  stop(): Promise<void>;
}

export async function startServer(yaml: string, core: number): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  writeFileSync(join(folder, "weir.yaml"), `server: { port: 0 }\nmodels: {}\n${yaml}\n`);
  const entry = join(ROOT, "dist", "cli", "main.js");
  if (!existsSync(entry)) throw new Error("Weir is not compiled; run: npm run build");
  const child = spawn(
    "taskset",
    ["-c", String(core), process.execPath, ...SERVER_FLAGS, entry, "serve"],
    {
      cwd: folder,
      env: { ...process.env, WEIR_ADMIN_KEY: KEY },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const url = await urlOf(child);
  const traces = join(folder, ".weir", "traces");
  return {
    url,
    folder,
    rssMiB: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1024,
    databaseBytes: () =>
      readdirSync(traces)
        .filter((name) => name.startsWith("traces.db"))
        .reduce((sum, name) => sum + statSync(join(traces, name)).size, 0),
    async stop() {
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function urlOf(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("the server has no output");
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listens at (http:\S+)/.exec(line)?.[1];
    if (url) {
      child.stdout.resume();
      return url;
    }
  }
  throw new Error("the server ended at its start");
}

/** Another process that makes its bodies first, and sends them when it is told. */
export async function startSender(
  url: string,
  runs: number,
  rate: number,
  core: number,
  key = KEY,
) {
  const script = join(import.meta.dirname, "sender.ts");
  const args = ["-c", String(core), process.execPath, script, url, key, String(runs), String(rate)];
  const child = spawn("taskset", args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse(String((await lines.next()).value)) as Record<string, number>;
  const { rawBytesPerRun = 0 } = await next();
  return {
    rawBytesPerRun,
    async send() {
      child.stdin.write("go\n");
      const { seconds = 0, runs: taken = 0, refused = 0, p99Ms = 0 } = await next();
      return { seconds, runs: taken, refused, p99Ms };
    },
    stop: () => child.kill(),
  };
}
