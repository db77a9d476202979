/** The words under which a run's tags, metadata and names stand in the full-text index. */
import { createHash } from "node:crypto";
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

const cache = new Map<string, string>();
const MOST = 20_000;

/** A word that nobody writes. Two values may share one: who asks looks at the row as well. */
export function termOf(kind: string, value: string): string {
  const text = `${kind}\0${value}`;
  let term = cache.get(text);
  if (term === undefined) {
    if (cache.size >= MOST) cache.clear();
    term = `zq${createHash("sha1").update(text).digest().readUIntBE(0, 6).toString(36)}`;
    cache.set(text, term);
  }
  return term;
}

export function termsOf(run: Run): string {
  const terms: string[] = [];
  for (const field of INDEXED) {
    const value = run[field];
    if (value !== null) terms.push(termOf(field, value));
  }
  if (run.status !== "success") terms.push(termOf("status", run.status));
  for (const tag of run.tags) terms.push(termOf("tag", tag));
  for (const name in run.metadata) {
    terms.push(termOf("metadata", name), termOf(`metadata.${name}`, String(run.metadata[name])));
  }
  return terms.join(" ");
}
