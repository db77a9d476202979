import { conversations } from "./conversations.ts";
import type { Call } from "./simulation.ts";
import { atRate, readTrace } from "./traces.ts";

/** What is replayed, and at which rates. */

export interface Workload {
  readonly name: string;
  /** The calls of so many times the trace's own rate. */
  readonly at: (factor: number) => readonly Call[];
  /** Factors that six replicas carry well, just so (about 95 % in time, unpaced), and no longer. */
  readonly factors: readonly [low: number, full: number, high: number];
}

/** Enough of the longest trace (its first 25 minutes); the others are shorter. */
const MOST_CALLS = 8_000;
/** Made-up conversations in four minutes at a factor of 1. */
const CONVERSATIONS = 100;

export function readWorkloads(): Workload[] {
  const chat = readTrace("azure2023_conv").slice(0, MOST_CALLS);
  const code = readTrace("azure2023_code_first40m");
  const long = readTrace("mooncake_conversation_first40m");
  const synthetic = readTrace("mooncake_synthetic");
  return [
    {
      name: "Azure chat",
      at: (factor) => atRate(chat, factor),
      factors: [2, 2.4, 2.7],
    },
    { name: "Azure code", at: (factor) => atRate(code, factor), factors: [0.25, 0.35, 0.6] },
    {
      name: "Mooncake chat",
      at: (factor) => atRate(long, factor),
      factors: [0.12, 0.18, 0.3],
    },
    {
      name: "Mooncake synthetic",
      at: (factor) => atRate(synthetic, factor),
      factors: [0.12, 0.18, 0.3],
    },
    {
      name: "mixed: Azure chat, some Mooncake chat",
      at: (factor) => mixed(atRate(chat, factor), atRate(long, factor / 10)),
      factors: [0.9, 1.1, 1.4],
    },
    {
      name: "made-up conversations",
      at: (factor) =>
        conversations({
          count: Math.round(CONVERSATIONS * factor),
          spanMs: 240_000,
          systemBlocks: 4,
        }),
      factors: [2.2, 2.9, 3.5],
    },
  ];
}

/** For as long as both last. */
function mixed(one: readonly Call[], other: readonly Call[]): Call[] {
  const until = Math.min(one.at(-1)?.atMs ?? 0, other.at(-1)?.atMs ?? 0);
  return [...one, ...other].filter(({ atMs }) => atMs <= until).toSorted((a, b) => a.atMs - b.atMs);
}
