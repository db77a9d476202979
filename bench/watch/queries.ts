import { mkdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunPart } from "../../src/core/run.ts";
import type { RunFilter, RunPage } from "../../src/core/run-query.ts";
import { describeRun } from "../../src/watch/trace/describe-run.ts";
import { SqliteRunReader } from "../../src/store/sqlite/traces/run-reader.ts";
import { SqliteRunWriter } from "../../src/store/sqlite/traces/run-writer.ts";
import { projectIdOf } from "../../src/watch/langsmith/uuid.ts";
import type { Row } from "../report.ts";
import { type WireRun, createRuns } from "./synthetic.ts";

const RUNS = Number(process.env["WEIR_BENCH_KEPT"] ?? 10_000_000);
/** Kept between benches: ten million runs take their time to write. */
const PATH = process.env["WEIR_BENCH_TRACES"] ?? join(tmpdir(), "weir-bench-traces", `${RUNS}.db`);
const DAYS = 7;
const DAY_MS = 86_400_000;
const BATCH = 2000;
const BIG_TRACE = 500;
const ROUNDS = 40;
const END = Date.UTC(2026, 10, 20);

/** Questions about many kept runs. */
export async function measureQueries(): Promise<Row[]> {
  await fill();
  const reader = new SqliteRunReader({ path: PATH });
  const big = (await reader.runs({ limit: 1, filter: { op: "eq", field: "name", value: "big" } }))
    .runs[0];
  const project = projectIdOf("default", "project-1");
  const newest = (filter: RunFilter[], isRoot?: boolean) =>
    reader.runs({ limit: 50, isRoot, filter: { op: "and", of: filter } });
  const words = await wordsIn(reader);
  const newestAt = (await reader.runs({ limit: 1 })).runs[0]?.at ?? END;
  const questions: [what: string, target: number, ask: (round: number) => Promise<unknown>][] = [
    [
      "newest 50 traces of a project",
      50,
      () => newest([{ op: "eq", field: "projectId", value: project }], true),
    ],
    [
      "newest 50 with model, tag and least latency",
      50,
      (round) =>
        newest([
          { op: "eq", field: "model", value: "gpt-5" },
          { op: "tag", value: `v${round % 5}` },
          { op: "gt", field: "latency", value: 1 + (round % 4) },
        ]),
    ],
    [
      "newest 50 of a user",
      50,
      (round) => newest([{ op: "eq", field: "userId", value: `user-${round * 37}` }]),
    ],
    [
      "newest 50 with metadata and kind",
      50,
      (round) =>
        newest([
          { op: "metadata", key: "user_id", cmp: "eq", value: `user-${round * 11}` },
          { op: "eq", field: "type", value: "llm" },
        ]),
    ],
    [
      "24 h latency percentiles by model",
      100,
      (round) => {
        const to = Math.ceil(newestAt / 60_000) * 60_000 - round * 600_000;
        return reader.figures({ from: to - DAY_MS, to, by: ["model"], where: { type: ["llm"] } });
      },
    ],
    ["a trace of 500 runs", 20, () => reader.trace(big?.traceId ?? "", { limit: BIG_TRACE })],
    [
      "a trace of 500 runs with their texts",
      100,
      async () => {
        const { runs } = await reader.trace(big?.traceId ?? "", { limit: BIG_TRACE });
        return reader.find(runs.map(({ id }) => id));
      },
    ],
    [
      "full text, newest 50",
      300,
      (round) =>
        newest([
          {
            op: "search",
            text: `${words[round % words.length]} ${words[(round * 7 + 1) % words.length]}`,
          },
        ]),
    ],
    [
      "full text, a beginning of five letters",
      300,
      (round) =>
        newest([
          {
            op: "search",
            text: `${words.filter(({ length }) => length > 5)[round % 20]?.slice(0, 5)}*`,
          },
        ]),
    ],
    [
      "full text, a rare word",
      300,
      (round) => newest([{ op: "search", text: words[words.length - 1 - (round % 20)] ?? "" }]),
    ],
  ];
  const rows: Row[] = [];
  for (const [what, target, ask] of questions) {
    const first = await ask(ROUNDS);
    if (isNothing(first)) throw new Error(`${what}: there is nothing to be found`);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now();
      await ask(round);
      times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    const p95 = times[Math.floor(times.length * 0.95)] ?? 0;
    rows.push({
      what: `${what} of ${RUNS / 1e6} million runs, p95 (median ${(times[ROUNDS / 2] ?? 0).toFixed(1)})`,
      value: p95,
      unit: "ms",
      target: `≤ ${target}`,
      met: p95 <= target,
    });
  }
  await reader.close();
  rows.push({
    what: "bytes on disk for a kept run",
    value: statSync(PATH).size / RUNS,
    unit: "bytes",
  });
  return rows;
}

