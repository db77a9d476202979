import type { Priority } from "../../../core/call.ts";
import type { Strategy } from "../../../config/routing.ts";
import { WeirError } from "../../../core/errors.ts";
import type { Target } from "../needs.ts";
import type { AttemptReason, RouteAsk } from "./ask.ts";
import type { Elastic } from "./elastic.ts";
import type { LaneName, Waiting } from "./fair-queue.ts";
import type { ModelQueue } from "./model-queue.ts";
import { type Candidate, orderTargets } from "./order.ts";
import { type PrefixIndex, blocksOf } from "./prefix-index.ts";
import type { RetryBudget } from "./retry-budget.ts";
import type { TargetState } from "./target-state.ts";
import { Ticket, type TicketNeeds } from "./ticket.ts";

/** From this share on of a prompt it is cheaper to wait for who has read it than to read it anew. */
const WORTH_WAITING = 0.5;

export interface NextTarget {
  /** May be called at once, or when a target has room. */
  go(ticket: Ticket): void;
  /** No target is left, or none had room in time. */
  none(error: WeirError): void;
}

export interface RouteNeeds extends TicketNeeds {
  readonly queue: ModelQueue<Route>;
  readonly prefixes: PrefixIndex<TargetState>;
  readonly retries: RetryBudget;
  readonly stateOf: (target: Target) => TargetState;
  readonly random: () => number;
}

/** One call's way through its model's targets. The state that it reads belongs to the router. */
export class Route implements Waiting {
  readonly priority: Priority;
  readonly flow: string;
  readonly tokens: number;
  readonly lane: LaneName;
  private readonly ask: RouteAsk;
  private readonly needs: RouteNeeds;
  /** Undefined where targets come and go: then it is asked again each time. */
  private readonly fixed: readonly Target[] | undefined;
  private readonly blocks: readonly number[];
  private tried: Target[] = [];
  private attempts = 0;
  private round = 1;
  private handlers: NextTarget | undefined;
  private reason: AttemptReason = "first";
  private stopWaiting: (() => void) | undefined;
  private heldSince: number | undefined;
  private heldBefore = 0;

  constructor(ask: RouteAsk, needs: RouteNeeds) {
    this.ask = ask;
    this.needs = needs;
    this.priority = ask.priority;
    this.flow = ask.flow;
    this.tokens = ask.promptTokens;
    this.lane = ask.promptTokens >= ask.model.routing.queue.large ? "large" : "small";
    ask.model.elastic?.demand.came(ask.promptTokens);
    const allowed = allowedTargets(ask);
    this.fixed = ask.model.elastic ? undefined : allowed;
    const isByPrefix =
      this.strategy === "prefix" && (allowed.length > 1 || ask.model.elastic) && ask.request;
    this.blocks = isByPrefix ? blocksOf(isByPrefix) : [];
  }

  /** Finds the next target. `lastError` is what the one before ended with. */
  next(handlers: NextTarget, lastError?: WeirError): void {
    const { retry } = this.ask.model.routing;
    const now = this.needs.now();
    if (this.attempts === 0) this.needs.retries.called(now);
    else {
      const mayRetry = this.ask.wishes?.failover !== false;
      if (!mayRetry || !this.needs.retries.take(now, retry.budget)) {
        handlers.none(lastError ?? unavailable());
        return;
      }
    }
    this.handlers = handlers;
    if (this.hasUntried) {
      this.reason = this.round > 1 ? "retry" : this.attempts === 0 ? "first" : "failover";
      this.find(lastError);
    } else this.nextRound(lastError);
  }

  /** A second target at the same time, if one has room now and the budget lets it. */
  hedge(share: number): Ticket | undefined {
    const target = this.hasUntried ? this.pick() : undefined;
    if (!target || !this.needs.retries.take(this.needs.now(), share, 2)) return undefined;
    return this.ticketFor(target, "hedge");
  }

  /** The next self-hosted target for a stream that broke off; undefined where none has room now. */
  continuation(): Ticket | undefined {
    const target = this.hasUntried ? this.pick() : undefined;
    if (!target?.continues) return undefined;
    if (!this.needs.retries.take(this.needs.now(), this.ask.model.routing.retry.budget)) {
      return undefined;
    }
    return this.ticketFor(target, "continuation");
  }

  /** How long this call was held until now, because no replica was there. */
  get heldMs(): number {
    const { heldSince } = this;
    return this.heldBefore + (heldSince === undefined ? 0 : this.needs.now() - heldSince);
  }

  /** Whether a further attempt could still be made. */
  get hasNext(): boolean {
    return this.ask.wishes?.failover !== false && this.untried().some((one) => this.isSound(one));
  }

  /** The caller does not wait any longer. */
  leave(): void {
    this.handlers = undefined;
    this.stopWait();
  }

