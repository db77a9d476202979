import { WeirError, messageOf } from "../../core/errors.ts";
import type { BatchState, BatchUsage, Counts } from "./batch.ts";
import type { BatchFiles, Journal } from "./needs.ts";

/**
 * What is known of a batch's lines: two journals, and nothing else. A line counts once it stands in
 * one of them, so that a process that dies at any moment neither loses a result nor counts it twice.
 */
export class LineRecord {
  readonly counts: Counts;
  readonly usage: BatchUsage = { input: 0, cached: 0, output: 0, reasoning: 0 };
  private readonly done = new Set<string>();
  private readonly output: Journal;
  private readonly errors: Journal;
  private isClosed = false;

  private constructor(total: number, output: Journal, errors: Journal) {
    this.counts = { total, completed: 0, failed: 0 };
    this.output = output;
    this.errors = errors;
  }

  /** Goes on from what an earlier process wrote down. */
  static async open(state: BatchState, files: BatchFiles): Promise<LineRecord> {
    const { outputFileId, errorFileId, counts } = state;
    const output = files.openJournal(outputFileId);
    const errors = files.openJournal(errorFileId);
    const record = new LineRecord(counts.total, output, errors);
    for await (const text of files.journalLines(outputFileId)) record.note(text, true);
    for await (const text of files.journalLines(errorFileId)) record.note(text, false);
    return record;
  }

  has(customId: string): boolean {
    return this.done.has(customId);
  }

  /** Writes a line down, then counts it. Throws storage_full; it then does not count. */
  add(text: string, isOutput: boolean): void {
    (isOutput ? this.output : this.errors).append(text);
    this.note(text, isOutput);
  }

  /** May be called again. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.output.close();
    this.errors.close();
  }

  private note(text: string, isOutput: boolean): void {
    const { custom_id: customId, response } = JSON.parse(text) as RecordedLine; // this room wrote it
    this.done.add(customId);
    this.counts[isOutput ? "completed" : "failed"] += 1;
    const usage = response?.body?.usage;
    if (!usage) return;
    const input = usage.prompt_tokens_details ?? usage.input_tokens_details;
    const output = usage.completion_tokens_details ?? usage.output_tokens_details;
    this.usage.input += usage.prompt_tokens ?? usage.input_tokens ?? 0;
    this.usage.cached += input?.cached_tokens ?? 0;
    this.usage.output += usage.completion_tokens ?? usage.output_tokens ?? 0;
    this.usage.reasoning += output?.reasoning_tokens ?? 0;
  }
}

/** A recorded line, as far as it is read again; chat completions and responses name tokens differently. */
interface RecordedLine {
  readonly custom_id: string;
  readonly response?: { readonly body?: { readonly usage?: WireUsage | null } | null } | null;
}
interface WireUsage {
  readonly prompt_tokens?: number;
  readonly input_tokens?: number;
  readonly completion_tokens?: number;
  readonly output_tokens?: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  readonly input_tokens_details?: { readonly cached_tokens?: number } | null;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number } | null;
  readonly output_tokens_details?: { readonly reasoning_tokens?: number } | null;
}

/** Whether a failed write may succeed once somebody has made room. */
export function isFull(cause: unknown): boolean {
  return cause instanceof WeirError && cause.code === "storage_full";
}

/** Why something failed, for the log. */
export function reasonOf(cause: unknown): string {
  return messageOf(cause instanceof WeirError ? (cause.cause ?? cause) : cause);
}
