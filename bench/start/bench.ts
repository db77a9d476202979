import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SERVER_FLAGS } from "../../scripts/runtime.mjs";
import {
  currentCommit,
  describeMachine,
  type Report,
  type Row,
  toMarkdown,
  writeReport,
} from "../report.ts";

/** How long a start takes to a server that answers and a model that is ready, and what it weighs at rest. */

const ROOT = join(import.meta.dirname, "..", "..");
const ROUNDS = 7;
const REST_MS = 3000;

interface Start {
  readonly serverMs: number;
  readonly modelMs: number;
  readonly restMiB: number;
}

export async function run(): Promise<Report> {
  const bare: Start[] = [];
  const withModel: Start[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await measure("models: {}"));
    withModel.push(
      await measure("models: { chat: { targets: [{ provider: llama, file: demo }] } }"),
    );
  }
  const row = (what: string, values: readonly number[], unit: string, most: number): Row => {
    const value = median(values);
    return { what, value, unit, target: `≤ ${most}`, met: value <= most };
  };
  const report: Report = {
    name: "start",
    commit: currentCommit(),
    machine: describeMachine(),
    notes: [
      `Medians of ${ROUNDS} starts of the compiled server, after a first one. Limits, not peers.`,
    ],
    rows: [
      row(
        "process start to /health",
        withModel.map(({ serverMs }) => serverMs),
        "ms",
        1000,
      ),
      row(
        "/health to a ready demo model",
        withModel.map(({ modelMs }) => modelMs),
        "ms",
        2000,
      ),
      row(
        "resident memory at rest, without a model",
        bare.map(({ restMiB }) => restMiB),
        "MiB",
        110,
      ),
    ],
  };
  writeReport(report);
  return report;
}

async function measure(models: string): Promise<Start> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  writeFileSync(join(folder, "weir.yaml"), `server: { port: 0 }\n${models}\n`);
  const entry = join(ROOT, "dist", "cli", "main.js");
  if (!existsSync(entry)) throw new Error("Weir is not compiled; run: npm run build");
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...SERVER_FLAGS, entry, "serve"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const url = await urlOf(child);
    await until(`${url}/health`);
    const serverMs = performance.now() - startedAt;
    await until(`${url}/ready`);
    const modelMs = performance.now() - startedAt - serverMs;
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    return { serverMs, modelMs, restMiB: residentMiB(child.pid ?? 0) };
  } finally {
    child.kill("SIGTERM");
    await new Promise((resolve) => child.once("exit", resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stdout?.on("data", (bytes: Buffer) => {
      output += bytes.toString();
      const url = /listens at (http:\S+)/.exec(output)?.[1];
      if (url) resolve(url);
    });
    child.once("exit", () => reject(new Error(`the server ended at its start:\n${output}`)));
  });
}

async function until(url: string): Promise<void> {
  for (;;) {
    const isThere = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Linux's own figure; elsewhere there is none. */
function residentMiB(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

if (import.meta.main) process.stdout.write(toMarkdown(await run()));
