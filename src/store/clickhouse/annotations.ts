/** Projects and feedback: what people and programs put to runs. */
import { WeirError } from "../../core/errors.ts";
import type { Feedback, Project } from "../../core/run.ts";
import {
  type FeedbackRow,
  type ProjectRow,
  toFeedbackRow,
  toProjectRow,
} from "../annotation-columns.ts";
import { listOf, quoted } from "./dialect.ts";
import { nextVersion, noteVersions } from "./schema.ts";
import type { ClickHouseServer } from "./server.ts";

const PROJECT =
  "id, tenant, name, description, start_at, end_at, reference_dataset_id, extra, last_run_at, version";
const FEEDBACK =
  "id, tenant, run, trace, project, key, score, value, correction, comment, source, source_type, experiment, extra, created_at, modified_at, version";

type NewFeedback = FeedbackRow & { readonly source_type: string };
type Kept<T> = T & { readonly version: string | number };

export function projectsWhere(
  server: ClickHouseServer,
  condition: string,
  tail = "",
): Promise<Kept<ProjectRow>[]> {
  const sql = `SELECT ${PROJECT} FROM project FINAL WHERE NOT is_gone AND (${condition}) ${tail}`;
  return noted(server.rows(sql));
}

export function feedbackWhere(
  server: ClickHouseServer,
  condition: string,
  tail = "",
): Promise<Kept<NewFeedback>[]> {
  const sql = `SELECT ${FEEDBACK} FROM feedback FINAL WHERE NOT is_gone AND (${condition}) ${tail}`;
  return noted(server.rows(sql));
}

export async function projectNamed(
  server: ClickHouseServer,
  tenantId: string,
  name: string,
): Promise<string | undefined> {
  const condition = `tenant = ${quoted(tenantId)} AND name = ${quoted(name)}`;
  return (await projectsWhere(server, condition))[0]?.id;
}

/** Makes projects that runs name, and notes when they last got one. */
export async function beginProjects(
  server: ClickHouseServer,
  named: readonly Pick<Project, "id" | "tenantId" | "name">[],
  now: number,
): Promise<void> {
  if (named.length === 0) return;
  const kept = await projectsWhere(server, `id IN ${listOf(named.map(({ id }) => id))}`);
  const byId = new Map(kept.map((row) => [row.id, row]));
  const rows = named.flatMap(({ id, tenantId: tenant, name }) => {
    const row = byId.get(id);
    if (row && row.tenant !== tenant) return [];
    return [{ ...(row ?? { id, tenant, name, start_at: now }), last_run_at: now }];
  });
  await server.insert("project", rows.map(versioned));
}

/** Rejects with conflict where the tenant has another project of that name. */
export async function putProject(
  server: ClickHouseServer,
  project: Omit<Project, "lastRunAt">,
): Promise<void> {
  const { id, tenantId: tenant, name } = project;
  const other = await projectNamed(server, tenant, name);
  if (other !== undefined && other !== id) {
    throw new WeirError("conflict", `There is a project ${name} already.`);
  }
  const [kept] = await projectsWhere(server, `id = ${quoted(id)}`);
  const row: ProjectRow = {
    ...toProjectRow(project),
    tenant: kept?.tenant ?? tenant,
    last_run_at: kept?.last_run_at ?? null,
  };
  await server.insert("project", [versioned(row)]);
}

/** Adds feedback, or changes that of the same id; another tenant's stays as it is. */
export async function putFeedback(
  server: ClickHouseServer,
  feedback: readonly Feedback[],
): Promise<void> {
  if (feedback.length === 0) return;
  const kept = await feedbackWhere(server, `id IN ${listOf(feedback.map(({ id }) => id))}`);
  const known = new Map<string, Pick<FeedbackRow, "tenant" | "created_at">>(
    kept.map((row) => [row.id, row]),
  );
  const rows = feedback.flatMap((one) => {
    const before = known.get(one.id);
    if (before && before.tenant !== one.tenantId) return [];
    const row = toNewFeedback(one, before?.created_at ?? one.createdAt);
    known.set(one.id, row);
    return [row];
  });
  await server.insert("feedback", rows.map(versioned));
}

export async function dropFeedback(server: ClickHouseServer, condition: string): Promise<void> {
  const rows = await feedbackWhere(server, condition);
  await server.insert(
    "feedback",
    rows.map(({ id }) => ({ id, is_gone: 1, version: nextVersion() })),
  );
}

export async function dropProject(server: ClickHouseServer, id: string): Promise<void> {
  await dropFeedback(server, `project = ${quoted(id)}`);
  await server.insert("project", [{ id, is_gone: 1, version: nextVersion() }]);
}

function toNewFeedback(feedback: Feedback, createdAt: number): NewFeedback {
  const { source } = feedback;
  const type = typeof source === "object" && source !== null && "type" in source && source.type;
  return {
    ...toFeedbackRow(feedback),
    source_type: typeof type === "string" ? type : "",
    created_at: createdAt,
  };
}

async function noted<T>(asked: Promise<Kept<T>[]>): Promise<Kept<T>[]> {
  const rows = await asked;
  noteVersions(rows);
  return rows;
}

function versioned<T extends object>(row: T): T & { is_gone: number; version: number } {
  return { ...row, is_gone: 0, version: nextVersion() };
}
