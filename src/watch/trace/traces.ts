/**
 * What the rest of the house asks of kept traces. Answers come from the trace thread and its reader,
 * whichever database stands behind them.
 */
import type { Feedback, KeptRun, Project, Run, RunPart, RunPayload } from "../../core/run.ts";
import type {
  FigureCell,
  FigureQuery,
  RunFilter,
  RunPage,
  RunQuery,
} from "../../core/run-query.ts";
import type { IngestBody, Ingested } from "./ingest.ts";

/** A body as it came, before decompression. */
export interface IngestRequest extends IngestBody {
  /** `identity`, `gzip`, `zstd`, `deflate` or `br`. */
  readonly contentEncoding: string;
}

/** Totals of a trace: a root shows what its whole tree used. */
export interface TraceSum {
  readonly runs: number;
  readonly errors: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
  /** Null where nothing in it has a price. */
  readonly costNanos: number | null;
  readonly inputCostNanos: number | null;
  readonly outputCostNanos: number | null;
  readonly endAt: number | null;
}

export interface FeedbackQuery {
  readonly tenantId?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly runIds?: readonly string[] | undefined;
  readonly traceId?: string | undefined;
  readonly projectId?: string | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly sources?: readonly string[] | undefined;
  readonly comparativeExperimentId?: string | undefined;
  readonly limit: number;
  readonly offset?: number | undefined;
}

export interface ProjectQuery {
  readonly tenantId?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly nameContains?: string | undefined;
  readonly referenceDatasetIds?: readonly string[] | undefined;
  readonly isReferenceFree?: boolean | undefined;
  readonly limit: number;
  readonly offset?: number | undefined;
}

export interface Traces {
  /**
   * Decompresses, decodes, masks and takes a body; resolves when it stands in the append log. Rejects
   * with invalid_request (nothing could be taken), overloaded (try again later) or storage_full.
   */
  ingest(request: IngestRequest): Promise<Ingested>;
  /** As `ingest`, for what is decoded already. */
  add(parts: readonly RunPart[], feedback?: readonly Feedback[]): Promise<void>;
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
  /** Adds a project, or changes the one of that id. Rejects with conflict where the tenant has another of that name. */
  putProject(project: Omit<Project, "lastRunAt">): Promise<void>;
  /** With everything that belongs to it. */
  removeProject(id: string): Promise<void>;
  feedback(query: FeedbackQuery): Promise<Feedback[]>;
  putFeedback(feedback: Feedback): Promise<void>;
  removeFeedback(id: string): Promise<void>;
  /** Deletes runs with texts, attachments and feedback; gives how many. */
  remove(what: {
    tenantId?: string;
    ids?: readonly string[];
    traceIds?: readonly string[];
    userId?: string;
    filter?: RunFilter;
  }): Promise<number>;
  /** Resolves when everything accepted so far can be read. */
  merged(): Promise<void>;
}