/** A question without an answer is answered fast: it measures nothing. */
function isNothing(answer: unknown): boolean {
  const list = Array.isArray(answer) ? answer : (answer as RunPage).runs;
  return list.length === 0;
}

/** Words of some inputs, the shortest (which are the most frequent) first. */
async function wordsIn(reader: SqliteRunReader): Promise<string[]> {
  const { runs } = await reader.runs({ limit: 20 });
  const words = new Set(
    runs.flatMap(({ inputPreview }) => inputPreview?.split(/\s+/).slice(3, 25) ?? []),
  );
  return [...words].filter((word) => word.length > 2).toSorted((a, b) => a.length - b.length);
}

/** Writes them as the trace thread does, without its log; goes on where another time ended. */
async function fill(): Promise<void> {
  mkdirSync(join(PATH, ".."), { recursive: true });
  const writer = new SqliteRunWriter({ path: PATH });
  const kept = new SqliteRunReader({ path: PATH });
  const already = await kept.count({});
  await kept.close();
  const next = createRuns(42 + already);
  const price = () => ({
    costNanos: 1000,
    inputCostNanos: 400,
    outputCostNanos: 600,
    priceVersion: "bench",
  });
  const from = END - DAYS * DAY_MS;
  for (let done = already; done < RUNS; done += BATCH) {
    const parts = Array.from({ length: BATCH }, (_, n) =>
      toPart(next(from + ((done + n) / RUNS) * DAYS * DAY_MS)),
    );
    if (done <= RUNS / 2 && RUNS / 2 < done + BATCH) makeBig(parts);
    const projects = new Map<string, { id: string; tenantId: string; name: string }>();
    const runs = parts.map((part) => {
      const name = part.project ?? "default";
      const id = projectIdOf("default", name);
      projects.set(id, { id, tenantId: "default", name });
      const record = describeRun({ ...part, projectId: id }, { price, capture: "full" });
      return { record, before: undefined };
    });
    await writer.write({
      runs,
      feedback: [],
      projects: [...projects.values()],
      position: undefined,
      now: END,
    });
    if (done % 100_000 === 0) {
      await writer.compact();
      process.stderr.write(`\r${(done / 1e6).toFixed(1)} of ${RUNS / 1e6} million runs`);
    }
  }
  while (await writer.compact());
  process.stderr.write("\n");
  await writer.close();
}

/** What the decoder makes of a run of the wire. */
export function toPart({ id, main, inputs, outputs, extra }: WireRun): RunPart {
  return {
    kind: "post",
    id,
    source: "langsmith",
    tenantId: "default",
    receivedAt: END,
    traceId: String(main["trace_id"]),
    parentId: (main["parent_run_id"] as string | undefined) ?? null, // as createRuns made it
    dottedOrder: String(main["dotted_order"]),
    project: String(main["session_name"]),
    name: String(main["name"]),
    type: String(main["run_type"]),
    at: Date.parse(String(main["start_time"])),
    endAt: Number(main["end_time"]),
    tags: main["tags"] as string[], // as createRuns made them
    inputs,
    outputs,
    extra,
  };
}

/** Makes one trace of the first runs. */
function makeBig(parts: RunPart[]): void {
  const [root] = parts;
  for (const [index, part] of parts.slice(0, BIG_TRACE).entries()) {
    parts[index] = {
      ...part,
      traceId: root?.id,
      dottedOrder: undefined,
      name: index === 0 ? "big" : part.name,
      parentId: index === 0 ? null : parts[Math.floor((index - 1) / 4)]?.id,
    };
  }
}
