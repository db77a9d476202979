import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { type MetadataEntry, list, string, uint32 } from "../../src/gguf/metadata.ts";
import { quantizeFile } from "../../src/gguf/quantize/quantize-file.ts";
import { readModel } from "../../src/gguf/read-model.ts";
import { writeGguf } from "../../src/gguf/write-gguf.ts";
import { measureQuality } from "../../src/serve/quality/measuring.ts";
import { openQuantizePool } from "../../src/weir/quantize-pool.ts";
import { SHAPES, writeRandomModel } from "../engine/random-model.ts";
import { type Report, type Row, currentCommit, describeMachine, writeReport } from "../report.ts";

/** Whole commands on whole files, ours and llama.cpp's in turn. */

const ROOT = join(import.meta.dirname, "..", "..");
const ENTRY = join(ROOT, "dist", "cli", "main.js");
const THREADS = availableParallelism();
const ROUNDS = 3;
const TYPES = ["Q8_0", "Q4_0", "Q5_0", "Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K"];
const SAMPLE = "models/sample.txt";
const WINDOW = 512;
const SHARDS = 100;

export async function run(): Promise<Report> {
  const tools = process.env["LLAMA_BIN"];
  if (tools === undefined) throw new Error("LLAMA_BIN names the folder of llama-quantize");
  if (!existsSync(ENTRY)) throw new Error("Weir is not compiled; run: npm run build");
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  try {
    const original = await writeOriginal(folder);
    const rows = [
      ...TYPES.map((type) => quantizing(type, { original, folder, tools })),
      ...(await perplexities(tools)),
      await inspecting(folder),
    ];
    const megabytes = (statSync(original).size / 1e6).toFixed(0);
    const report: Report = {
      name: "quantize",
      commit: currentCommit(),
      machine: describeMachine(),
      notes: [
        `Whole commands (\`weir model quantize\`, \`llama-quantize\`) with ${THREADS} threads on ${megabytes} MB of F16 with random weights, start and writing included; medians of ${ROUNDS}, in turn.`,
        `Perplexity of the demo model (a small chat model: prose is foreign to it) on ${SAMPLE}, windows of ${WINDOW} tokens.`,
      ],
      rows,
    };
    writeReport(report);
    return report;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function writeOriginal(folder: string): Promise<string> {
  const eight = join(folder, "eight.gguf");
  await writeRandomModel(eight, SHAPES.blocks);
  const original = join(folder, "f16.gguf");
  const pool = openQuantizePool();
  await quantizeFile(eight, original, { mix: "F16", pool, again: true });
  await pool.close();
  rmSync(eight);
  return original;
}

interface Place {
  readonly original: string;
  readonly folder: string;
  readonly tools: string;
}

function quantizing(type: string, { original, folder, tools }: Place): Row {
  const [ours, theirs] = [join(folder, "ours.gguf"), join(folder, "theirs.gguf")];
  const own: number[] = [];
  const native: number[] = [];
  const flags = ["model", "quantize", original, "--type", type, "--out", ours, "--force"];
  for (let round = 0; round < ROUNDS; round++) {
    own.push(seconds(process.execPath, [ENTRY, ...flags]));
    native.push(seconds(join(tools, "llama-quantize"), [original, theirs, type, `${THREADS}`]));
  }
  const isSame = digest(ours) === digest(theirs);
  const speed = (times: number[]) => statSync(original).size / 1e6 / median(times);
  const ratio = speed(own) / speed(native);
  return {
    what: `F16 to ${type}${isSame ? ", the same bytes" : ", OTHER BYTES"}`,
    value: speed(own),
    unit: "MB/s",
    peer: speed(native),
    ratio,
    target: "≥ 0.5 of the peer, the same bytes",
    met: ratio >= 0.5 && isSame,
  };
}

function seconds(command: string, args: readonly string[]): number {
  const began = performance.now();
  execFileSync(command, args, { stdio: "ignore" });
  return (performance.now() - began) / 1000;
}

async function perplexities(tools: string): Promise<Row[]> {
  const file = join(ROOT, "models", "demo.gguf");
  const sample = join(ROOT, SAMPLE);
  const text = readFileSync(sample, "utf8");
  const { perplexity } = await measureQuality({
    file,
    text,
    windowTokens: WINDOW,
    threads: THREADS,
  });
  const args = ["-m", file, "-f", sample, "-c", `${WINDOW}`, "-b", `${WINDOW}`, "-t", `${THREADS}`];
  const theirs = finalEstimate(join(tools, "llama-perplexity"), args);
  const off = Math.abs(perplexity / theirs - 1);
  return [
    {
      what: "perplexity of the demo model",
      value: perplexity,
      unit: "",
      peer: theirs,
      ratio: perplexity / theirs,
      target: "within 1 % of the peer",
      met: off <= 0.01,
    },
  ];
}

/** The tool sometimes ends before its last line is written: then it is asked again. */
function finalEstimate(command: string, args: readonly string[]): number {
  for (let round = 0; round < 20; round++) {
    const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
    const found = /Final estimate: PPL = ([\d.]+)/.exec(stdout + stderr)?.[1];
    if (found !== undefined) return Number(found);
  }
  throw new Error(`${command} does not say its final estimate`);
}

/** A model of many small files, as large ones are published, with a large vocabulary in the first. */
async function inspecting(folder: string): Promise<Row> {
  const name = (at: number) =>
    join(
      folder,
      `many-${String(at + 1).padStart(5, "0")}-of-${String(SHARDS).padStart(5, "0")}.gguf`,
    );
  for (let at = 0; at < SHARDS; at++) {
    const words = Array.from({ length: at === 0 ? 150_000 : 0 }, (_, word) => `word${word}`);
    await writeGguf(name(at), {
      metadata: new Map<string, MetadataEntry>([
        ["general.architecture", string("llama")],
        ["split.no", uint32(at)],
        ["split.count", uint32(SHARDS)],
        ["split.tensors.count", uint32(SHARDS * 10)],
        ["tokenizer.ggml.tokens", list("string", words)],
      ]),
      tensors: Array.from({ length: 10 }, (_, tensor) => ({
        name: `blk.${at}.${tensor}.weight`,
        dimensions: [256],
        type: "F32",
        data: new Uint8Array(1024),
      })),
    });
  }
  const times: number[] = [];
  for (let round = 0; round < ROUNDS * 3; round++) {
    const began = performance.now();
    const { parts } = await readModel(name(0));
    times.push(performance.now() - began);
    if (parts.length !== SHARDS) throw new Error(`${parts.length} parts were read`);
  }
  const value = median(times);
  return {
    what: `the headers of ${SHARDS} shards and a vocabulary of 150,000`,
    value,
    unit: "ms",
    target: "≤ 200",
    met: value <= 200,
  };
}

function digest(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
