import { BLOCK_TOKENS } from "./block-cache.ts";
import { type Call, seeded } from "./simulation.ts";

/** Calls that were made up, with a seed: nothing in them was measured anywhere. */

const SYSTEM_PROMPTS = 4;

export interface Made {
  readonly count: number;
  readonly spanMs: number;
  /** Blocks of each system prompt. */
  readonly systemBlocks: number;
}

/** Conversations of three to eight turns, each of which begins as the one before. */
export function conversations({ count, spanMs, systemBlocks }: Made): Call[] {
  const random = seeded(7);
  const calls: Call[] = [];
  let block = systemBlocks * SYSTEM_PROMPTS;
  for (let conversation = 0; conversation < count; conversation++) {
    const system = Math.floor(random() * SYSTEM_PROMPTS) * systemBlocks;
    const blocks = Array.from({ length: systemBlocks }, (_, more) => system + more);
    let atMs = random() * spanMs;
    const turns = 3 + Math.floor(random() * 6);
    for (let turn = 0; turn < turns; turn++) {
      const grown = 1 + Math.floor(random() * 3);
      for (let more = 0; more < grown; more++) blocks.push(block++);
      calls.push(callOf(atMs, blocks, random));
      atMs += 5_000 + random() * 15_000;
    }
  }
  return calls.toSorted((a, b) => a.atMs - b.atMs);
}

/** Calls no two of which begin alike. */
export function strangers(count: number, spanMs: number): Call[] {
  const random = seeded(8);
  let block = 0;
  return Array.from({ length: count }, () => {
    const length = 1 + Math.floor(random() * 12);
    const blocks = Array.from({ length }, () => block++);
    return callOf(random() * spanMs, blocks, random);
  }).toSorted((a, b) => a.atMs - b.atMs);
}

function callOf(atMs: number, blocks: readonly number[], random: () => number): Call {
  return {
    atMs,
    inputTokens: blocks.length * BLOCK_TOKENS + Math.floor(random() * BLOCK_TOKENS),
    outputTokens: 1 + Math.floor(random() * 200),
    blocks: [...blocks],
  };
}
