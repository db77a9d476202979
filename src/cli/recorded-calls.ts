import type { CallList, CallRow } from "../http/admin-schemas.ts";
import { type Trace, traceOf } from "../ship/simulate/trace.ts";
import type { Terminal, Values } from "./command.ts";
import { askServer } from "./server-client.ts";

/** What a server recorded of its own calls, as a trace that can be played to scaling policies. */

const PAGE = 500;
/** More calls than that are not read: the newest count. */
const MOST_CALLS = 1_000_000;

export interface RecordedAsk {
  readonly from: number;
  readonly model?: string | undefined;
}

/** Reads page by page, the newest first. Calls that made nothing, or that the cache answered, are left out. */
export async function recordedCalls(
  { from, model }: RecordedAsk,
  values: Values,
  terminal: Terminal,
  onProgress: (read: number) => void,
): Promise<{ trace: Trace | undefined; beginsAt: number; leftOut: number }> {
  const rows: CallRow[] = [];
  let leftOut = 0;
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(PAGE), from: String(from) });
    if (model !== undefined) query.set("model", model);
    if (cursor !== null) query.set("cursor", cursor);
    const page: CallList = await askServer(`/admin/v1/calls?${query.toString()}`, values, terminal);
    for (const row of page.calls) {
      if (isGenerated(row)) rows.push(row);
      else leftOut += 1;
    }
    onProgress(rows.length);
    cursor = page.next;
  } while (cursor !== null && rows.length < MOST_CALLS);
  const times = rows.map(({ at }) => at);
  const beginsAt = times.reduce((least, at) => Math.min(least, at), Infinity);
  const endsAt = times.reduce((most, at) => Math.max(most, at), 0);
  const clients = new Map<string, number>();
  const calls = rows.map(({ at, inputTokens, outputTokens, key }) => {
    const who = key ?? "";
    const client = clients.get(who) ?? clients.size;
    clients.set(who, client);
    return { at: at - beginsAt, prompt: inputTokens, output: outputTokens, client };
  });
  const name = model ?? "all models";
  const trace = rows.length === 0 ? undefined : traceOf(name, endsAt - beginsAt + 1, calls);
  return { trace, beginsAt, leftOut };
}

function isGenerated({ cache, outputTokens, status }: CallRow): boolean {
  return outputTokens > 0 && status !== "blocked" && (cache === null || cache === "miss");
}
