/**
 * What the rest of the house asks of kept traces. Answers come from the trace thread and its reader,
 * whichever database stands behind them.
 */
import type { Feedback, Project, RunPart } from "../../core/run.ts";
import type { FigureCell, FigureQuery, RunFilter } from "../../core/run-query.ts";
import type { IngestBody, Ingested } from "./ingest.ts";
import type { RunReader } from "./run-store.ts";

/** A body as it came, before decompression. */
export interface IngestRequest extends IngestBody {
  /** `identity`, `gzip`, `zstd`, `deflate` or `br`. */
  readonly contentEncoding: string;
}

export interface Traces extends Omit<RunReader, "close" | "outline" | "figures"> {
  /** `top`: of so many of the busiest values, and of the rest as one without values. */
  figures(query: FigureQuery & { readonly top?: number | undefined }): Promise<FigureCell[]>;
  /** The tree of a trace as JSON, columns of http's TraceTree: written beside the threads that serve calls. */
  tree(traceId: string, options: { limit: number; cursor?: string }): Promise<Uint8Array>;
  /**
   * Decompresses, decodes, masks and takes a body; resolves when it stands in the append log. Rejects
   * with invalid_request (nothing could be taken), overloaded (try again later) or storage_full.
   */
  ingest(request: IngestRequest): Promise<Ingested>;
  /** As `ingest`, for what is decoded already. */
  add(parts: readonly RunPart[], feedback?: readonly Feedback[]): Promise<void>;
  /** Adds a project, or changes the one of that id. Rejects with conflict where the tenant has another of that name. */
  putProject(project: Omit<Project, "lastRunAt">): Promise<void>;
  /** With everything that belongs to it. */
  removeProject(id: string): Promise<void>;
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
