import type { DatabaseSync } from "node:sqlite";
import type { Feedback, Project } from "../../../core/run.ts";
import { WeirError } from "../../../core/errors.ts";
import { toFeedbackRow, toProjectRow } from "../../annotation-columns.ts";
import { uuidToBytes } from "./schema.ts";

/** What people and programs put to runs: the projects that they belong to, and feedback. */
export class Annotations {
  private readonly sql;

  constructor(db: DatabaseSync) {
    this.sql = {
      begin: db.prepare(
        `INSERT INTO project (id, tenant, name, start_at, last_run_at) VALUES ($id, $tenant, $name, $now, $now)
         ON CONFLICT (id) DO UPDATE SET last_run_at = $now WHERE project.tenant = $tenant ON CONFLICT (tenant, name) DO NOTHING`,
      ),
      put: db.prepare(
        `INSERT INTO project (id, tenant, name, description, start_at, end_at, reference_dataset_id, extra)
         VALUES ($id, $tenant, $name, $description, $start_at, $end_at, $reference_dataset_id, $extra) ON CONFLICT (id) DO UPDATE SET name = excluded.name,
         description = excluded.description, start_at = excluded.start_at, end_at = excluded.end_at,
         reference_dataset_id = excluded.reference_dataset_id, extra = excluded.extra`,
      ),
      named: db.prepare("SELECT id FROM project WHERE tenant = ? AND name = ?"),
      drop: db.prepare("DELETE FROM project WHERE id = ?"),
      dropFeedbackOf: db.prepare("DELETE FROM feedback WHERE project = ?"),
      putFeedback: db.prepare(
        `INSERT INTO feedback (id, tenant, run, trace, project, key, score, value, correction, comment, source,
         experiment, extra, created_at, modified_at) VALUES ($id, $tenant, $run, $trace, $project, $key, $score, $value,
         $correction, $comment, $source, $experiment, $extra, $created_at, $modified_at)
         ON CONFLICT (id) DO UPDATE SET run = excluded.run, trace = excluded.trace, project = excluded.project,
         key = excluded.key, score = excluded.score, value = excluded.value, correction = excluded.correction,
         comment = excluded.comment, source = excluded.source, experiment = excluded.experiment,
         extra = excluded.extra, modified_at = excluded.modified_at WHERE feedback.tenant = excluded.tenant`,
      ),
      dropFeedback: db.prepare("DELETE FROM feedback WHERE id = ?"),
    };
  }

  /** Makes a project that a run names, and notes when it last got one. */
  begin({
    id,
    tenantId,
    name,
    now,
  }: {
    id: string;
    tenantId: string;
    name: string;
    now: number;
  }): void {
    this.sql.begin.run({ id, tenant: tenantId, name, now });
  }

  projectNamed(tenantId: string, name: string): string | undefined {
    const row = this.sql.named.get(tenantId, name);
    return row && String(row["id"]);
  }

  /** Throws conflict where the tenant has another project of that name. */
  putProject(project: Omit<Project, "lastRunAt">): void {
    const other = this.projectNamed(project.tenantId, project.name);
    if (other !== undefined && other !== project.id) {
      throw new WeirError("conflict", `There is a project ${project.name} already.`);
    }
    this.sql.put.run(toProjectRow(project));
  }

  dropProject(id: string): void {
    this.sql.dropFeedbackOf.run(id);
    this.sql.drop.run(id);
  }

  /** Adds it, or changes the one of that id; another tenant's stays as it is. */
  putFeedback(feedback: Feedback): void {
    const { run, trace, ...row } = toFeedbackRow(feedback);
    const ids = { run: run && uuidToBytes(run), trace: trace && uuidToBytes(trace) };
    this.sql.putFeedback.run({ ...row, ...ids });
  }

  removeFeedback(id: string): void {
    this.sql.dropFeedback.run(id);
  }
}
