import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Row } from "../report.ts";
import type { Plan } from "./paced-client.ts";
import {
  type Contender,
  contender,
  freePort,
  onCore,
  startNginx,
  startWeir,
} from "./contenders.ts";
import { CHAT, CHAT_STREAM } from "./wrk.ts";

/** What a gateway adds to each answer and to each token, at a load that it can carry easily. */

const STREAMS = 100;
const TOKENS = 64;
const TOKEN_MS = 10;
const RATE = 1000;
const ROUNDS = 3;

interface Times {
  readonly token: readonly number[];
  readonly first: readonly number[];
  readonly whole: readonly number[];
}

/** Upstream and client share a core, the contender has the other: the difference to no contender is its own. */
export async function measurePaced(folder: string): Promise<Row[]> {
  const port = await freePort();
  const script = join(import.meta.dirname, "paced-upstream.ts");
  const args = [script, String(port), String(TOKENS), String(TOKEN_MS)];
  const upstream = await contender("direct", port, onCore(1, process.execPath, args, {}));
  const contenders = [
    upstream,
    await startWeir(folder, upstream.url, "weir-paced"),
    await startNginx(folder, upstream.url, "proxy-paced"),
  ];
  try {
    const times = new Map<string, Times[]>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const one of contenders) {
        const key = one.name.replace("-paced", "");
        times.set(key, [...(times.get(key) ?? []), await timesOf(one)]);
        process.stderr.write(`paced round ${round + 1}: ${key}\n`);
      }
    }
    return toRows(times);
  } finally {
    for (const one of contenders.toReversed()) await one.stop();
  }
}

async function timesOf(one: Contender): Promise<Times> {
  const streams = await client("streams", one, {
    ...CHAT_STREAM,
    count: STREAMS,
    rounds: 3,
    everyMs: (TOKENS * TOKEN_MS) / STREAMS,
  });
  const rate = await client("rate", one, { ...CHAT, count: RATE, rounds: 5, everyMs: 0 });
  return { token: [], first: [], whole: [], ...streams, ...rate };
}

function client(
  mode: string,
  { url, headers }: Contender,
  { path, ...plan }: { path: string; body: unknown } & Omit<Plan, "headers" | "body">,
): Promise<Partial<Times>> {
  const script = join(import.meta.dirname, "paced-client.ts");
  const text = JSON.stringify({ ...plan, headers });
  return new Promise((resolve, reject) => {
    const child = spawn("taskset", ["-c", "1", process.execPath, script, mode, url + path, text], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()));
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve(JSON.parse(output) as Partial<Times>);
      else reject(new Error(`the paced client ended with ${code}`));
    });
  });
}

const at = (values: readonly number[], share: number) =>
  values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

function median(values: readonly number[]): number {
  return at(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function toRows(times: ReadonlyMap<string, readonly Times[]>): Row[] {
  const level = (name: string, kind: keyof Times, share: number) =>
    median((times.get(name) ?? []).map((one) => at(one[kind], share)));
  const added = (name: string, kind: keyof Times, share: number) =>
    (level(name, kind, share) - level("direct", kind, share)) / 1000;
  const row = (what: string, kind: keyof Times, share: number, most?: number): Row => {
    const value = added("weir", kind, share);
    const peer = added("nginx", kind, share);
    const target = most === undefined ? {} : { target: `≤ ${most} ms`, met: value <= most };
    return {
      what: `${what}, against nginx`,
      value,
      unit: "ms",
      peer,
      ratio: value / peer,
      ...target,
    };
  };
  const streams = `${STREAMS} streams of a token every ${TOKEN_MS} ms`;
  return [
    row(`added p50 at ${RATE} requests/s`, "whole", 0.5, 0.3),
    row(`added p99 at ${RATE} requests/s`, "whole", 0.99, 2),
    row(`added per-token p50, ${streams}`, "token", 0.5, 0.17),
    row(`added per-token p99, ${streams}`, "token", 0.99),
    row(`added time to first token p50, ${streams}`, "first", 0.5, 0.5),
  ];
}
