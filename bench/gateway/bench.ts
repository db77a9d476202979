import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  currentCommit,
  describeMachine,
  type Report,
  type Row,
  toMarkdown,
  writeReport,
} from "../report.ts";
import {
  type Contender,
  startNginx,
  startPortkey,
  startUpstream,
  startWeir,
} from "./contenders.ts";
import { measureGuards } from "./guards.ts";
import { measureHeld } from "./held.ts";
import { measurePaced } from "./paced.ts";
import { measurePairs, measureStreams } from "./pairs.ts";
import { type Load, runWrk } from "./wrk.ts";

/**
 * The gateway against nginx and Portkey on one core, over one mock upstream, in alternating rounds of
 * the same run. Weir runs with everything on: key, limits, budget, metrics, trace and input guard.
 * The upstream and the load generator have the other core. Needs Debian's nginx and wrk; Portkey is
 * installed by `npm ci` in bench/peers.
 */

const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = [1, 16, 64, 256];

export async function run(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  chmodSync(folder, 0o755); // nginx's worker is another user, and reads the answers here
  const upstream = await startUpstream(folder);
  const contenders = [
    await startWeir(folder, upstream.url),
    await startNginx(folder, upstream.url),
    await startPortkey(upstream.url),
  ].filter((contender) => contender !== undefined);
  try {
    const rounds = await measure(contenders, folder);
    const more = [
      ...(await measureStreams(contenders.filter(streams), folder)),
      ...(await measurePairs(contenders[0] as Contender, folder)), // Weir, started first
      ...(await measurePaced(folder)),
      ...measureGuards(),
      ...(await measureHeld(folder)),
    ];
    const report = toReport(contenders, rounds, more);
    writeReport(report);
    return report;
  } finally {
    for (const contender of [...contenders, upstream]) await contender.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Portkey 1.15.2 answers every stream with HTTP 500 on this Node (`TypeError: immutable`). */
function streams({ name }: Contender): boolean {
  return name !== "portkey";
}

type Rounds = Map<string, Load[]>;
const keyOf = (name: string, connections: number) => `${name} ${connections}`;

async function measure(contenders: readonly Contender[], folder: string): Promise<Rounds> {
  const rounds: Rounds = new Map();
  for (const contender of contenders)
    await runWrk(contender, { connections: 16, seconds: 2, folder });
  for (let round = 0; round < ROUNDS; round++) {
    for (const connections of CONNECTIONS) {
      for (const contender of contenders) {
        const load = await runWrk(contender, { connections, seconds: SECONDS, folder });
        const key = keyOf(contender.name, connections);
        rounds.set(key, [...(rounds.get(key) ?? []), load]);
        process.stderr.write(
          `round ${round + 1}, ${key}: ${Math.round(load.perSecond)} requests/s, ${load.failed} failed\n`,
        );
      }
    }
  }
  return rounds;
}

function toReport(contenders: readonly Contender[], rounds: Rounds, more: readonly Row[]): Report {
  const speed = (name: string, connections: number) =>
    median((rounds.get(keyOf(name, connections)) ?? []).map(({ perSecond }) => perSecond));
  const rows: Row[] = [];
  for (const connections of CONNECTIONS) {
    const ours = speed("weir", connections);
    for (const { name } of contenders.filter((contender) => contender.name !== "weir")) {
      const peer = speed(name, connections);
      const target = connections === 64 ? { nginx: 0.4, portkey: 10 }[name] : undefined;
      rows.push({
        what: `requests/s at ${connections} connections, against ${name}`,
        value: ours,
        unit: "requests/s",
        peer,
        ratio: ours / peer,
        ...(target !== undefined && { target: `≥ ${target}`, met: ours / peer >= target }),
      });
    }
  }
  rows.push(...cpuRows(contenders, rounds), ...more);
  const failed = [...rounds.values()].flat().reduce((sum, load) => sum + load.failed, 0);
  const missing = ["nginx", "portkey"].filter(
    (name) => !contenders.some((contender) => contender.name === name),
  );
  return {
    name: "gateway",
    commit: currentCommit(),
    machine: describeMachine(),
    notes: [
      `One core each; ${ROUNDS} alternating rounds of ${SECONDS} s, medians; ${failed} requests failed.`,
      "Weir with key, limits, budget, metrics, trace and input guard on a 200-byte prompt; nginx is a bare proxy_pass.",
      "Translated pairs are ratios to the relay of OpenAI's chats, through the same Weir.",
      "Added times are differences to the same load without a gateway; upstream and client share a core.",
      ...(missing.includes("portkey")
        ? []
        : ["Portkey 1.15.2 answers streams with HTTP 500 on this Node: it has no rows there."]),
      ...missing.map((name) => `${name} was not at hand.`),
    ],
    rows,
  };
}

/** CPU of a request at 64 connections. */
function cpuRows(contenders: readonly Contender[], rounds: Rounds): Row[] {
  const cpu = (name: string) =>
    median((rounds.get(keyOf(name, 64)) ?? []).map(({ cpuMicros }) => cpuMicros));
  return contenders
    .filter(({ name }) => name !== "weir")
    .map(({ name }) => ({
      what: `CPU per request at 64 connections, against ${name}`,
      value: cpu("weir"),
      unit: "µs",
      peer: cpu(name),
      ratio: cpu("weir") / cpu(name),
    }));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

if (import.meta.main) process.stdout.write(toMarkdown(await run()));
