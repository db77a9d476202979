/** The words under which a run's tags, metadata and names stand in the full-text index. */
import type { Run } from "../../../core/run.ts";

/** Fields whose values are indexed; those of every second run (a status of success) would find nothing faster. */
export const INDEXED = [
  "model",
  "name",
  "userId",
  "threadId",
  "keyName",
  "promptVersion",
  "errorCode",
] as const satisfies (keyof Run)[];

/** A run of four seconds stands under 1, 2 and 4: most last less than the first of these, and have no word. */
const LONG_SECONDS = Array.from({ length: 13 }, (_, power) => 2 ** power);

/** A word that nobody writes. Two values may share one: who asks looks at the row as well. */
export function termOf(kind: string, value: string): string {
  return `zq${hashOf(value, hashOf(kind, 0)).toString(36)}`;
}

/** 53 bits, from two multiplicative hashes of 32 (the steps of FNV-1a, with two primes). */
function hashOf(text: string, seed: number): number {
  let low = 0x811c9dc5 ^ seed;
  let high = 0x9747b28c ^ text.length;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x5bd1e995);
  }
  high ^= low >>> 15;
  low ^= high >>> 13;
  return (high & 0x1fffff) * 0x100000000 + (low >>> 0);
}

/** The rarest word that all runs have which last at least so long; undefined where there is none. */
export function termOfLatency(seconds: number): string | undefined {
  const least = LONG_SECONDS.findLast((long) => long <= seconds);
  return least === undefined ? undefined : termOf("latency", String(least));
}

export function termsOf(run: Run): string {
  const terms: string[] = [];
  for (const field of INDEXED) {
    const value = run[field];
    if (value !== null) terms.push(termOf(field, value));
  }
  if (run.status !== "success") terms.push(termOf("status", run.status));
  for (const long of LONG_SECONDS) {
    if ((run.durationMs ?? 0) < long * 1000) break;
    terms.push(termOf("latency", String(long)));
  }
  for (const tag of run.tags) terms.push(termOf("tag", tag));
  for (const name in run.metadata) {
    terms.push(termOf("metadata", name), termOf(`metadata.${name}`, String(run.metadata[name])));
  }
  return terms.join(" ");
}