  /** Called by the queue: whether some target has room for this call now. */
  get fits(): boolean {
    return this.handlers !== undefined && this.pick() !== undefined;
  }

  /** Called by the queue when `fits` was true. */
  release(): void {
    const target = this.pick();
    if (target) {
      this.start(target);
      return;
    }
    this.stopWait();
    this.find();
  }

  /** Called by the queue: there was no room in time, or others go before. */
  refuse(error: WeirError): void {
    const spare = this.pick({ mayFallBack: true, mayWait: false });
    if (spare) this.start(spare);
    else this.give(error);
  }

  private find(lastError?: WeirError): void {
    const { elastic } = this.ask.model;
    if (elastic?.isAsleep) {
      this.wait(() => this.hold(elastic, lastError));
      return;
    }
    const target = this.pick();
    if (target) {
      this.start(target);
      return;
    }
    const refusal = this.whyNone();
    if (refusal) {
      this.give(lastError ?? refusal);
      return;
    }
    this.wait(() => this.needs.queue.add(this));
  }

  /** Until `leave`, this call counts among those that wait. */
  private wait(begin: () => () => void): void {
    const demand = this.ask.model.elastic?.demand;
    demand?.waits(this.tokens);
    let isOver = false;
    let stop: (() => void) | undefined;
    // A full queue may refuse it before it is known how it is taken out.
    this.stopWaiting = () => {
      if (isOver) return;
      isOver = true;
      demand?.waitsNoMore(this.tokens);
      stop?.();
    };
    stop = begin();
    if (isOver) stop();
  }

  /** Waits for the model to wake. What it waits then, for room, is another matter. */
  private hold(elastic: Elastic, lastError: WeirError | undefined): () => void {
    this.heldSince = this.needs.now();
    return elastic.hold({
      awake: () => {
        this.stopWait();
        this.find(lastError);
      },
      refuse: (error) => this.refuse(error),
    });
  }

  private stopWait(): void {
    this.heldBefore = this.heldMs;
    this.heldSince = undefined;
    this.stopWaiting?.();
    this.stopWaiting = undefined;
  }

  private start(target: Target): void {
    const { handlers } = this;
    this.leave();
    handlers?.go(this.ticketFor(target, this.reason));
  }

  private give(error: WeirError): void {
    const { handlers } = this;
    this.leave();
    handlers?.none(error);
  }

  private ticketFor(target: Target, reason: AttemptReason): Ticket {
    this.attempts += 1;
    this.tried.push(target);
    const state = this.needs.stateOf(target);
    if (this.blocks.length > 0) this.needs.prefixes.add(this.blocks, state);
    return new Ticket({ target, state, reason, ask: this.ask, lane: this.lane }, this.needs);
  }

  /** All were tried: perhaps once more, after a pause. */
  private nextRound(lastError = unavailable()): void {
    const { rounds, pause, longestPause } = this.ask.model.routing.retry;
    const now = this.needs.now();
    const from = this.allowed.map((target) => this.needs.stateOf(target).breaker.admitsFrom(now));
    const growing = pause * 2 ** (this.round - 1) * (0.5 + this.needs.random() / 2);
    const waitMs = Math.max(growing, lastError.retryAfterMs ?? 0, Math.min(...from) - now);
    if (this.round >= rounds || waitMs > longestPause) {
      this.give(lastError);
      return;
    }
    this.round += 1;
    this.reason = "retry";
    this.stopWaiting = this.needs.later(waitMs, () => {
      this.tried = [];
      this.find(lastError);
    });
  }

  private get allowed(): readonly Target[] {
    return this.fixed ?? allowedTargets(this.ask);
  }

  private untried(): Target[] {
    return this.allowed.filter((target) => this.isUntried(target));
  }

  private get hasUntried(): boolean {
    return this.allowed.some((target) => this.isUntried(target));
  }

  private isUntried(target: Target): boolean {
    return !this.tried.includes(target) && !this.needs.stateOf(target).isDrained;
  }

  private isSound(target: Target): boolean {
    return this.needs.stateOf(target).breaker.admits(this.needs.now());
  }

  /**
   * The target for now: own ones before fallbacks, sound before broken. Undefined where the first of
   * these groups has somebody, but no room: those wait, unless they waited long enough.
   */
  private pick({ mayFallBack = false, mayWait = true } = {}): Target | undefined {
    if (this.allowed.length === 1) return this.onlyOne(this.allowed[0]);
    const untried = this.untried();
    const sound = untried.filter((target) => this.isSound(target));
    const own = sound.filter(({ fallback }) => !fallback);
    const spare = sound.filter(({ fallback }) => fallback);
    const group = [own, spare].find(({ length }) => length > 0) ?? this.lastResort(untried);
    const withRoom = group.filter((target) => this.hasRoom(target));
    if (withRoom.length > 0 && withRoom.length < group.length && mayWait) {
      const best = this.best(group);
      if (best && !withRoom.includes(best) && this.matchOf(best) >= WORTH_WAITING) return undefined;
    }
    if (withRoom.length > 0) return this.best(withRoom);
    return mayFallBack ? this.best(spare.filter((target) => this.hasRoom(target))) : undefined;
  }

