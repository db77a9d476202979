/** Projects and feedback as rows; ids are texts. */
import type { Feedback, Project } from "../core/run.ts";

export interface ProjectRow {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly description: string | null;
  readonly start_at: number;
  readonly end_at: number | null;
  readonly reference_dataset_id: string | null;
  readonly extra: string | null;
  readonly last_run_at: number | null;
}

export function toProjectOf(row: ProjectRow): Project {
  return {
    id: row.id,
    tenantId: row.tenant,
    name: row.name,
    description: row.description,
    startAt: row.start_at,
    endAt: row.end_at,
    referenceDatasetId: row.reference_dataset_id,
    extra: parsed(row.extra),
    lastRunAt: row.last_run_at,
  };
}

export function toProjectRow(project: Omit<Project, "lastRunAt">) {
  return {
    id: project.id,
    tenant: project.tenantId,
    name: project.name,
    description: project.description,
    start_at: project.startAt,
    end_at: project.endAt,
    reference_dataset_id: project.referenceDatasetId,
    extra: toJson(project.extra),
  } satisfies Omit<ProjectRow, "last_run_at">;
}

export interface FeedbackRow {
  readonly id: string;
  readonly tenant: string;
  readonly run: string | null;
  readonly trace: string | null;
  readonly project: string | null;
  readonly key: string;
  readonly score: number | null;
  readonly value: string | null;
  readonly correction: string | null;
  readonly comment: string | null;
  readonly source: string | null;
  readonly experiment: string | null;
  readonly extra: string | null;
  readonly created_at: number;
  readonly modified_at: number;
}

export function toFeedbackOf(row: FeedbackRow): Feedback {
  return {
    id: row.id,
    tenantId: row.tenant,
    runId: row.run,
    traceId: row.trace,
    projectId: row.project,
    key: row.key,
    score: row.score,
    value: parsed(row.value),
    correction: parsed(row.correction),
    comment: row.comment,
    source: parsed(row.source),
    comparativeExperimentId: row.experiment,
    extra: parsed(row.extra),
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
  };
}

export function toFeedbackRow(feedback: Feedback) {
  return {
    id: feedback.id,
    tenant: feedback.tenantId,
    run: feedback.runId,
    trace: feedback.traceId,
    project: feedback.projectId,
    key: feedback.key,
    score: feedback.score,
    value: toJson(feedback.value),
    correction: toJson(feedback.correction),
    comment: feedback.comment,
    source: toJson(feedback.source),
    experiment: feedback.comparativeExperimentId,
    extra: toJson(feedback.extra),
    created_at: feedback.createdAt,
    modified_at: feedback.modifiedAt,
  } satisfies FeedbackRow;
}

function toJson(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}

function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}
