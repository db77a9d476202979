import type { Later } from "../../../core/time.ts";
import type { Provider } from "../../provider.ts";
import type { Target } from "../needs.ts";
import type { Told } from "./breaker.ts";
import { ModelQueue } from "./model-queue.ts";
import { PrefixIndex } from "./prefix-index.ts";
import { RetryBudget } from "./retry-budget.ts";
import type { RouteAsk } from "./ask.ts";
import { Route, type RouteNeeds } from "./route.ts";
import { SlowFirst } from "./slow-first.ts";
import { TargetState } from "./target-state.ts";

/** Which target answers, and when: the only driver of the decisions in this room. */
export interface Router {
  /** One call's way. Throws invalid_request where its wishes fit no target. */
  open(ask: RouteAsk): Route;
  /** What is known of a target, for people. */
  stateOf(target: Pick<Target, "provider">): TargetState;
  /** Takes a target out, or in again; what runs there may finish. */
  drain(target: Pick<Target, "provider">, isDrained: boolean): void;
  /** A probe made a token there, or could not. */
  probed(target: Pick<Target, "provider">, isSound: boolean): void;
  /** All that other processes say of its breaker now. */
  told(target: Pick<Target, "provider">, outages: readonly Told[]): void;
  /** Replicas of a model came, or it woke: who waits may go on. */
  changed(): void;
  /** Calls that wait for room. */
  waiting(model: string): number;
  /** From when on a first content of this model is late; undefined while too little is known. */
  slowFirstContentMs(model: string): number | undefined;
}

export interface RouterNeeds {
  /** Milliseconds that never go back. */
  readonly now: () => number;
  readonly random: () => number;
  readonly later: Later;
}

interface ModelState extends RouteNeeds {
  readonly slowFirst: SlowFirst;
  rules: RouteAsk["model"]["routing"];
}

/**
 * Keeps what decisions need: of each running target its load and soundness, of each model its queue.
 * Two models that use one target share its state; a changed configuration keeps both.
 */
export function createRouter({ now, random, later }: RouterNeeds): Router {
  const states = new WeakMap<Provider, TargetState>();
  const models = new Map<string, ModelState>();

  function stateOf({ provider }: Pick<Target, "provider">): TargetState {
    let state = states.get(provider);
    if (!state) states.set(provider, (state = new TargetState()));
    return state;
  }

  function modelOf({ name, routing, targets, elastic }: RouteAsk["model"]): ModelState {
    let model = models.get(name);
    if (model?.rules === routing && !elastic) return model;
    if (!model) models.set(name, (model = createModel(routing)));
    model.rules = routing;
    for (const target of elastic ? [...targets, ...elastic.further] : targets)
      stateOf(target).breaker.rules = routing.breaker;
    return model;
  }

  function createModel(rules: ModelState["rules"]): ModelState {
    const slowFirst = new SlowFirst();
    const model: ModelState = {
      queue: new ModelQueue({ rules: () => model.rules.queue, later }),
      prefixes: new PrefixIndex(),
      retries: new RetryBudget(),
      slowFirst,
      firstContent: (ms) => slowFirst.add(ms),
      rules,
      stateOf,
      now,
      random,
      later,
      roomMade,
    };
    return model;
  }

  function roomMade(): void {
    for (const { queue } of models.values()) if (queue.size > 0) queue.pump();
  }

  return {
    open: (ask) => new Route(ask, modelOf(ask.model)),
    stateOf,
    drain(target, isDrained) {
      stateOf(target).isDrained = isDrained;
      roomMade();
    },
    probed(target, isSound) {
      const { breaker } = stateOf(target);
      if (isSound) breaker.succeeded();
      else breaker.failed(now());
      roomMade();
    },
    told(target, outages) {
      stateOf(target).breaker.told(outages, now());
      roomMade();
    },
    changed: roomMade,
    waiting: (model) => models.get(model)?.queue.size ?? 0,
    slowFirstContentMs: (model) => models.get(model)?.slowFirst.ms,
  };
}
