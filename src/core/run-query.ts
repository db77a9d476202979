/** What is asked of kept runs: which of them, and which figures. Every trace database answers the same. */
import type { Run } from "./run.ts";
import type { Sketch } from "./sketch.ts";

/** Columns that filters compare. `latency` is seconds; `startTime` and `endTime` epoch milliseconds. */
export type RunField =
  | "id"
  | "traceId"
  | "parentId"
  | "projectId"
  | "source"
  | "name"
  | "type"
  | "status"
  | "startTime"
  | "endTime"
  | "latency"
  | "firstTokenSeconds"
  | "model"
  | "provider"
  | "target"
  | "route"
  | "keyId"
  | "keyName"
  | "userId"
  | "threadId"
  | "promptVersion"
  | "inputTokens"
  | "outputTokens"
  | "totalTokens"
  | "cachedTokens"
  | "reasoningTokens"
  | "costDollars"
  | "error"
  | "errorCode"
  | "finishReason"
  | "isStream"
  | "guarded"
  | "referenceExampleId"
  | "cache";

export type Comparison = "eq" | "neq" | "gt" | "gte" | "lt" | "lte";
export type FilterValue = string | number | boolean | null;

/** A condition on a run. `error eq/neq null` asks whether it failed. */
export type RunFilter =
  | { readonly op: "and" | "or"; readonly of: readonly RunFilter[] }
  | { readonly op: "not"; readonly of: RunFilter }
  | { readonly op: Comparison; readonly field: RunField; readonly value: FilterValue }
  | { readonly op: "in"; readonly field: RunField; readonly values: readonly FilterValue[] }
  /** SQL's LIKE: `%` any, `_` one; without regard to case. */
  | { readonly op: "like"; readonly field: RunField; readonly value: string }
  | { readonly op: "tag"; readonly value: string }
  /** `value` absent: the key is there at all. */
  | {
      readonly op: "metadata";
      readonly key: string;
      readonly cmp: Comparison;
      readonly value?: FilterValue;
    }
  /** `cmp` absent: there is feedback of this key at all. */
  | {
      readonly op: "feedback";
      readonly key: string;
      readonly cmp?: Comparison;
      readonly score?: number;
    }
  /** Every word is in the previews or the name; with `*` after the last one, its beginning. */
  | { readonly op: "search"; readonly text: string }
  /** Of the root of its trace; of any run of its trace. */
  | { readonly op: "root" | "tree"; readonly of: RunFilter };

export interface RunQuery {
  /** Absent: all tenants. */
  readonly tenantId?: string | undefined;
  readonly filter?: RunFilter | undefined;
  /** Only runs without a parent. A call under somebody's trace is none. */
  readonly isRoot?: boolean | undefined;
  /** By start; `desc` is the newest first. */
  readonly order?: "asc" | "desc" | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface RunPage {
  readonly runs: readonly Run[];
  readonly next: string | null;
}

/** What a tree of runs shows of each: traces may have tens of thousands. */
export type RunOutline = Pick<
  Run,
  | "id"
  | "parentId"
  | "name"
  | "type"
  | "status"
  | "at"
  | "durationMs"
  | "ttftMs"
  | "model"
  | "costNanos"
  | "inputTokens"
  | "outputTokens"
  | "isCovered"
>;

export interface OutlinePage {
  readonly runs: readonly RunOutline[];
  readonly next: string | null;
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

export const DIMENSIONS = [
  "model",
  "target",
  "provider",
  "route",
  "key",
  "user",
  "tenant",
  "project",
  "tag",
  "promptVersion",
  "type",
  "source",
  "status",
  "thread",
  "name",
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/**
 * Figures of finished runs. Runs that are covered by a call of ours, and shadow calls, are left out:
 * nothing is counted twice.
 */
export interface FigureQuery {
  readonly tenantId?: string | undefined;
  readonly from: number;
  readonly to: number;
  /** Multiples of a minute; absent: one bucket for the whole. */
  readonly bucketMs?: number | undefined;
  /** At most two. Values of `tag` overlap: a run counts in each of its tags. */
  readonly by: readonly Dimension[];
  readonly where?: Partial<Readonly<Record<Dimension, readonly string[]>>> | undefined;
  /** Any further condition: the runs themselves are read then, which is slower. */
  readonly filter?: RunFilter | undefined;
}

/** The sums of one bucket and one combination of dimension values ("" where a run has none). Weighted by sampling. */
export interface FigureCell {
  /** The bucket's start; `from` where there is one bucket. */
  readonly at: number;
  /** In the order of `by`. Projects and keys by id. */
  readonly values: readonly string[];
  readonly runs: number;
  readonly errors: number;
  readonly blocked: number;
  readonly canceled: number;
  readonly guarded: number;
  readonly streamed: number;
  /** Runs that say their tokens. */
  readonly counted: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  readonly imageTokens: number;
  readonly audioTokens: number;
  readonly costNanos: number;
  readonly inputCostNanos: number;
  readonly outputCostNanos: number;
  /** Runs with tokens but no known price. */
  readonly unpriced: number;
  /**
   * Milliseconds: of successful runs end to end; of streamed ones to the first token and between
   * tokens; in queues.
   */
  readonly duration: Sketch;
  readonly ttft: Sketch;
  readonly perToken: Sketch;
  readonly queue: Sketch;
}
