import type { Feedback, Project } from "../../core/run.ts";
import type { Traces } from "../trace/traces.ts";
import { feedbackStats } from "./feedback-stats.ts";
import type { Wire } from "./run-fields.ts";
import { NO_FIGURES, figuresView } from "./run-stats.ts";

const END_OF_TIME = 253_402_300_799_999;
const MAX_FEEDBACK = 10_000;

/** Tokens and cost of all runs; latencies, counts and rates of traces, which are their roots. */
export async function projectFigures(
  traces: Traces,
  projects: readonly Project[],
  since: number,
): Promise<ReadonlyMap<string, Wire>> {
  const [first] = projects;
  if (!first) return new Map<string, Wire>();
  const ids = projects.map(({ id }) => id);
  const asked = {
    tenantId: first.tenantId,
    from: since,
    to: END_OF_TIME,
    by: ["project"],
    where: { project: ids },
  } as const;
  const [all, roots] = await Promise.all([
    traces.figures(asked),
    traces.figures({ ...asked, filter: { op: "eq", field: "parentId", value: null } }),
  ]);
  const views = projects.map(async (project) => {
    const whole = all.find(({ values }) => values[0] === project.id);
    const root = roots.find(({ values }) => values[0] === project.id);
    const sums = whole ? figuresView(whole) : NO_FIGURES;
    const times = root ? figuresView(root) : NO_FIGURES;
    const feedback = await feedbackOf(traces, project);
    return [
      project.id,
      {
        ...sums,
        latency_p50: times["latency_p50"],
        latency_p99: times["latency_p99"],
        error_rate: times["error_rate"],
        run_count: root?.runs ?? 0,
        feedback_stats: feedbackStats(feedback.filter(({ runId }) => runId !== null)),
        session_feedback_stats: feedbackStats(feedback.filter(({ runId }) => runId === null)),
        run_facets: [],
      },
    ] as const;
  });
  return new Map<string, Wire>(await Promise.all(views));
}

/** Older SDKs say of an experiment's scores only the run: these are found by its runs. */
async function feedbackOf(traces: Traces, project: Project): Promise<Feedback[]> {
  const { id, tenantId, referenceDatasetId } = project;
  const own = await traces.feedback({ tenantId, projectId: id, limit: MAX_FEEDBACK });
  if (referenceDatasetId === null) return own;
  const filter = { op: "eq", field: "projectId", value: id } as const;
  const { runs } = await traces.runs({ tenantId, filter, isRoot: true, limit: MAX_FEEDBACK });
  if (runs.length === 0) return own;
  const runIds = runs.map((run) => run.id);
  const ofRuns = await traces.feedback({ tenantId, runIds, limit: MAX_FEEDBACK });
  return [...new Map([...own, ...ofRuns].map((one) => [one.id, one])).values()];
}
