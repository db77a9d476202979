import type { Usage } from "../../../core/chat.ts";
import type { WeirError } from "../../../core/errors.ts";
import type { Later } from "../../../core/time.ts";
import type { Target } from "../needs.ts";
import type { LaneName } from "./fair-queue.ts";
import type { AttemptReason, RouteAsk } from "./ask.ts";
import type { Demand } from "./demand.ts";
import type { TargetState } from "./target-state.ts";

export interface TicketNeeds {
  /** Milliseconds that never go back. */
  readonly now: () => number;
  readonly later: Later;
  /** Somewhere there is room again. */
  readonly roomMade: () => void;
  /** Hears how long a stream's first content took. */
  readonly firstContent: (ms: number) => void;
}

interface TicketFacts {
  readonly target: Target;
  readonly state: TargetState;
  readonly reason: AttemptReason;
  readonly ask: Pick<RouteAsk, "promptTokens" | "isWhole" | "model">;
  readonly lane: LaneName;
}

/** How an attempt ended for its target: it answered (a refusal of the request is an answer), or not. */
export type AttemptEnd =
  | { readonly how: "answered"; readonly outputTokens?: number; readonly usage?: Usage | undefined }
  | { readonly how: "withdrawn" }
  | { readonly how: "failed"; readonly error: WeirError };

/** While nothing is known of a server's speed: slow, so that it is not flooded. */
const UNKNOWN_PROMPT_RATE = 2_000;
/** Shorter stretches say more about scheduling than about the model. */
const LEAST_TOKENS = 8;

/**
 * The right to make one attempt, and the load that it puts on its target. Whoever holds it says when
 * the first content came, and exactly once how it ended: load that is counted by hand is forgotten.
 */
export class Ticket {
  readonly target: Target;
  readonly reason: AttemptReason;
  private readonly facts: TicketFacts;
  private readonly needs: TicketNeeds;
  private readonly startedAt: number;
  private firstAt: number | undefined;
  private waits: boolean;
  private stopWaiting: (() => void) | undefined;
  private isOver = false;
  /** Without a first token, as far as its model's size is concerned. */
  private isUnread = true;

  constructor(facts: TicketFacts, needs: TicketNeeds) {
    this.target = facts.target;
    this.reason = facts.reason;
    this.facts = facts;
    this.needs = needs;
    this.startedAt = needs.now();
    const { state, lane, ask } = facts;
    state.inFlight += 1;
    state.started += 1;
    state.usedAt = this.startedAt;
    state.breaker.started(this.startedAt);
    this.waits = facts.target.isPaced;
    this.demand?.waits(ask.promptTokens);
    if (!this.waits) return;
    state.waitingTokens[lane] += ask.promptTokens;
    if (!ask.isWhole) return;
    // Nothing will be heard of it before its end: its prompt is taken for read after a while.
    const rate = state.promptTokensPerSecond || UNKNOWN_PROMPT_RATE;
    this.stopWaiting = needs.later((ask.promptTokens / rate) * 1000, () => this.promptRead());
  }

  firstContent(): void {
    if (this.firstAt !== undefined || this.isOver) return;
    const now = this.needs.now();
    const { state, ask } = this.facts;
    this.firstAt = now;
    const ms = now - this.startedAt;
    if (!ask.isWhole) {
      state.firstContent(ms, now);
      this.needs.firstContent(ms);
      if (this.waits && ms > 0) state.promptRate((ask.promptTokens / ms) * 1000);
    }
    this.promptRead();
  }

  ended(end: AttemptEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    const { state } = this.facts;
    const now = this.needs.now();
    state.inFlight -= 1;
    this.stopWaiting?.();
    this.read();
    if (this.demand) this.demand.running -= 1;
    this.leaveLane();
    if (end.how === "answered") {
      this.demand?.answered(this.facts.ask.promptTokens, end.usage);
      this.answered(end.outputTokens ?? 0, now);
    } else if (end.how === "withdrawn") state.breaker.withdrawn();
    else {
      state.failed += 1;
      state.lastError = end.error.message;
      state.lastErrorAt = now;
      state.breaker.failed(now, restOf(end.error));
    }
    this.needs.roomMade();
  }

  /** How many tokens this target makes a second, for what can only be guessed. */
  get tokensPerSecond(): number {
    return this.facts.state.tokensPerSecond;
  }

  private get demand(): Demand | undefined {
    return this.facts.target.fallback ? undefined : this.facts.ask.model.elastic?.demand;
  }

  private read(): void {
    const { demand } = this;
    if (!demand || !this.isUnread) return;
    this.isUnread = false;
    demand.waitsNoMore(this.facts.ask.promptTokens);
    demand.running += 1;
  }

  private answered(outputTokens: number, now: number): void {
    const { state, ask } = this.facts;
    state.breaker.succeeded();
    if (outputTokens < LEAST_TOKENS) return;
    const from = ask.isWhole ? this.startedAt : (this.firstAt ?? this.startedAt);
    if (now > from) state.outputRate((outputTokens / (now - from)) * 1000);
  }

  private promptRead(): void {
    this.read();
    if (!this.waits) return;
    this.leaveLane();
    this.needs.roomMade();
  }

  private leaveLane(): void {
    if (!this.waits) return;
    this.waits = false;
    const { state, lane, ask } = this.facts;
    state.waitingTokens[lane] -= ask.promptTokens;
  }
}

/** How long an upstream asked to be left alone. An engine of ours says only when to look again. */
function restOf({ code, retryAfterMs }: WeirError): number | undefined {
  return code === "rate_limited" || code === "provider_failed" ? retryAfterMs : undefined;
}
