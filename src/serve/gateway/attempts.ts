import type { ChatEvent, GenerateRequest, Usage } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import type { Later } from "../../core/time.ts";
import type { Attempt, UpstreamTrace } from "../provider.ts";
import { type AttemptRecord, Try, type TryListener, isContent } from "./attempt.ts";
import { canContinue, continued, joinedUsage } from "./continuation.ts";
import type { AnswerFacts, Target } from "./needs.ts";
import type { NextTarget, Route } from "./routing/route.ts";
import type { Ticket } from "./routing/ticket.ts";

export interface AttemptsHandlers {
  /** Events that the client may have: the attempt they come from can no longer be replaced. */
  events(events: readonly ChatEvent[]): void;
  done(): void;
  failed(error: WeirError): void;
}

export interface AttemptsAsk {
  readonly route: Route;
  readonly request: GenerateRequest;
  /** The same with the lines that its client wrote for its own vendor. */
  readonly original: GenerateRequest;
  /** How long the call may take from now on. */
  readonly deadlineMs?: number | undefined;
  readonly trace?: UpstreamTrace | undefined;
  readonly hedge?: { readonly afterMs: number | undefined; readonly budget: number } | undefined;
}

interface AttemptsNeeds {
  readonly monotonic: () => number;
  readonly later: Later;
}

/** What one attempt used, and whether the client's answer is its. */
export interface AttemptSpent {
  readonly usage: Usage;
  readonly isEstimated: boolean;
  readonly target: Target;
  readonly isAnswer: boolean;
}

/** A stream's speed is judged over its first so many milliseconds. */
const PACE_MS = 5_000;

/**
 * Tries targets until one gives its first content; from then on the answer is that one's. An answer
 * that is not streamed is whole before the client sees any of it, so it may fail over up to its last
 * byte. Only failures that another target could mend move on to the next. Where the model says so, a
 * stream that broke off goes on at another target, and a call without content is also sent to one.
 */
export class Attempts implements Attempt, TryListener, NextTarget {
  readonly records: AttemptRecord[] = [];
  private readonly ask: AttemptsAsk;
  private readonly handlers: AttemptsHandlers;
  private readonly needs: AttemptsNeeds;
  private readonly tries: Try[] = [];
  private running: Try[] = [];
  /** The one whose answer the client gets. */
  private chosen: Try | undefined;
  /** What earlier tries of a continued stream have told. */
  private before: { readonly text: string; readonly deltas: number } | undefined;
  private readonly stops: (() => void)[] = [];
  private isOver = false;
  private isPaused = false;

  constructor(ask: AttemptsAsk, handlers: AttemptsHandlers, needs: AttemptsNeeds) {
    this.ask = ask;
    this.handlers = handlers;
    this.needs = needs;
  }

  start(): void {
    const { deadlineMs } = this.ask;
    if (deadlineMs !== undefined) {
      this.stops.push(this.needs.later(deadlineMs, () => this.late(deadlineMs, 0)));
    }
    this.next();
  }

  /** The deadline's clock stands while the call is held for a model that wakes. */
  private late(deadlineMs: number, givenMs: number): void {
    const { heldMs } = this.ask.route;
    if (heldMs <= givenMs) this.fail(tooLate(deadlineMs));
    else {
      const look = () => this.late(deadlineMs, heldMs);
      this.stops.push(this.needs.later(heldMs - givenMs, look));
    }
  }

  pause(): void {
    this.isPaused = true;
    for (const one of this.running) one.pause();
  }

  resume(): void {
    this.isPaused = false;
    for (const one of this.running) one.resume();
  }

  cancel(): void {
    this.end();
  }

  /** The target that answers, or the last one tried. */
  get target(): Target | undefined {
    return (this.chosen ?? this.tries.at(-1))?.target;
  }

  /** What became of the request at the target that answers. */
  get facts(): AnswerFacts {
    return (
      (this.chosen ?? this.tries.at(-1))?.facts ?? { dropped: [], carried: [], isRelayed: false }
    );
  }

  /** What each attempt used, the answer's own among them. */
  spent(estimateInput: () => number): AttemptSpent[] {
    const all: AttemptSpent[] = [];
    for (const one of this.tries) {
      const spent = one.spent(estimateInput);
      if (!spent) continue;
      const { usage, isEstimated } = spent;
      all.push({ usage, isEstimated, target: one.target, isAnswer: one === this.chosen });
    }
    return all;
  }

  private next(lastError?: WeirError): void {
    this.ask.route.next(this, lastError);
  }

  go(ticket: Ticket): void {
    this.begin(ticket);
  }

  none(error: WeirError): void {
    this.fail(error);
  }

  private begin(ticket: Ticket, request = this.requestFor(ticket)): Try {
    const one = new Try({ ticket, request, trace: this.ask.trace }, this, this.needs.monotonic);
    this.tries.push(one);
    this.running.push(one);
    this.records.push(one.record);
    this.guardFirstContent(one);
    one.start();
    if (this.isPaused) one.pause();
    if (ticket.reason !== "hedge" && ticket.reason !== "continuation") this.mayHedge();
    return one;
  }

