import { type ErrorCode, WeirError, messageOf, toWeirError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";

export type JobKind = "pull" | "quantize" | "compare" | "optimize";

/** What came of a job. */
export interface JobResult {
  /** The model that stands in the library now. */
  readonly name?: string | undefined;
  /** The id of what was measured. */
  readonly measurement?: string | undefined;
}

/** Long work, as one sees it from outside. Times are epoch milliseconds. */
export interface Job {
  readonly id: string;
  readonly kind: JobKind;
  /** What it is about: `org/repo`, `demo as Q4_0`. */
  readonly title: string;
  /** Who asked for it. */
  readonly by: string;
  readonly state: "waiting" | "running" | "done" | "failed" | "canceled";
  /** What it does now, where it says so. */
  readonly step: string | null;
  /** How far it is: bytes, or files and parts of files. `all` is 0 while nobody knows. */
  readonly done: number;
  readonly all: number;
  readonly unit: "bytes" | "files";
  readonly askedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  readonly result: JobResult | null;
}

/** What work is told, and tells. */
export interface Working {
  readonly signal: AbortSignal;
  readonly progress: (done: number, all: number) => void;
  readonly step: (text: string) => void;
}

export interface JobWish extends Pick<Job, "kind" | "title" | "by" | "unit"> {
  /** Ends by `signal`, and leaves nothing half done. */
  readonly run: (working: Working) => Promise<JobResult>;
}

export interface JobsNeeds {
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
}

interface Held {
  job: Job;
  readonly run: JobWish["run"];
  readonly stop: AbortController;
  over: Promise<void>;
}

/** Work that waits; more is a mistake. */
const MOST_WAITING = 30;
/** Jobs that have ended are shown for so many more. */
const MOST_ENDED = 40;

/**
 * Long work of this server: pulls one after the other, and beside them what needs the processors, one at a time as
 * well. It goes on when nobody looks, and ends with the server.
 */
export class Jobs {
  private readonly needs: JobsNeeds;
  private held: Held[] = [];
  private isClosed = false;

  constructor(needs: JobsNeeds) {
    this.needs = needs;
  }

  /** The newest first. */
  list(): Job[] {
    return this.held.map(({ job }) => job).toReversed();
  }

  /** Throws not_found. */
  find(id: string): Job {
    return this.heldBy(id).job;
  }

  /** Whether any is under way or waits. */
  get isBusy(): boolean {
    return this.held.some(({ job }) => isOpen(job));
  }

  /** Throws conflict where too many wait, and shutting_down. */
  start({ run, ...wish }: JobWish): Job {
    if (this.isClosed) throw new WeirError("shutting_down", "The server is shutting down.");
    const waiting = this.held.filter(({ job }) => job.state === "waiting").length;
    if (waiting >= MOST_WAITING) {
      const text = `${waiting} jobs wait already: let some end, or cancel them.`;
      throw new WeirError("conflict", text);
    }
    const { now, newId } = this.needs;
    const job: Job = {
      ...wish,
      id: newId(),
      state: "waiting",
      step: null,
      done: 0,
      all: 0,
      askedAt: now(),
      startedAt: null,
      endedAt: null,
      error: null,
      result: null,
    };
    this.held.push({ job, run, stop: new AbortController(), over: Promise.resolve() });
    this.next();
    return this.find(job.id);
  }

  /** What waits ends at once, what runs soon. Throws not_found, and conflict where it has ended. */
  cancel(id: string): Job {
    const held = this.heldBy(id);
    if (!isOpen(held.job)) throw new WeirError("conflict", "The job has ended already.");
    held.stop.abort(new WeirError("client_closed", "The job was canceled."));
    if (held.job.state === "waiting") this.end(held, { state: "canceled" });
    else held.job = { ...held.job, step: "being canceled" };
    return held.job;
  }

  /** Cancels everything, and resolves when it has ended. */
  async close(): Promise<void> {
    this.isClosed = true;
    const open = this.held.filter(({ job }) => isOpen(job));
    for (const { job } of open) this.cancel(job.id);
    await Promise.all(open.map(({ over }) => over));
  }

  private next(): void {
    for (const isPull of [true, false]) {
      const lane = this.held.filter(({ job }) => (job.kind === "pull") === isPull);
      if (lane.some(({ job }) => job.state === "running")) continue;
      const first = lane.find(({ job }) => job.state === "waiting");
      if (first) first.over = this.work(first);
    }
  }

  private async work(held: Held): Promise<void> {
    held.job = { ...held.job, state: "running", startedAt: this.needs.now() };
    const { signal } = held.stop;
    try {
      const result = await held.run({
        signal,
        progress: (done, all) => this.change(held, { done, all }),
        step: (step) => this.change(held, { step }),
      });
      this.end(held, { state: "done", result });
    } catch (cause) {
      if (signal.aborted) this.end(held, { state: "canceled" });
      else this.end(held, { state: "failed", error: this.errorOf(cause, held.job) });
    }
    if (!this.isClosed) this.next();
  }

  private change(held: Held, news: Partial<Job>): void {
    if (!held.stop.signal.aborted) held.job = { ...held.job, ...news };
  }

  private end(held: Held, news: Partial<Job>): void {
    held.job = { ...held.job, step: null, ...news, endedAt: this.needs.now() };
    const ended = this.held.filter(({ job }) => !isOpen(job));
    const old = new Set(ended.slice(0, -MOST_ENDED));
    this.held = this.held.filter((one) => !old.has(one));
  }

  private errorOf(cause: unknown, { id, kind }: Job): Job["error"] {
    const known = isDiskFull(cause)
      ? new WeirError("storage_full", "The disk is full. Nothing half done was kept.", { cause })
      : toWeirError(cause);
    if (known.code === "internal") {
      this.needs.log.error("job_failed", { id, kind, reason: messageOf(cause) });
    }
    return { code: known.code, message: known.message };
  }

  private heldBy(id: string): Held {
    const found = this.held.find(({ job }) => job.id === id);
    if (found) return found;
    throw new WeirError("not_found", "There is no such job, or it ended long ago.");
  }
}

function isOpen({ state }: Job): boolean {
  return state === "waiting" || state === "running";
}

function isDiskFull(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOSPC";
}
