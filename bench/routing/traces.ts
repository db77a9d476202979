import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { BLOCK_TOKENS } from "./block-cache.ts";
import { KV_TOKENS } from "./replica.ts";
import type { Call } from "./simulation.ts";

/**
 * Public request traces: times and sizes of production calls, and which beginnings they share. Azure
 * 2023 (Patel et al., ISCA 2024; CC-BY 4.0) and Mooncake (Qin et al., FAST 2025; Apache-2.0).
 */

/** Beside the repository; they are not part of it. */
const FOLDER =
  process.env["TRACES"] ?? join(import.meta.dirname, "..", "..", "..", "shared", "data", "traces");

/** A block in more calls than this share is everybody's and says nothing of a conversation. */
const COMMON_SHARE = 0.05;

export function readTrace(name: string): Call[] {
  const file = join(FOLDER, `${name}.csv.gz`);
  if (!existsSync(file)) {
    throw new Error(
      `The trace ${file} is missing. This bench replays public request traces (Azure 2023, Mooncake) that are no part of the repository: set TRACES to the folder that has them.`,
    );
  }
  const [, ...lines] = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n");
  return lines.map(callOf).filter(fits);
}

function callOf(line: string): Call {
  const [atMs = "", inputTokens = "", outputTokens = "", blocks = ""] = line.split(",");
  const full = Math.floor(Number(inputTokens) / BLOCK_TOKENS);
  return {
    atMs: Number(atMs),
    inputTokens: Math.max(1, Number(inputTokens)),
    outputTokens: Math.max(1, Number(outputTokens)),
    blocks: blocksOf(blocks).slice(0, full),
  };
}

/** `0 14-16`: runs with both ends. */
function blocksOf(text: string): number[] {
  if (text.trim() === "") return [];
  return text
    .trim()
    .split(" ")
    .flatMap((run) => {
      const [from = 0, to = from] = run.split("-").map(Number);
      return Array.from({ length: to - from + 1 }, (_, more) => from + more);
    });
}

/** What is too large for a whole replica can be served by none. */
function fits({ inputTokens, outputTokens }: Call): boolean {
  return inputTokens + outputTokens <= KV_TOKENS;
}

/**
 * A trace at another rate. Below 1 whole conversations are left out, so that those which stay keep
 * their pauses; above 1 time runs faster.
 */
export function atRate(calls: readonly Call[], factor: number): Call[] {
  if (factor >= 1) return calls.map((call) => ({ ...call, atMs: call.atMs / factor }));
  const common = commonBlocks(calls);
  return calls.filter((call, place) => {
    const name = call.blocks.find((block) => !common.has(block)) ?? -place;
    return unitOf(name) < factor;
  });
}

function commonBlocks(calls: readonly Call[]): Set<number> {
  const counts = new Map<number, number>();
  for (const { blocks } of calls) {
    for (const block of blocks) counts.set(block, (counts.get(block) ?? 0) + 1);
  }
  const most = calls.length * COMMON_SHARE;
  return new Set([...counts].filter(([, count]) => count > most).map(([block]) => block));
}

/** A number between 0 and 1 that looks drawn, the same for the same name. */
function unitOf(name: number): number {
  let mixed = Math.imul(name ^ (name >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
