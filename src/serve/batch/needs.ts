import type { Caller } from "../../core/call.ts";
import type { Log } from "../../core/log.ts";
import type { Clock } from "../../core/time.ts";

export interface KeptBatch {
  readonly id: string;
  readonly keyId: string;
  readonly status: string;
  readonly state: Readonly<Record<string, unknown>>;
}

/** Where batches are kept. */
export interface BatchShelf {
  put(batch: KeptBatch): void;
  find(keyId: string, id: string): KeptBatch | undefined;
  /** Oldest first. */
  list(keyId: string): readonly KeptBatch[];
  unfinished(): readonly KeptBatch[];
}

export interface Journal {
  /** Appends one line. Throws storage_full; nothing half stays. */
  append(line: string): void;
  close(): void;
}

export interface BatchFile {
  readonly id: string;
  readonly keyId: string;
  readonly purpose: string;
  readonly filename: string;
  readonly bytes: number;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

/** The files that a batch reads and writes. */
export interface BatchFiles {
  find(keyId: string, id: string): BatchFile | undefined;
  lines(id: string): AsyncIterable<string>;
  /** Goes on with what is there, also when it was published. A line that a crash cut is cut off. */
  openJournal(id: string): Journal;
  journalLines(id: string): AsyncIterable<string>;
  /** Makes an opened journal the file itself; gives its size. Without a line there will be no file. */
  publishJournal(id: string): Promise<number>;
  add(file: BatchFile): void;
}

/** What came of one line's call. */
export interface LineResult {
  readonly status: number;
  readonly body: unknown;
  /** Set when the same call may succeed later. */
  readonly retryAfterMs?: number | undefined;
}

export interface BatchNeeds {
  readonly shelf: BatchShelf;
  readonly files: BatchFiles;
  /** One call through limits, guard, budget and trace, as over HTTP. Rejects only when aborted. */
  readonly run: (
    url: string,
    body: unknown,
    caller: Caller,
    signal: AbortSignal,
  ) => Promise<LineResult>;
  /** Undefined once the key was revoked. */
  readonly caller: (keyId: string) => Caller | undefined;
  /** Whether callers who wait for their answers need the room. */
  readonly isBusy: () => boolean;
  /** Lines of all batches that run at a time. */
  readonly concurrency: () => number;
  /** Resolves after this time, or at once when aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now: Clock;
  readonly newId: (prefix: string) => string;
  readonly log: Log;
}
