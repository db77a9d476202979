import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Contender, startUpstream, startWeir } from "../gateway/contenders.ts";
import { CHAT } from "../gateway/wrk.ts";
import type { Row } from "../report.ts";
import { startSender } from "./server.ts";

/**
 * What calls feel of trace ingest: their latency while 5,000 runs a second are taken, by that while the
 * same sender sends to a server that throws them away – so that both times the sender is there.
 */
const RUNS_PER_SECOND = 5000;
const SECONDS = 10;
const ROUNDS = 3;
const CALLS_PER_SECOND = 150;

export async function measureBeside(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  chmodSync(folder, 0o755); // nginx's worker is another user, and reads the answers here
  const upstream = await startUpstream(folder);
  const weir = await startWeir(folder, upstream.url, "weir-traces");
  const sink = createServer((incoming, answer) => {
    incoming.resume();
    incoming.on("end", () => answer.writeHead(202).end("{}"));
  });
  await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
  const sinkUrl = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`;
  const times: Record<"beside" | "alone", number[]> = { alone: [], beside: [] };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      times.alone.push(await p99While(weir, sinkUrl));
      times.beside.push(await p99While(weir, weir.url));
    }
  } finally {
    sink.close();
    await weir.stop();
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const [alone, beside] = [median(times.alone), median(times.beside)];
  return [
    {
      what: `a call's p99 while ${RUNS_PER_SECOND} runs/s are ingested (peer: while they go elsewhere)`,
      value: beside,
      unit: "ms",
      peer: alone,
      ratio: beside / alone,
      target: "≤ 1.05",
      met: beside / alone <= 1.05,
    },
  ];
}

async function p99While(weir: Contender, url: string): Promise<number> {
  const key = String(weir.headers["authorization"]).replace("Bearer ", "");
  const sender = await startSender(url, RUNS_PER_SECOND * SECONDS, RUNS_PER_SECOND, 1, key);
  const sending = sender.send();
  const times = await callSteadily(weir);
  await sending;
  sender.stop();
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.99)] ?? 0;
}

/** Calls at their own pace, whatever the answers take. */
async function callSteadily(weir: Contender): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const times: number[] = [];
  const pending: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let call = 0; call < CALLS_PER_SECOND * (SECONDS - 1); call++) {
    const wait = startedAt + (call * 1000) / CALLS_PER_SECOND - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    pending.push(callOnce(weir, agent).then((ms) => void times.push(ms)));
  }
  await Promise.all(pending);
  agent.destroy();
  return times;
}

function callOnce(weir: Contender, agent: Agent): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", ...weir.headers };
    const sent = request(
      `${weir.url}${CHAT.path}`,
      { method: "POST", agent, headers },
      (answer) => {
        answer.resume();
        answer.on("end", () => resolve(performance.now() - began));
      },
    );
    sent.on("error", reject);
    sent.end(JSON.stringify(CHAT.body));
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
