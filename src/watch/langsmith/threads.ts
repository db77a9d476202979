import type { RunFilter } from "../../core/run-query.ts";
import type { Run } from "../../core/run.ts";
import { Sketch } from "../../core/sketch.ts";
import type { Traces } from "../trace/traces.ts";
import type { Wire } from "./run-fields.ts";
import { allOf } from "./run-search.ts";
import { secondsOf } from "./run-view-2.ts";
import { statusWord } from "./run-view.ts";
import { type Totals, decimalDollars, totalsOf } from "./totals.ts";
import { wireTime } from "./wire-time.ts";

/** Roots of conversations that are looked through for one answer; older ones are not seen. */
const MAX_ROOTS = 20_000;
const PAGE = 1000;

/** One conversation: the traces of a project that name the same thread, by start. */
export interface Thread {
  readonly id: string;
  readonly roots: readonly Run[];
}

/** The conversations with traces that the filter finds, the latest first. */
export async function threadsOf(
  traces: Traces,
  tenantId: string,
  filter: RunFilter | undefined,
): Promise<Thread[]> {
  const wanted = allOf([filter, { op: "neq", field: "threadId", value: null }]);
  const roots: Run[] = [];
  let cursor: string | undefined;
  do {
    const query = { tenantId, filter: wanted, isRoot: true, limit: PAGE, cursor };
    const { runs, next } = await traces.runs(query);
    roots.push(...runs);
    cursor = next ?? undefined;
  } while (cursor !== undefined && roots.length < MAX_ROOTS);
  const byThread = Map.groupBy(roots, ({ threadId }) => threadId ?? "");
  return Array.from(byThread, ([id, some]) => ({ id, roots: some.toReversed() }));
}

interface Summed {
  readonly totals: Totals;
  readonly latencies: Sketch;
  readonly firstTokens: Sketch;
}

/** `totalsOfRun` gives a root's tokens with those of everything under it. */
function summed(roots: readonly Run[], totalsOfRun: (run: Run) => Totals): Summed {
  const latencies = new Sketch();
  const firstTokens = new Sketch();
  for (const { durationMs, ttftMs, isStream } of roots) {
    if (durationMs !== null) latencies.add(durationMs);
    if (isStream && ttftMs !== null) firstTokens.add(ttftMs);
  }
  return { totals: totalsOf(roots.map(totalsOfRun)), latencies, firstTokens };
}

/** A conversation in a list; costs are decimal texts to the classic reads, numbers to the second version's. */
export function toWireThread({ id, roots }: Thread, totalsOfRun: (run: Run) => Totals): Wire {
  const { totals, latencies } = summed(roots, totalsOfRun);
  const first = roots[0];
  const last = roots.at(-1);
  const failed = roots.filter(({ status }) => statusWord(status) === "error");
  return {
    thread_id: id,
    group_key: id,
    count: roots.length,
    trace_id: last?.traceId ?? null,
    first_trace_id: first?.traceId ?? null,
    last_trace_id: last?.traceId ?? null,
    start_time: last ? `${wireTime(last.at)}Z` : null,
    min_start_time: first ? `${wireTime(first.at)}Z` : null,
    max_start_time: last ? `${wireTime(last.at)}Z` : null,
    first_inputs: first?.inputPreview ?? null,
    last_outputs: last?.outputPreview ?? null,
    last_error: failed.at(-1)?.errorMessage ?? null,
    num_errored_turns: failed.length,
    latency_p50: secondsOf(latencies.quantile(0.5)),
    latency_p99: secondsOf(latencies.quantile(0.99)),
    prompt_tokens: totals.inputTokens,
    completion_tokens: totals.outputTokens,
    total_tokens: totals.inputTokens + totals.outputTokens,
    total_token_details: { cache_read: totals.cachedTokens, reasoning: totals.reasoningTokens },
    total_cost: totals.costNanos === null ? null : decimalDollars(totals.costNanos),
    prompt_cost: totals.inputCostNanos === null ? null : decimalDollars(totals.inputCostNanos),
    completion_cost:
      totals.outputCostNanos === null ? null : decimalDollars(totals.outputCostNanos),
    feedback_stats: {},
  };
}

/** Figures of one conversation, or of several together, under the second version's names. */
export function threadStats(threads: readonly Thread[], totalsOfRun: (run: Run) => Totals): Wire {
  const roots = threads.flatMap((thread) => thread.roots);
  const { totals, latencies, firstTokens } = summed(roots, totalsOfRun);
  const starts = roots.map(({ at }) => at);
  const ends = roots.flatMap(({ endAt }) => endAt ?? []);
  const dollars = (nanos: number | null) => (nanos === null ? 0 : nanos / 1e9);
  const share = (isOne: (run: Run) => boolean) =>
    roots.length === 0 ? 0 : roots.filter(isOne).length / roots.length;
  return {
    thread_count: threads.length,
    trace_count: roots.length,
    turns: roots.length,
    first_start_time: starts.length === 0 ? null : `${wireTime(Math.min(...starts))}Z`,
    last_start_time: starts.length === 0 ? null : `${wireTime(Math.max(...starts))}Z`,
    last_end_time: ends.length === 0 ? null : `${wireTime(Math.max(...ends))}Z`,
    latency_p50_seconds: secondsOf(latencies.quantile(0.5)),
    latency_p99_seconds: secondsOf(latencies.quantile(0.99)),
    first_token_p50_seconds: secondsOf(firstTokens.quantile(0.5)),
    first_token_p99_seconds: secondsOf(firstTokens.quantile(0.99)),
    error_rate: share(({ status }) => statusWord(status) === "error"),
    streaming_rate: share(({ isStream }) => isStream),
    prompt_tokens: totals.inputTokens,
    completion_tokens: totals.outputTokens,
    total_tokens: totals.inputTokens + totals.outputTokens,
    prompt_token_details: { raw: { cache_read: totals.cachedTokens } },
    completion_token_details: { raw: { reasoning: totals.reasoningTokens } },
    prompt_cost: dollars(totals.inputCostNanos),
    completion_cost: dollars(totals.outputCostNanos),
    total_cost: dollars(totals.costNanos),
    prompt_cost_details: { raw: {} },
    completion_cost_details: { raw: {} },
    feedback_stats: {},
  };
}

/** The statistics that were selected, `LATENCY_P50` among them; all where none was. */
export function selectedStats(stats: Wire, select: readonly string[]): Wire {
  if (select.length === 0) return stats;
  const names = new Set(select.map((name) => name.toLowerCase()));
  return Object.fromEntries(
    Object.entries(stats).filter(
      ([name]) => names.has(name) || names.has(name.replace(/_seconds$/, "")),
    ),
  );
}
