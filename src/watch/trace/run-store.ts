/** What the trace thread asks of a database. Each of them gives it in full: one suite of tests judges all. */
import type {
  AttachmentPart,
  Feedback,
  KeptRun,
  Project,
  Run,
  RunPayload,
  RunRecord,
} from "../../core/run.ts";
import type { FigureCell, FigureQuery, RunPage, RunQuery } from "../../core/run-query.ts";
import type { FeedbackQuery, ProjectQuery, TraceSum } from "./traces.ts";

/** A place in the append log: everything before it is in the database. */
export interface StorePosition {
  readonly segment: string;
  readonly offset: number;
}

/** What goes into the database together, with the log position that it brings us to. */
export interface RunBatch {
  readonly runs: readonly { readonly record: RunRecord; readonly before: Run | undefined }[];
  readonly feedback: readonly Feedback[];
  /** Projects that runs name; those that are there stay as they are. */
  readonly projects: readonly {
    readonly id: string;
    readonly tenantId: string;
    readonly name: string;
  }[];
  readonly position: StorePosition | undefined;
  readonly now: number;
}

/** A run that is kept, with what a late part is merged into. */
export interface StoredRun extends KeptRun {
  readonly attachments: readonly AttachmentPart[];
  readonly isPatched: boolean;
}

/** There is one writer. Each of its changes is made whole or not at all. */
export interface RunWriter {
  position(): Promise<StorePosition | undefined>;
  /** Those of these runs that are kept already. */
  stored(ids: readonly string[]): Promise<Map<string, StoredRun>>;
  projectNamed(tenantId: string, name: string): Promise<string | undefined>;
  write(batch: RunBatch): Promise<void>;
  putFeedback(feedback: Feedback): Promise<void>;
  removeFeedback(id: string): Promise<void>;
  /** Rejects with conflict where the tenant has another project of that name. */
  putProject(project: Omit<Project, "lastRunAt">): Promise<void>;
  /** With everything that belongs to it; gives how many runs those were. */
  removeProject(id: string): Promise<number>;
  /** Removes these runs with everything of theirs; gives how many were there. */
  remove(ids: readonly string[]): Promise<number>;
  /** Removes a user's runs, and his name from the figures. */
  removeUser(userId: string, tenantId: string | undefined): Promise<number>;
  /** Deletes what is older than `before`, at most `limit` runs at once; gives how many went. */
  prune(before: number, limit: number, now: number): Promise<number>;
  /** Puts things in better order while nothing else is to be done; gives whether there may be more. */
  compact(): Promise<boolean>;
  usedBytes(): Promise<number>;
  /** The start of the oldest run; undefined where there is none. */
  oldest(): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Answers as `Traces` does. */
export interface RunReader {
  runs(query: RunQuery): Promise<RunPage>;
  count(query: Omit<RunQuery, "limit" | "cursor">): Promise<number>;
  find(ids: readonly string[], tenantId?: string): Promise<KeptRun[]>;
  trace(
    traceId: string,
    options: { tenantId?: string; limit: number; cursor?: string },
  ): Promise<RunPage>;
  payloads(ids: readonly string[]): Promise<Record<string, RunPayload>>;
  attachment(
    runId: string,
    name: string,
  ): Promise<{ mimeType: string; bytes: Uint8Array } | undefined>;
  sums(traceIds: readonly string[]): Promise<Record<string, TraceSum>>;
  figures(query: FigureQuery): Promise<FigureCell[]>;
  facets(
    query: Omit<RunQuery, "limit" | "cursor">,
    fields: readonly (keyof Run)[],
    limit: number,
  ): Promise<Record<string, { value: string; count: number }[]>>;
  projects(query: ProjectQuery): Promise<Project[]>;
  feedback(query: FeedbackQuery): Promise<Feedback[]>;
  close(): Promise<void>;
}
