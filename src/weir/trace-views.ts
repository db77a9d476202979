import type { FindingRecord, Timeline } from "../core/call.ts";
import type { Feedback, KeptRun, Run } from "../core/run.ts";
import type { FigureCell, RunFilter, TraceSum } from "../core/run-query.ts";
import type { Sketch } from "../core/sketch.ts";
import type { Distribution, Figure, Overhead, RunFilters, RunRow } from "../http/trace-schemas.ts";
import type { OverheadReport } from "../watch/metrics/overhead.ts";
import { filterOf } from "../watch/langsmith/filter-language.ts";
import { toSpans } from "../watch/trace/spans.ts";

/** Runs and figures in the words of the admin API. */

const EQUALS = {
  project: "projectId",
  source: "source",
  status: "status",
  type: "type",
  name: "name",
  model: "model",
  target: "target",
  route: "route",
  key: "keyName",
  user: "userId",
  thread: "threadId",
  prompt: "promptVersion",
} as const;

/** What the filters of the admin API ask of the store. Throws invalid_request for a filter that cannot be followed. */
export function toRunFilter(query: RunFilters): RunFilter | undefined {
  const of: RunFilter[] = [];
  const isOfTraces = query.root === true;
  for (const [name, field] of Object.entries(EQUALS)) {
    const value = query[name as keyof typeof EQUALS];
    if (value === undefined) continue;
    const one: RunFilter = { op: "eq", field, value };
    // A trace's model is that of a run inside: roots are chains that name none.
    of.push(isOfTraces && name === "model" ? { op: "tree", of: one } : one);
  }
  if (query.tag !== undefined) of.push({ op: "tag", value: query.tag });
  if (query.search?.trim()) of.push({ op: "search", text: query.search });
  if (query.from !== undefined) of.push({ op: "gte", field: "startTime", value: query.from });
  if (query.to !== undefined) of.push({ op: "lt", field: "startTime", value: query.to });
  if (query.minDurationMs !== undefined) {
    of.push({ op: "gte", field: "latency", value: query.minDurationMs / 1000 });
  }
  if (query.guarded !== undefined) of.push({ op: "eq", field: "guarded", value: query.guarded });
  if (query.filter?.trim()) of.push(filterOf(query.filter));
  return of.length === 0 ? undefined : { op: "and", of };
}

export function toRunRow(run: Run, sum: TraceSum | null = null): RunRow {
  // The answer's schema leaves out what it does not name.
  return { ...run, tags: [...run.tags], findings: run.call?.findings.length ?? 0, sum };
}

export function toRunDetail({ run, payload }: KeptRun, feedback: readonly Feedback[]) {
  const timeline = run.call?.timeline as Timeline | null | undefined; // as the gateway recorded it
  return {
    run: toRunRow(run),
    payload: payload as Record<string, unknown>,
    spans: timeline
      ? toSpans({
          id: run.id.replaceAll("-", ""),
          route: run.route ?? "",
          status: run.status === "success" ? "ok" : run.status,
          timeline,
          cache: run.call?.cache ?? null,
        })
      : [],
    findings: [...((run.call?.findings ?? []) as readonly FindingRecord[])], // as the gateway recorded them
    feedback: feedback.map(toFeedbackRow),
  };
}

/** By run: how often each key was given, and its mean score. */
export function countFeedback(
  feedback: readonly Feedback[],
): ReadonlyMap<string | null, NonNullable<RunRow["feedback"]>> {
  const byRun = Map.groupBy(feedback, ({ runId }) => runId);
  return new Map(Array.from(byRun, ([runId, given]) => [runId, countByKey(given)] as const));
}

function countByKey(given: readonly Feedback[]): NonNullable<RunRow["feedback"]> {
  const byKey = Map.groupBy(given, ({ key }) => key);
  return Array.from(byKey, ([key, all]) => ({ key, count: all.length, score: mean(all) }));
}

function mean(feedback: readonly Feedback[]): number | null {
  const scores = feedback.flatMap(({ score }) => (score === null ? [] : [score]));
  return scores.length === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

export function toFeedbackRow({ id, key, score, value, comment, createdAt }: Feedback) {
  return { id, key, score, value: value ?? null, comment, createdAt };
}

export function toFigure(cell: FigureCell): Figure {
  const { duration, ttft, perToken, queue, values, ...sums } = cell;
  return {
    ...sums,
    values: [...values],
    durationMs: toDistribution(duration),
    ttftMs: toDistribution(ttft),
    perTokenMs: toDistribution(perToken),
    queueMs: toDistribution(queue),
  };
}

export function toOverhead({ from, stages }: OverheadReport): Overhead {
  return { from, stages: stages.map(({ stage, times }) => ({ stage, ms: toDistribution(times) })) };
}

function toDistribution(sketch: Sketch): Distribution {
  const { count, mean, max } = sketch;
  return {
    count: Math.round(count * 100) / 100,
    mean,
    p50: sketch.quantile(0.5),
    p90: sketch.quantile(0.9),
    p95: sketch.quantile(0.95),
    p99: sketch.quantile(0.99),
    max: count > 0 ? max : null,
  };
}
