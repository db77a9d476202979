import type { Project } from "../../core/run.ts";
import type { Wire } from "./run-fields.ts";
import { tenantUuid } from "./uuid.ts";
import { wireTime } from "./wire-time.ts";

/** Nullable fields are there too: the Python SDK insists. */
export function toWireProject(project: Project): Wire {
  const last = project.lastRunAt === null ? null : wireTime(project.lastRunAt);
  return {
    id: project.id,
    tenant_id: tenantUuid(project.tenantId),
    name: project.name,
    description: project.description,
    start_time: wireTime(project.startAt),
    end_time: project.endAt === null ? null : wireTime(project.endAt),
    extra: project.extra ?? {},
    reference_dataset_id: project.referenceDatasetId,
    default_dataset_id: null,
    trace_tier: null,
    last_run_start_time: last,
    last_run_start_time_live: last,
    test_run_number: null,
  };
}

/** Of the second version: times with a zone, and what kind of project it is. */
export function toWireProject2(view: Wire): Wire {
  const zoned = (value: unknown) => (typeof value === "string" ? `${value}Z` : null);
  const isAgent = /^agents\/[^/]+\/environments\/[^/]+$/.test(String(view["name"]));
  const isExperiment = view["reference_dataset_id"] !== null;
  const dollars = (field: string) =>
    view[field] === undefined ? {} : { [field]: Number(view[field]) };
  return {
    ...view,
    type: isExperiment ? "EXPERIMENT" : isAgent ? "AGENT" : "PROJECT",
    start_time: zoned(view["start_time"]),
    end_time: zoned(view["end_time"]),
    last_run_start_time: zoned(view["last_run_start_time"]),
    last_run_start_time_live: zoned(view["last_run_start_time_live"]),
    ...dollars("total_cost"),
    ...dollars("prompt_cost"),
    ...dollars("completion_cost"),
  };
}
