import type { KeptBatch } from "./needs.ts";

export type BatchStatus =
  | "validating"
  | "failed"
  | "in_progress"
  | "finalizing"
  | "completed"
  | "expired"
  | "cancelling"
  | "cancelled";

export interface LineFault {
  readonly code: string;
  readonly line: number | null;
  readonly message: string;
  readonly param: string | null;
}

export interface Counts {
  total: number;
  completed: number;
  failed: number;
}

export interface BatchUsage {
  input: number;
  cached: number;
  output: number;
  reasoning: number;
}

/** What is known of a batch besides its id, owner and status. Times are epoch milliseconds. */
export interface BatchState {
  readonly endpoint: string;
  readonly inputFileId: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly outputExpiresAfterSeconds: number | null;
  /** The files that the output becomes, named before there is any. */
  readonly outputFileId: string;
  readonly errorFileId: string;
  /** When the batch came into each status. */
  readonly at: Readonly<Partial<Record<BatchStatus, number>>>;
  readonly expiresAt: number;
  readonly counts: Readonly<Counts>;
  readonly usage: Readonly<BatchUsage>;
  readonly faults: readonly LineFault[];
  /** What finalizing leads to. */
  readonly goal: "completed" | "cancelled" | "expired" | "failed";
  /** Which of the two files there are in the end. */
  readonly hasOutput: boolean;
  readonly hasErrors: boolean;
}

export interface Batch {
  readonly id: string;
  readonly keyId: string;
  readonly status: BatchStatus;
  readonly state: BatchState;
}

/** A batch as it was kept: only this room writes them. */
export function fromKept(kept: KeptBatch): Batch {
  return kept as unknown as Batch;
}

export function toKept({ state, ...batch }: Batch): KeptBatch {
  return { ...batch, state: { ...state } };
}

/** A batch in another status, with the time at which it came there. */
export function moved(batch: Batch, status: BatchStatus, at: number): Batch {
  const { state } = batch;
  return { ...batch, status, state: { ...state, at: { ...state.at, [status]: at } } };
}

export function isOver({ status }: Pick<Batch, "status">): boolean {
  return ["failed", "completed", "expired", "cancelled"].includes(status);
}

/** A batch as OpenAI's clients see it. */
export function toWire({ id, status, state }: Batch): Record<string, unknown> & { id: string } {
  const { at, counts, usage, faults } = state;
  return {
    id,
    object: "batch",
    endpoint: state.endpoint,
    input_file_id: state.inputFileId,
    completion_window: "24h",
    status,
    errors: faults.length > 0 ? { object: "list", data: faults } : null,
    output_file_id: state.hasOutput ? state.outputFileId : null,
    error_file_id: state.hasErrors ? state.errorFileId : null,
    created_at: seconds(at.validating),
    in_progress_at: seconds(at.in_progress),
    expires_at: seconds(state.expiresAt),
    finalizing_at: seconds(at.finalizing),
    completed_at: seconds(at.completed),
    failed_at: seconds(at.failed),
    expired_at: seconds(at.expired),
    cancelling_at: seconds(at.cancelling),
    cancelled_at: seconds(at.cancelled),
    request_counts: { ...counts },
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cached },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: usage.reasoning },
      total_tokens: usage.input + usage.output,
    },
    metadata: state.metadata,
  };
}

function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.floor(ms / 1000);
}
