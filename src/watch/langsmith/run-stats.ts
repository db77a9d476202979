import type { FigureCell, RunFilter } from "../../core/run-query.ts";
import type { Sketch } from "../../core/sketch.ts";
import type { Traces } from "../trace/traces.ts";
import { feedbackStats } from "./feedback-stats.ts";
import type { Wire } from "./run-fields.ts";
import { decimalDollars } from "./totals.ts";

/** All of time that a store may hold. */
const ALL = { from: 0, to: 253_402_300_799_999 };
const MAX_FEEDBACK = 10_000;

/** Figures of the runs that a search finds. */
export async function statsOf(
  traces: Traces,
  asked: {
    readonly tenantId: string;
    readonly filter: RunFilter | undefined;
    readonly isRoot?: boolean | undefined;
  },
): Promise<Wire> {
  const { tenantId, isRoot } = asked;
  const roots: RunFilter = { op: "eq", field: "parentId", value: null };
  const filter: RunFilter | undefined =
    isRoot === true
      ? asked.filter
        ? { op: "and", of: [asked.filter, roots] }
        : roots
      : asked.filter;
  const [cells, count, newest] = await Promise.all([
    traces.figures({ tenantId, ...ALL, by: [], filter }),
    traces.count({ tenantId, filter: asked.filter, isRoot }),
    traces.runs({ tenantId, filter: asked.filter, isRoot, limit: 1 }),
  ]);
  const runIds = newest.runs.length === 0 ? [] : await someIds(traces, { ...asked });
  const feedback =
    runIds.length === 0 ? [] : await traces.feedback({ tenantId, runIds, limit: MAX_FEEDBACK });
  const [cell] = cells;
  const last = newest.runs[0]?.at;
  return {
    run_count: count,
    ...(cell ? figuresView(cell) : NO_FIGURES),
    last_run_start_time: last === undefined ? null : new Date(last).toISOString(),
    feedback_stats: feedbackStats(feedback),
    run_facets: [],
  };
}

/** Feedback is told of the newest of them. */
async function someIds(
  traces: Traces,
  asked: {
    readonly tenantId: string;
    readonly filter: RunFilter | undefined;
    readonly isRoot?: boolean | undefined;
  },
): Promise<string[]> {
  const { runs } = await traces.runs({ ...asked, limit: 1000 });
  return runs.map(({ id }) => id);
}

const seconds = (sketch: Sketch, share: number) => {
  const ms = sketch.quantile(share);
  return ms === null ? null : ms / 1000;
};

/** One cell in LangSmith's words: seconds, shares of one, decimal dollars. */
export function figuresView(cell: FigureCell): Wire {
  const { duration, ttft, runs } = cell;
  const mean = duration.mean;
  return {
    latency_p50: seconds(duration, 0.5),
    latency_p99: seconds(duration, 0.99),
    latency_avg: mean === null ? null : mean / 1000,
    first_token_p50: seconds(ttft, 0.5),
    first_token_p99: seconds(ttft, 0.99),
    prompt_tokens: cell.inputTokens,
    completion_tokens: cell.outputTokens,
    total_tokens: cell.inputTokens + cell.outputTokens,
    prompt_token_details: { cache_read: cell.cachedTokens, cache_creation: cell.cacheWriteTokens },
    completion_token_details: { reasoning: cell.reasoningTokens },
    prompt_cost: decimalDollars(cell.inputCostNanos),
    completion_cost: decimalDollars(cell.outputCostNanos),
    total_cost: decimalDollars(cell.costNanos),
    error_rate: runs === 0 ? null : (cell.errors + cell.blocked + cell.canceled) / runs,
    streaming_rate: runs === 0 ? null : cell.streamed / runs,
  };
}

/** Where nothing has ended yet. */
export const NO_FIGURES: Wire = {
  latency_p50: null,
  latency_p99: null,
  latency_avg: null,
  first_token_p50: null,
  first_token_p99: null,
  prompt_tokens: 0,
  completion_tokens: 0,
  total_tokens: 0,
  prompt_token_details: {},
  completion_token_details: {},
  prompt_cost: "0",
  completion_cost: "0",
  total_cost: "0",
  error_rate: null,
  streaming_rate: null,
};
