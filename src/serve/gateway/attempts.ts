import type { ChatEvent, GenerateRequest, Usage } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import type { Attempt } from "../provider.ts";
import type { AnswerFacts, Target } from "./needs.ts";
import type { Router } from "./route.ts";

/** One try, as the trace tells it. Times are `monotonic` milliseconds. */
export interface AttemptRecord {
  readonly target: Target;
  readonly startedAt: number;
  firstContentAt: number | undefined;
  endedAt: number | undefined;
  error: WeirError | undefined;
  canceled: boolean;
}

export interface AttemptsHandlers {
  /** Events that the client may have: the attempt they come from can no longer be replaced. */
  events(events: readonly ChatEvent[]): void;
  done(): void;
  failed(error: WeirError): void;
}

interface AttemptsNeeds {
  readonly router: Router;
  readonly monotonic: () => number;
}

/**
 * Tries targets in order until one gives its first content; from then on the answer is that one's.
 * An answer that is not streamed is whole before the client sees any of it, so it may fail over up
 * to its last byte. Only failures that another target could mend move on to the next.
 */
export class Attempts implements Attempt {
  readonly records: AttemptRecord[] = [];
  private readonly targets: readonly Target[];
  private readonly request: GenerateRequest;
  private readonly handlers: AttemptsHandlers;
  private readonly needs: AttemptsNeeds;
  private current: Attempt | undefined;
  /** Events of an attempt that may still be replaced; undefined once one is committed. */
  private held: ChatEvent[] | undefined;
  private isOver = false;
  private isPaused = false;

  constructor(
    targets: readonly Target[],
    request: GenerateRequest,
    handlers: AttemptsHandlers,
    needs: AttemptsNeeds,
  ) {
    this.targets = targets;
    this.request = request;
    this.handlers = handlers;
    this.needs = needs;
  }

  /** Starts the next target. May be over, and say so to `failed`, when none is left. */
  next(lastError?: WeirError): void {
    const target = this.targets[this.records.length];
    if (!target) {
      this.isOver = true;
      const none = new WeirError("model_unavailable", "The model has no target that could answer.");
      this.handlers.failed(lastError ?? none);
      return;
    }
    const record: AttemptRecord = {
      target,
      startedAt: this.needs.monotonic(),
      firstContentAt: undefined,
      endedAt: undefined,
      error: undefined,
      canceled: false,
    };
    this.records.push(record);
    this.held = [];
    const { request } = this;
    const upstream = target.model === request.model ? request : { ...request, model: target.model };
    this.current = target.provider.generate(upstream, {
      events: (events) => this.took(record, events),
      done: () => this.finished(record),
      failed: (error) => this.broke(record, error),
    });
    if (this.isPaused) this.current.pause();
  }

  pause(): void {
    this.isPaused = true;
    this.current?.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.current?.resume();
  }

  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    const record = this.records.at(-1);
    if (record) {
      record.endedAt = this.needs.monotonic();
      record.canceled = true;
    }
    this.current?.cancel();
  }

  usage(): Usage | undefined {
    return this.current?.usage?.();
  }

  /** What became of the request at the target that answers. */
  get facts(): AnswerFacts {
    const { dropped = [], carried = [], isRelayed = false } = this.current ?? {};
    return { dropped, carried, isRelayed };
  }

  private took(record: AttemptRecord, events: readonly ChatEvent[]): void {
    if (!this.isCurrent(record)) return;
    if (record.firstContentAt === undefined && events.some(isContent)) {
      record.firstContentAt = this.needs.monotonic();
    }
    const isCommitted = this.request.stream && record.firstContentAt !== undefined;
    if (this.held && !isCommitted) {
      this.held.push(...events);
      return;
    }
    const ready = this.held?.length ? [...this.held, ...events] : events;
    this.held = undefined;
    this.handlers.events(ready);
  }

  private finished(record: AttemptRecord): void {
    if (!this.isCurrent(record)) return;
    record.endedAt = this.needs.monotonic();
    this.needs.router.succeeded(record.target.id);
    this.isOver = true;
    if (this.held?.length) this.handlers.events(this.held);
    this.handlers.done();
  }

  private broke(record: AttemptRecord, error: WeirError): void {
    if (!this.isCurrent(record)) return;
    record.endedAt = this.needs.monotonic();
    record.error = error;
    if (error.retryable) this.needs.router.failed(record.target.id);
    // What this target has no word for, another may have.
    const isOthers = error.retryable || error.code === "unsupported_parameter";
    if (this.held && isOthers) {
      this.next(error);
      return;
    }
    this.isOver = true;
    this.handlers.failed(error);
  }

  /** A target that was given up may still speak; nobody listens. */
  private isCurrent(record: AttemptRecord): boolean {
    return !this.isOver && record === this.records.at(-1);
  }
}

function isContent(event: ChatEvent): boolean {
  if (event.type === "text-delta") return event.text !== "";
  return event.type !== "usage" && event.type !== "frame";
}
