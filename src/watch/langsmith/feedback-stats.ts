import type { Feedback } from "../../core/run.ts";
import type { Wire } from "./run-fields.ts";

const MAX_SAMPLES = 10;

/** What scores of one key come to, as LangSmith shows it beside a run. */
function statsOf(all: readonly Feedback[]): Wire {
  const scores = all.flatMap(({ score }) => (score === null ? [] : [score]));
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  const values: Record<string, number> = {};
  for (const { value } of all) {
    if (typeof value === "string") values[value] = (values[value] ?? 0) + 1;
  }
  return {
    n: all.length,
    avg: scores.length === 0 ? null : mean,
    stdev: scores.length < 2 ? null : Math.sqrt(squares / (scores.length - 1)),
    min: scores.length === 0 ? null : Math.min(...scores),
    max: scores.length === 0 ? null : Math.max(...scores),
    errors: all.filter(({ extra }) => (extra as Wire | null)?.["error"] === true).length,
    values,
    comments: all.flatMap(({ comment }) => comment ?? []).slice(0, MAX_SAMPLES),
    sources: [...new Set(all.map(sourceType))].slice(0, MAX_SAMPLES),
    contains_thread_feedback: false,
  };
}

function sourceType({ source }: Feedback): string {
  const type = (source as Wire | null)?.["type"];
  return typeof type === "string" ? type : "api";
}

/** By key. */
export function feedbackStats(all: readonly Feedback[]): Record<string, Wire> {
  const byKey = Map.groupBy(all, ({ key }) => key);
  return Object.fromEntries(Array.from(byKey, ([key, some]) => [key, statsOf(some)]));
}

/** By what belongs to it, as the run of each. */
export function feedbackStatsBy(
  all: readonly Feedback[],
  of: (feedback: Feedback) => string | null,
): ReadonlyMap<string, Record<string, Wire>> {
  const grouped = Map.groupBy(all, (feedback) => of(feedback) ?? "");
  return new Map(Array.from(grouped, ([id, some]) => [id, feedbackStats(some)]));
}