  private requestFor({ target }: Ticket): GenerateRequest {
    return target.keepsClientLines ? this.ask.original : this.ask.request;
  }

  /** A target that stays without content for too long has failed, whatever else it sends. */
  private guardFirstContent(one: Try): void {
    const { guards, provider } = one.target;
    if (!guards || !this.ask.request.stream) return;
    const { firstContentMs } = guards;
    const look = () => {
      if (one.record.firstContentAt !== undefined) return;
      const message = `${provider.name} gave no content within ${firstContentMs / 1000} s.`;
      this.broke(one, new WeirError("provider_timed_out", message));
    };
    this.stops.push(this.needs.later(firstContentMs, look));
  }

  private mayHedge(): void {
    const { hedge } = this.ask;
    if (hedge?.afterMs === undefined) return;
    const look = () => {
      if (this.isOver || this.chosen || this.running.length !== 1) return;
      const ticket = this.ask.route.hedge(hedge.budget);
      if (ticket) this.begin(ticket);
    };
    this.stops.push(this.needs.later(hedge.afterMs, look));
  }

  took(one: Try, events: readonly ChatEvent[]): void {
    if (this.isOver || (this.chosen && this.chosen !== one)) return;
    const isReady = this.ask.request.stream && one.record.firstContentAt !== undefined;
    if (!this.chosen && !isReady) {
      one.held.push(...events);
      return;
    }
    if (!this.chosen) this.choose(one);
    const ready = one.held.length > 0 ? [...one.held, ...events] : events;
    one.held = [];
    this.tell(ready);
  }

  /** This one's answer is the call's; what else runs is not wanted any more. */
  private choose(one: Try): void {
    this.chosen = one;
    for (const other of this.running) if (other !== one) other.cancel();
    this.running = [one];
    this.guardPace(one);
  }

  /** A stream that is far too slow is given up where another target can go on with it. */
  private guardPace(one: Try): void {
    const slowest = one.target.guards?.slowestTokens;
    if (slowest === undefined || !this.ask.request.stream) return;
    const look = () => {
      const rate = (one.deltas / PACE_MS) * 1000;
      if (this.chosen !== one || rate >= slowest || !this.mayContinue(one)) return;
      const message = `${one.target.provider.name} made ${rate.toFixed(1)} tokens a second, fewer than ${slowest}.`;
      this.broke(one, new WeirError("provider_timed_out", message));
    };
    this.stops.push(this.needs.later(PACE_MS, look));
  }

  private tell(events: readonly ChatEvent[]): void {
    const { before } = this;
    this.handlers.events(before ? events.map((event) => joinedUsage(event, before)) : events);
  }

  finished(one: Try): void {
    if (this.isOver) return;
    const isEmpty = !this.chosen && !this.before && isEmptyAnswer(one);
    if (isEmpty && (this.running.length > 1 || this.ask.route.hasNext)) {
      const message = `${one.target.provider.name} gave an empty answer.`;
      this.broke(one, new WeirError("provider_failed", message));
      return;
    }
    if (!this.chosen) this.choose(one);
    one.answered();
    this.end();
    if (one.held.length > 0) this.tell(one.held);
    this.handlers.done();
  }

  broke(one: Try, error: WeirError): void {
    if (this.isOver || !this.running.includes(one)) return;
    this.running = this.running.filter((other) => other !== one);
    one.broke(error);
    if (this.chosen === one) {
      if (!error.retryable || !this.goOn(one)) this.fail(error);
    } else if (this.running.length === 0) {
      // What this target has no word for, another may have.
      const isOthers = error.retryable || error.code === "unsupported_parameter";
      if (isOthers) this.next(error);
      else this.fail(error);
    }
  }

  private mayContinue(one: Try): boolean {
    const { request } = this.ask;
    return one.target.continues && !one.isMoreThanText && canContinue(request);
  }

  /** Lets another target go on with the text that the client has. */
  private goOn(one: Try): boolean {
    if (!this.mayContinue(one)) return false;
    const ticket = this.ask.route.continuation();
    if (!ticket) return false;
    const text = (this.before?.text ?? "") + one.text;
    const deltas = (this.before?.deltas ?? 0) + one.deltas;
    this.before = { text, deltas };
    this.chosen = this.begin(ticket, continued(this.ask.request, text, deltas));
    return true;
  }

  private fail(error: WeirError): void {
    if (this.isOver) return;
    this.end();
    this.handlers.failed(error);
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.ask.route.leave();
    for (const stop of this.stops) stop();
    for (const one of this.running) one.cancel();
    this.running = [];
  }
}

/** Nothing but an end: some servers answer so when they have failed. */
function isEmptyAnswer({ held, usage }: Try): boolean {
  if (usage && usage.outputTokens > 1) return false;
  return !held.some((event) => isContent(event) && event.type !== "finish");
}

function tooLate(deadlineMs: number): WeirError {
  return new WeirError(
    "deadline_exceeded",
    `The call was not done within its deadline of ${deadlineMs / 1000} s.`,
  );
}
