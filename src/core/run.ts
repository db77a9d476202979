/**
 * A run: one step of a trace, in the words of LangSmith and OpenTelemetry together. A call of ours, a
 * chain of a LangChain program and a span of a collector are all kept as one. Times are epoch
 * milliseconds (a fraction is its microseconds), durations milliseconds, money nano-dollars. Ids are
 * UUIDs in lower case with dashes.
 */
import type { Nanos } from "./money.ts";

/** Where a run came from: Weir's own calls, the LangSmith API, or OTLP. */
export type RunSource = "call" | "langsmith" | "otlp";

/** `pending`: no end was told yet. `blocked`: the guard refused it. `canceled`: the client left. */
export type RunStatus = "pending" | "success" | "error" | "blocked" | "canceled";

/** Scalars that lists can be filtered by. At most 64 of a run, values cut at 256 characters. */
export type RunMetadata = Readonly<Record<string, string | number | boolean>>;

/** Tokens of a run. `inputTokens` includes cached, cache-write, image and audio ones; `outputTokens` includes reasoning. */
export interface RunUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  readonly imageTokens: number;
  readonly audioTokens: number;
}

/** What a run cost. Null where no price is known; parts add up to the whole. */
export interface RunCost {
  readonly costNanos: Nanos | null;
  readonly inputCostNanos: Nanos | null;
  readonly outputCostNanos: Nanos | null;
  /** Which price it was, so that history is never priced anew unasked; null: no price, or told by the sender. */
  readonly priceVersion: string | null;
}

/** One row: everything about a run except its texts. Filters, lists and figures need no more. */
export interface Run extends RunUsage, RunCost {
  readonly id: string;
  readonly traceId: string;
  readonly parentId: string | null;
  /** LangSmith's sort key of a trace in pre-order; null where the sender gave none. */
  readonly dottedOrder: string | null;
  readonly tenantId: string;
  readonly projectId: string;
  readonly source: RunSource;
  readonly name: string;
  /** `llm`, `chain`, `tool`, `retriever`, `embedding`, `prompt`, `parser`, or any other word. */
  readonly type: string;
  readonly status: RunStatus;
  readonly at: number;
  readonly endAt: number | null;
  readonly durationMs: number | null;
  /** From the start to the first token. Figures count those of streamed runs. */
  readonly ttftMs: number | null;
  /** What the client asked for (our calls), or the model named by the sender. */
  readonly model: string | null;
  readonly provider: string | null;
  /** Our calls: the target that answered. */
  readonly target: string | null;
  /** Our calls: the endpoint, as `/v1/chat/completions`. */
  readonly route: string | null;
  readonly keyId: string | null;
  readonly keyName: string | null;
  readonly userId: string | null;
  /** The conversation. */
  readonly threadId: string | null;
  /** `name:version` of the prompt that was used. */
  readonly promptVersion: string | null;
  readonly tags: readonly string[];
  readonly metadata: RunMetadata;
  /** Whether the token counts are an estimate of ours. */
  readonly isEstimated: boolean;
  readonly errorCode: string | null;
  /** Its first 500 characters; the whole is in the payload. */
  readonly errorMessage: string | null;
  readonly finishReason: string | null;
  readonly httpStatus: number | null;
  readonly isStream: boolean;
  /** Each stands for so many: 1 ÷ the sender's sampling rate. */
  readonly weight: number;
  readonly referenceExampleId: string | null;
  readonly inputPreview: string | null;
  readonly outputPreview: string | null;
  /** What was kept of its texts. */
  readonly capture: "full" | "redacted" | "metadata";
  /** A call of ours under it, or with the same answer, counts its tokens and cost: sums leave it out. */
  readonly isCovered: boolean;
  /** What only our own calls have; null for others. */
  readonly call: CallFacts | null;
}

