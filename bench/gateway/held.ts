import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Row } from "../report.ts";
import { type Contender, contender, freePort, onCore, startWeir } from "./contenders.ts";
import { CHAT_STREAM } from "./wrk.ts";

/** How many paced streams are held at once, and what each takes of memory. */

const SECONDS = 10;
/** A token a second: a stream that is held, not one that is hurried. */
const TOKEN_MS = 1000;
const TOKENS = 600;

interface Held {
  readonly first: number;
  readonly open: number;
  readonly tokensPerSecond: number;
}

interface Plan {
  readonly streams: number;
  readonly workers: number;
  readonly mostBytes: number;
}

const PLANS: readonly Plan[] = [
  { streams: 1_000, workers: 1, mostBytes: 60_000 },
  { streams: 9_000, workers: 1, mostBytes: 30_000 },
  { streams: 10_000, workers: 2, mostBytes: 30_000 },
];

export async function measureHeld(folder: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const plan of PLANS) rows.push(...(await measure(folder, plan)));
  return rows;
}

async function measure(folder: string, { streams, workers, mostBytes }: Plan): Promise<Row[]> {
  const port = await freePort();
  const script = join(import.meta.dirname, "paced-upstream.ts");
  const args = [script, String(port), String(TOKENS), String(TOKEN_MS)];
  const upstream = await contender("held", port, onCore(1, process.execPath, args, {}));
  const weir = await startWeir(folder, upstream.url, `weir-held-${streams}`, { workers });
  try {
    await hold(weir, 200, 1); // what is loaded with the first calls is not the streams'
    const idleBytes = memoryOf(weir);
    let heldBytes = 0;
    const held = await hold(weir, streams, SECONDS, () => (heldBytes = memoryOf(weir)));
    const bytes = (heldBytes - idleBytes) / streams;
    const where = workers === 1 ? "one process" : `${workers} processes`;
    process.stderr.write(`held ${held.open} of ${streams} over ${where}: ${bytes} bytes each\n`);
    return [
      {
        what: `paced streams held at once over ${where}`,
        value: Math.min(held.first, held.open),
        unit: "streams",
        target: `${streams}`,
        met: held.first === streams && held.open === streams,
      },
      {
        what: `memory of each of them (${streams} held)`,
        value: bytes / 1000,
        unit: "kB",
        target: `≤ ${mostBytes / 1000} kB`,
        met: bytes <= mostBytes,
      },
    ];
  } finally {
    await weir.stop();
    await upstream.stop();
  }
}

function hold(
  { url, headers }: Contender,
  streams: number,
  seconds: number,
  onHeld: () => void = () => undefined,
): Promise<Held> {
  const script = join(import.meta.dirname, "held-client.ts");
  const plan = JSON.stringify({ headers, body: CHAT_STREAM.body });
  const words = [script, url + CHAT_STREAM.path, plan, String(streams), String(seconds)];
  return new Promise((resolve, reject) => {
    const child = spawn("taskset", ["-c", "1", process.execPath, ...words]);
    let output = "";
    child.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => {
      if (!bytes.toString().startsWith("held")) return;
      // Half-way through: what opening them has thrown away is collected by then.
      setTimeout(onHeld, (seconds * 1000) / 2);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve(JSON.parse(output) as Held);
      else reject(new Error(`the client of held streams ended with ${code}`));
    });
  });
}

/** Resident memory of a contender's process and those that it started. */
export function memoryOf({ pid }: Contender): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  const pids = [pid, ...children.split(" ").filter(Boolean).map(Number)];
  const kilobytes = pids.map((each) => {
    const status = readFileSync(`/proc/${each}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0);
  });
  return kilobytes.reduce((sum, one) => sum + one, 0) * 1024;
}
