import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defaultThreads } from "../../src/serve/engine/threads.ts";
import { measureCancel } from "./cancel.ts";
import { foreignShare, markCpu } from "./foreign-cpu.ts";
import { startLlamaServer } from "./llama-server.ts";
import {
  measureInterference,
  measureRound,
  median,
  type Interference,
  type Round,
  type System,
} from "./measure.ts";
import { startOurEngine } from "./our-engine.ts";
import { SHAPES, writeRandomModel } from "./random-model.ts";
import {
  currentCommit,
  describeMachine,
  toMarkdown,
  writeReport,
  type Report,
  type Row,
} from "../report.ts";

/**
 * The embedded engine against llama-server on the same random-weight models, in alternating rounds of
 * the same run. `LLAMA_SERVER=/path/to/llama-server` names the peer; without it only ours is measured.
 *
 *   node bench/engine/bench.ts
 */

const CACHE = fileURLToPath(new URL("../../node_modules/.cache/weir/bench/", import.meta.url));
const SLOTS = 8;
const CONTEXT_TOKENS = 1024;
const LONG_PROMPT = 700;
/** Rounds in which strangers did more of the machine's work than this do not count, if half remain. */
const MOST_FOREIGN = 0.1;

interface Plan {
  readonly model: "smol" | "qwen";
  readonly title: string;
  readonly streams: readonly number[];
  readonly tokens: number;
  readonly rounds: number;
}

const PLANS: readonly Plan[] = [
  { model: "smol", title: "135 M Q8_0", streams: [1, 4, 8], tokens: 64, rounds: 5 },
  { model: "qwen", title: "0.5 B Q8_0", streams: [1, 8], tokens: 32, rounds: 2 },
];

interface Contender {
  readonly system: System & { pid: () => number };
  readonly rounds: Map<number, (Round & { foreign: number })[]>;
  readonly interference: Interference[];
}

/** Runs everything, writes `bench/results/engine.*` and returns what it wrote. */
export async function run(peer = process.env["LLAMA_SERVER"]): Promise<Report> {
  const threads = Number(process.env["WEIR_BENCH_THREADS"] ?? defaultThreads());
  const rows: Row[] = [];
  let dirty = 0;
  for (const plan of PLANS) {
    const file = await modelFile(plan.model);
    const settings = { file, slots: SLOTS, contextTokens: CONTEXT_TOKENS, threads };
    const contenders = [contender(await startOurEngine(settings))];
    if (peer !== undefined) contenders.push(contender(await startLlamaServer(peer, settings)));
    try {
      await measure(plan, contenders);
    } finally {
      for (const { system } of contenders) await system.close();
    }
    for (const streams of plan.streams) rows.push(...rowsOf(plan, streams, contenders));
    rows.push(...interferenceRows(plan, contenders));
    dirty += contenders.reduce((sum, { rounds }) => sum + dirtyRounds(rounds), 0);
  }
  rows.push(...(await measureCancel(await modelFile("smol"), threads)));
  const notes = [
    `Both with ${SLOTS} slots of ${CONTEXT_TOKENS} tokens and ${threads} thread(s), 131-token prompts, ` +
      "greedy, no prompt cache; medians of alternating rounds.",
    ...(peer === undefined ? ["No LLAMA_SERVER was named: ours alone."] : []),
    ...(dirty > 0 ? [`${dirty} rounds had other work on the machine beside them.`] : []),
  ];
  const commit = currentCommit();
  const report: Report = { name: "engine", commit, machine: describeMachine(), notes, rows };
  writeReport(report);
  return report;
}

function contender(system: Contender["system"]): Contender {
  return { system, rounds: new Map(), interference: [] };
}

async function modelFile(model: Plan["model"]): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  const file = `${CACHE}${model}-q8_0.gguf`;
  if (!existsSync(file)) await writeRandomModel(file, SHAPES[model]);
  return file;
}

