import type { LedgerRow, Span } from "../../core/ledger.ts";
import type { Redis } from "./redis.ts";
import { READ, type RedisScript } from "./scripts.ts";

type Run = (
  keys: readonly string[],
  args: readonly string[],
  script: RedisScript,
) => Promise<unknown>;

const MOST_ROWS = 5000;
const PAGE = 500;

/** Where the counters in Redis stand, up to so many of them. */
export async function readRows(redis: Redis, tag: string, run: Run): Promise<LedgerRow[]> {
  const start = `${tag}:c:`;
  const rows: LedgerRow[] = [];
  let cursor = "0";
  do {
    const parts = ["SCAN", cursor, "MATCH", `${escaped(start)}*`, "COUNT", String(PAGE)];
    const [next, keys] = (await redis.send(parts)) as [string, string[]]; // as Redis documents it
    cursor = next;
    if (keys.length === 0) continue;
    const names = keys.map((key) => key.slice(start.length));
    const answer = (await run(keys, names.map(spanOf), READ)) as string[]; // our own script's
    for (const [place, text] of answer.entries()) {
      const [used = 0, reserved = 0, reset = -1] = text.split(" ").map(Number);
      const resetAt = reset < 0 ? undefined : reset;
      if (used !== 0 || reserved !== 0)
        rows.push({ key: names[place] ?? "", used, reserved, resetAt });
    }
  } while (cursor !== "0" && rows.length < MOST_ROWS);
  return rows;
}

/** A counter's name ends in its limit's, which says what it is. */
function spanOf(name: string): Span {
  if (name.endsWith("PerMinute")) return "minute";
  if (name.endsWith("PerDay")) return "day";
  return name.endsWith("PerMonth") ? "month" : "open";
}

function escaped(text: string): string {
  return text.replaceAll(/[[\]*?\\]/g, String.raw`\$&`);
}
