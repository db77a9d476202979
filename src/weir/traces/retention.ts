import type { RunWriter } from "../../watch/trace/run-store.ts";

const AT_ONCE = 1000;

type Change = <T>(action: (writer: RunWriter) => Promise<T>) => Promise<T>;

/** Deletes runs by age, then by size, the oldest first: a thousand at a time, so that traces are taken in between. */
export async function prune(
  change: Change,
  { keepMs, maxBytes }: { readonly keepMs: number; readonly maxBytes: number | undefined },
  now: number,
): Promise<void> {
  while ((await change((writer) => writer.prune(now - keepMs, AT_ONCE, now))) === AT_ONCE);
  if (maxBytes === undefined) return;
  while ((await change((writer) => writer.usedBytes())) > maxBytes) {
    const gone = await change((writer) => writer.prune(now, AT_ONCE, now));
    if (gone === 0) return;
    // Room that deleted runs leave in an index comes free by tidying it: more runs need not go for it.
    while (await change((writer) => writer.compact()));
  }
}
