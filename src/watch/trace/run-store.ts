/** What the trace thread asks of a database. Each of them gives it in full: one suite of tests judges all. */
import type { LogPosition } from "../../core/log-position.ts";
import type { Feedback, KeptRun, Project, Run, RunPayload } from "../../core/run.ts";
import type { RunBatch, StoredRun } from "../../core/run-batch.ts";
import type {
  FeedbackQuery,
  FigureCell,
  FigureQuery,
  OutlinePage,
  ProjectQuery,
  RunPage,
  RunQuery,
  TraceSum,
} from "../../core/run-query.ts";

/** There is one writer. Each of its changes is made whole or not at all. */
export interface RunWriter {
  position(): Promise<LogPosition | undefined>;
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

/** What can be asked of kept runs. */
export interface RunReader {
  /** Newest first unless asked otherwise. */
  runs(query: RunQuery): Promise<RunPage>;
  count(query: Omit<RunQuery, "limit" | "cursor">): Promise<number>;
  /** Runs with their texts, in the order of the ids; those that are not there are left out. */
  find(ids: readonly string[], tenantId?: string): Promise<KeptRun[]>;
  /** The runs of a trace without texts, by start; `cursor` goes on where a page of `limit` ended. */
  trace(
    traceId: string,
    options: { tenantId?: string; limit: number; cursor?: string },
  ): Promise<RunPage>;
  /** As `trace`, but only what a tree shows: of a large trace that is read several times as fast. */
  outline(traceId: string, options: { limit: number; cursor?: string }): Promise<OutlinePage>;
  payloads(ids: readonly string[]): Promise<Record<string, RunPayload>>;
  attachment(
    runId: string,
    name: string,
  ): Promise<{ mimeType: string; bytes: Uint8Array } | undefined>;
  /** By trace id; what a call of ours counts for its client is counted once. */
  sums(traceIds: readonly string[]): Promise<Record<string, TraceSum>>;
  figures(query: FigureQuery): Promise<FigureCell[]>;
  /** The values of a field that occur in a window, with how often, the most frequent first. */
  facets(
    query: Omit<RunQuery, "limit" | "cursor">,
    fields: readonly (keyof Run)[],
    limit: number,
  ): Promise<Record<string, { value: string; count: number }[]>>;
  projects(query: ProjectQuery): Promise<Project[]>;
  feedback(query: FeedbackQuery): Promise<Feedback[]>;
  close(): Promise<void>;
}