async function measure(plan: Plan, contenders: readonly Contender[]): Promise<void> {
  const pids = (): number[] => contenders.map(({ system }) => system.pid());
  for (const { system } of contenders)
    await measureRound(system, { streams: 2, tokens: 8, label: "warm-up" });
  for (const streams of plan.streams)
    for (let round = 0; round < plan.rounds; round++)
      for (const { system, rounds } of inTurn(contenders, round)) {
        const from = markCpu(pids());
        const label = `${round} ${streams} ${system.name}`;
        const result = await measureRound(system, { streams, tokens: plan.tokens, label });
        const foreign = foreignShare(from, markCpu(pids()));
        rounds.set(streams, [...(rounds.get(streams) ?? []), { ...result, foreign }]);
        const shown = `${result.tokensPerSecond.toFixed(1)} tokens/s, TTFT ${result.ttftMs.toFixed(0)} ms`;
        console.log(
          `${plan.title}, ${streams} streams, ${system.name}: ${shown}, others ${(foreign * 100).toFixed(0)} %`,
        );
      }
  for (let round = 0; round < plan.rounds; round++)
    for (const { system, interference } of inTurn(contenders, round)) {
      const label = `${round} interference ${system.name}`;
      interference.push(await measureInterference(system, { promptTokens: LONG_PROMPT, label }));
    }
}

/** Who goes first changes from round to round. */
function inTurn(contenders: readonly Contender[], round: number): readonly Contender[] {
  return round % 2 === 0 ? contenders : contenders.toReversed();
}

function interferenceRows(plan: Plan, [ours, peer]: readonly Contender[]): Row[] {
  const row = (name: string, value: (one: Interference) => number): Row => {
    const [own, other] = [ours, peer].map((one) => median(one?.interference.map(value) ?? []));
    const what = `${plan.title}, a ${LONG_PROMPT}-token prompt beside a running stream: ${name}`;
    const shown: Row = { what, value: own ?? NaN, unit: "ms" };
    return peer ? { ...shown, peer: other ?? NaN, ratio: (own ?? NaN) / (other ?? NaN) } : shown;
  };
  return [
    row("the stream's longest pause", (one) => one.worstGapMs),
    row("the newcomer's first token", (one) => one.newcomerTtftMs),
  ];
}

function rowsOf(plan: Plan, streams: number, [ours, peer]: readonly Contender[]): Row[] {
  const what = `${plan.title}, ${streams} ${streams === 1 ? "stream" : "streams"}`;
  const best = (one: Contender | undefined, value: (round: Round) => number): number | undefined =>
    one && median(clean(one.rounds.get(streams) ?? []).map(value));
  const row = (
    name: string,
    unit: string,
    {
      value,
      target,
    }: { value: (round: Round) => number; target?: [sign: ">=" | "<=", by: number] },
  ): Row => {
    const own = best(ours, value) ?? NaN;
    const other = best(peer, value);
    const shown: Row = { what: `${what}: ${name}`, value: own, unit };
    if (other === undefined) return shown;
    const ratio = own / other;
    if (!target) return { ...shown, peer: other, ratio };
    const [sign, by] = target;
    const met = sign === ">=" ? ratio >= by : ratio <= by;
    return { ...shown, peer: other, ratio, target: `${sign === ">=" ? "≥" : "≤"} ${by}`, met };
  };
  return [
    row("throughput", "tokens/s", { value: (one) => one.tokensPerSecond, target: [">=", 0.95] }),
    row("time to first token", "ms", { value: (one) => one.ttftMs, target: ["<=", 1.05] }),
    row("between tokens, p50", "ms", { value: (one) => one.itlMs }),
    row("between tokens, p95", "ms", { value: (one) => one.itlP95Ms }),
  ];
}

/** The rounds that others did not disturb; all of them when fewer than half are quiet. */
function clean<T extends { foreign: number }>(rounds: readonly T[]): readonly T[] {
  const quiet = rounds.filter(({ foreign }) => foreign <= MOST_FOREIGN);
  return quiet.length * 2 >= rounds.length ? quiet : rounds;
}

function dirtyRounds(rounds: Contender["rounds"]): number {
  return [...rounds.values()].flat().filter(({ foreign }) => foreign > MOST_FOREIGN).length;
}

if (import.meta.main) console.log(toMarkdown(await run()));
