/** What goes into a trace database and what comes back to be merged: whichever database it is. */
import type { LogPosition } from "./log-position.ts";
import type { AttachmentPart, Feedback, KeptRun, Project, Run, RunRecord } from "./run.ts";

/** What goes into the database together, with the log position that it brings us to. */
export interface RunBatch {
  readonly runs: readonly { readonly record: RunRecord; readonly before: Run | undefined }[];
  readonly feedback: readonly Feedback[];
  /** Projects that runs name; those that are there stay as they are. */
  readonly projects: readonly Pick<Project, "id" | "tenantId" | "name">[];
  readonly position: LogPosition | undefined;
  readonly now: number;
}

/** A run that is kept, with what a late part is merged into. */
export interface StoredRun extends KeptRun {
  readonly attachments: readonly AttachmentPart[];
  readonly isPatched: boolean;
}