/** JSON, as `Timeline` and `FindingRecord` of core/call.ts. */
export interface CallFacts {
  /** Null in lists: it lies with the texts. */
  readonly timeline: unknown;
  readonly findings: readonly unknown[];
  readonly attempts: number;
  readonly cache: string | null;
  readonly queueMs: number | null;
  /** The id in the answer (`chatcmpl-…`), by which a wrapped client's own run of it is known. */
  readonly answerId: string | null;
}

/** The texts of a run. What is absent was not sent, or not kept. */
export interface RunPayload {
  readonly inputs?: unknown;
  readonly outputs?: unknown;
  readonly extra?: unknown;
  readonly events?: unknown;
  readonly error?: string;
  readonly serialized?: unknown;
  /** Names and types; the bytes lie apart. */
  readonly attachments?: readonly {
    readonly name: string;
    readonly mimeType: string;
    readonly bytes: number;
  }[];
  /** Fields that were cut because they were too long, as `inputs`. */
  readonly truncated?: readonly string[];
}

export interface KeptRun {
  readonly run: Run;
  readonly payload: RunPayload;
}

/** A run on its way into a store: the row, its texts, and what came with it. */
export interface RunRecord extends KeptRun {
  readonly attachments: readonly AttachmentPart[];
  /** Whether a patch said something of it: a later post fills only what is absent then. */
  readonly isPatched: boolean;
  /** Words by which it is found, beside its tags and metadata. */
  readonly text: string;
  /** Capture level `none`: it is counted, and nothing of it is kept. */
  readonly isCountedOnly: boolean;
}

/**
 * What one accepted message says of a run: a `post` begins it, a `patch` goes on with it. They may come
 * in any order and more than once: what a patch says stands over what posts say; absent, null and
 * empty values erase nothing; `extra` is merged deeply.
 */
export interface RunPart {
  readonly kind: "post" | "patch";
  readonly id: string;
  readonly source: RunSource;
  readonly tenantId: string;
  readonly receivedAt: number;
  readonly traceId?: string | undefined;
  readonly parentId?: string | null | undefined;
  readonly dottedOrder?: string | undefined;
  /** The project's name, or its id where only that was said. Neither: `default`. */
  readonly project?: string | undefined;
  readonly projectId?: string | undefined;
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly at?: number | undefined;
  readonly endAt?: number | undefined;
  readonly ttftMs?: number | undefined;
  readonly error?: string | null | undefined;
  readonly status?: RunStatus | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly referenceExampleId?: string | undefined;
  readonly inputs?: unknown;
  readonly outputs?: unknown;
  readonly extra?: unknown;
  readonly events?: unknown;
  readonly serialized?: unknown;
  readonly attachments?: readonly AttachmentPart[] | undefined;
  readonly truncated?: readonly string[] | undefined;
}

export interface AttachmentPart {
  readonly name: string;
  readonly mimeType: string;
  readonly base64: string;
}

/** A score or a note about a run, a trace, or an experiment as a whole (`runId` null, `projectId` set). */
export interface Feedback {
  readonly id: string;
  readonly tenantId: string;
  readonly runId: string | null;
  readonly traceId: string | null;
  readonly projectId: string | null;
  readonly key: string;
  readonly score: number | null;
  /** JSON, as are `correction`, `source` and `extra`. */
  readonly value: unknown;
  readonly correction: unknown;
  readonly comment: string | null;
  readonly source: unknown;
  readonly comparativeExperimentId: string | null;
  readonly extra: unknown;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** What runs belong to: LangSmith calls it a session, and an experiment where it is one of a dataset. */
export interface Project {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly description: string | null;
  readonly startAt: number;
  readonly endAt: number | null;
  readonly referenceDatasetId: string | null;
  /** JSON: metadata and whatever else the sender keeps there. */
  readonly extra: unknown;
  readonly lastRunAt: number | null;
}

/** The project of Weir's own calls, and of runs that name none. */
export const CALLS_PROJECT = "weir";
export const DEFAULT_PROJECT = "default";
