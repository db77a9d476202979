import type { ChatEvent, GenerateRequest, Usage } from "../../core/chat.ts";
import type { WeirError } from "../../core/errors.ts";
import type { Attempt, AttemptListener, UpstreamTrace } from "../provider.ts";
import type { Target } from "./needs.ts";
import type { AttemptReason } from "./routing/ask.ts";
import type { Ticket } from "./routing/ticket.ts";

/** One try, as the trace tells it. Times are `monotonic` milliseconds. */
export interface AttemptRecord {
  readonly target: Target;
  readonly reason: AttemptReason;
  readonly startedAt: number;
  firstContentAt: number | undefined;
  endedAt: number | undefined;
  error: WeirError | undefined;
  canceled: boolean;
}

/** Hears what a target tells, with the try that it came to. */
export interface TryListener {
  took(one: Try, events: readonly ChatEvent[]): void;
  finished(one: Try): void;
  broke(one: Try, error: WeirError): void;
}

/** Who is asked, and what. */
export interface TryAsk {
  readonly ticket: Ticket;
  readonly request: GenerateRequest;
  readonly trace?: UpstreamTrace | undefined;
}

/** One attempt at one target: what it has told so far, and what it has used. */
export class Try implements AttemptListener {
  readonly record: AttemptRecord;
  readonly ticket: Ticket;
  /** Told and not yet given on: it may still be replaced by another. */
  held: ChatEvent[] = [];
  /** The answer's text so far, for a target that goes on with it. */
  text = "";
  /** Pieces of the answer: about as many tokens. */
  deltas = 0;
  /** Set once the answer has more than plain text: it cannot be gone on with elsewhere. */
  isMoreThanText = false;
  usage: Usage | undefined;
  private attempt: Attempt | undefined;
  private readonly listener: TryListener;
  private readonly monotonic: () => number;
  private readonly request: GenerateRequest;
  private readonly trace: UpstreamTrace | undefined;
  private finished = 0;
  private isOver = false;

  constructor({ ticket, request, trace }: TryAsk, listener: TryListener, monotonic: () => number) {
    this.ticket = ticket;
    this.request = request;
    this.trace = trace;
    this.listener = listener;
    this.monotonic = monotonic;
    this.record = {
      target: ticket.target,
      reason: ticket.reason,
      startedAt: monotonic(),
      firstContentAt: undefined,
      endedAt: undefined,
      error: undefined,
      canceled: false,
    };
  }

  get target(): Target {
    return this.ticket.target;
  }

  /** What became of the request at this target. */
  get facts(): { dropped: readonly string[]; carried: readonly string[]; isRelayed: boolean } {
    const { dropped = [], carried = [], isRelayed = false } = this.attempt ?? {};
    return { dropped, carried, isRelayed };
  }

  start(): void {
    const { target, request } = this;
    const upstream = target.model === request.model ? request : { ...request, model: target.model };
    this.attempt = target.provider.generate(upstream, this, this.trace);
  }

  done(): void {
    if (!this.isOver) this.listener.finished(this);
  }

  failed(error: WeirError): void {
    if (!this.isOver) this.listener.broke(this, error);
  }

  pause(): void {
    this.attempt?.pause();
  }

  resume(): void {
    this.attempt?.resume();
  }

  /** The target answered to the end. */
  answered(): void {
    if (!this.end()) return;
    const { usage } = this;
    const outputTokens = usage?.outputTokens ?? this.deltas;
    this.ticket.ended({ how: "answered", outputTokens, usage });
  }

  /** The target failed, or refused the request, which says nothing against it. */
  broke(error: WeirError): void {
    if (!this.end()) return;
    this.record.error = error;
    this.attempt?.cancel();
    this.ticket.ended(error.retryable ? { how: "failed", error } : { how: "answered" });
  }

  /** Nobody wants its answer any more. */
  cancel(): void {
    if (!this.end()) return;
    this.record.canceled = true;
    this.attempt?.cancel();
    this.ticket.ended({ how: "withdrawn" });
  }

  /**
   * What the target has counted, or what it must have done by our own count: a prompt that was taken
   * was read, and an answer that broke off was made up to there. Undefined: nothing that is paid for.
   */
  spent(estimateInput: () => number): { usage: Usage; isEstimated: boolean } | undefined {
    const usage = this.usage ?? this.attempt?.usage?.();
    if (usage) return { usage, isEstimated: false };
    const { error, canceled, firstContentAt } = this.record;
    const wasAtWork = canceled || error?.code === "provider_timed_out";
    if (error && firstContentAt === undefined && !wasAtWork) return undefined;
    const outputTokens = Math.max(this.deltas, this.unseenTokens());
    return { usage: { inputTokens: estimateInput(), outputTokens }, isEstimated: true };
  }

  /** An answer that is not streamed shows nothing of itself before its end. */
  private unseenTokens(): number {
    const { record, request } = this;
    if (request.stream || !record.canceled || record.endedAt === undefined) return 0;
    const seconds = (record.endedAt - record.startedAt) / 1000;
    const made = Math.round(seconds * this.ticket.tokensPerSecond);
    return Math.min(made, request.maxTokens ?? made);
  }

  events(events: readonly ChatEvent[]): void {
    if (this.isOver) return;
    if (this.finished >= this.request.n) {
      this.tookMore(events);
      return;
    }
    for (const event of events) this.note(event);
    if (this.record.firstContentAt === undefined && events.some(isContent)) {
      this.record.firstContentAt = this.monotonic();
      this.ticket.firstContent();
    }
    this.listener.took(this, events);
  }

  /** After its end an answer can still be counted; what looks like another answer is left out. */
  private tookMore(events: readonly ChatEvent[]): void {
    const rest = events.filter(({ type }) => type === "usage" || type === "frame");
    for (const event of rest) this.note(event);
    if (rest.length > 0) this.listener.took(this, rest);
  }

  private note(event: ChatEvent): void {
    switch (event.type) {
      case "usage":
        this.usage = event.usage;
        return;
      case "text-delta":
        this.text += event.text;
        if (event.text !== "") this.deltas += 1;
        this.isMoreThanText ||= event.index !== 0 || event.logprobs !== undefined;
        return;
      case "reasoning-delta":
      case "tool-call-delta":
      case "refusal-delta":
        this.deltas += 1;
        this.isMoreThanText = true;
        return;
      case "finish":
        this.isMoreThanText = true;
        this.finished += 1;
    }
  }

  /** Marks the end; false when it had come before. */
  private end(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.record.endedAt = this.monotonic();
    return true;
  }
}

/** Whether a client that gets this has something: from then on the answer cannot be another's. */
export function isContent(event: ChatEvent): boolean {
  if (event.type === "text-delta") return event.text !== "";
  return event.type !== "usage" && event.type !== "frame";
}