  /** Where there is nothing to choose: what `pick` would find, by a shorter way. */
  private onlyOne(target: Target | undefined): Target | undefined {
    if (!target || !this.isUntried(target) || !this.hasRoom(target)) return undefined;
    const { breaker } = this.needs.stateOf(target);
    return breaker.isResting(this.needs.now()) ? undefined : target;
  }

  /** Nothing is sound: a broken target is better than none, one that asked for a rest is not. */
  private lastResort(untried: readonly Target[]): Target[] {
    const now = this.needs.now();
    const awake = untried.filter((target) => !this.needs.stateOf(target).breaker.isResting(now));
    const own = awake.filter(({ fallback }) => !fallback);
    return own.length > 0 ? own : awake;
  }

  private hasRoom(target: Target): boolean {
    if (!target.fallback && this.ask.model.elastic?.isAsleep) return false;
    const state = this.needs.stateOf(target);
    if (target.concurrency !== undefined && state.inFlight >= target.concurrency) return false;
    const { promptTokens } = this.ask.model.routing.queue;
    if (!target.isPaced || promptTokens === "off") return true;
    return state.waitingTokens[this.lane] < promptTokens;
  }

  /** Why waiting would be in vain; undefined where it would not. */
  private whyNone(): WeirError | undefined {
    const untried = this.untried();
    if (untried.length === 0) {
      return new WeirError(
        "model_unavailable",
        "Every target of this model is drained. Enable one on the Targets page, or with: weir targets enable",
      );
    }
    const now = this.needs.now();
    const rests = untried.map((target) => this.needs.stateOf(target).breaker.restUntilAfter(now));
    if (!rests.every((until) => until > now)) return undefined;
    const retryAfterMs = Math.min(...rests) - now;
    const [one] = untried;
    const said = one && this.needs.stateOf(one).lastError;
    const seconds = Math.ceil(retryAfterMs / 1000);
    return new WeirError(
      "rate_limited",
      `${said ?? "The target is at its limit."} It asked not to be asked for another ${seconds} s.`,
      { retryAfterMs },
    );
  }

  private get strategy(): Strategy {
    const wished = this.ask.wishes?.routing;
    return (wished as Strategy | undefined) ?? this.ask.model.routing.strategy; // checked on arrival
  }

  private best(targets: readonly Target[]): Target | undefined {
    if (targets.length < 2) return targets[0];
    const { balance } = this.ask.model.routing;
    const order = orderTargets(
      targets.map((target) => this.toCandidate(target)),
      targets.map(({ id }) => id),
      { strategy: this.strategy, balance, stickyTo: stickyName(this.ask) },
      this.needs.random,
    );
    return targets[order[0] ?? 0];
  }

  private toCandidate(target: Target): Candidate {
    const { inFlight, firstContentMs, usedAt } = this.needs.stateOf(target);
    const { price, weight } = target;
    return {
      weight,
      inFlight,
      firstContentMs,
      usedAt,
      price: price && (price.input * 3 + price.output) / 4,
      prefixMatch: this.matchOf(target),
    };
  }

  private matchOf(target: Target): number {
    if (this.blocks.length === 0) return 0;
    return this.needs.prefixes.match(this.blocks, this.needs.stateOf(target));
  }
}

function allowedTargets({ model, wishes }: RouteAsk): readonly Target[] {
  const { elastic } = model;
  const all = elastic ? [...model.targets, ...elastic.further] : model.targets;
  if (wishes?.target === undefined && wishes?.tags === undefined) return all;
  const { target, tags = [] } = wishes;
  const allowed = all.filter(
    (one) =>
      (target === undefined || one.id === target || one.replicaOf === target) &&
      tags.every((tag) => one.tags.includes(tag)),
  );
  if (allowed.length > 0) return allowed;
  const asked = target === undefined ? `the tags ${tags.join(", ")}` : `the name "${target}"`;
  const there = model.targets.map(({ id, tags: own }) => [id, ...own].join(" ")).join("; ");
  throw new WeirError(
    "invalid_request",
    `The model "${model.name}" has no target with ${asked}. It has: ${there}.`,
  );
}

function stickyName({ wishes, model, keyId, user }: RouteAsk): string | undefined {
  if (wishes?.session !== undefined) return wishes.session;
  const { sticky } = model.routing;
  if (sticky === "key") return keyId;
  return sticky === "user" && user !== undefined ? `${keyId}\0${user}` : undefined;
}

function unavailable(): WeirError {
  return new WeirError("model_unavailable", "The model has no target that could answer.");
}
