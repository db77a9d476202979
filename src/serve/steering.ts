import type { Clock } from "../core/time.ts";
import type { Decision, Outage } from "../core/target-news.ts";
import type { Catalogue, CatalogueTarget } from "./catalogue.ts";
import type { Router } from "./gateway/routing/router.ts";

type Named = Pick<CatalogueTarget, "identity" | "provider">;

/**
 * What is said of targets, here and elsewhere, brought to this process' router: operators' decisions,
 * what probes found, outages that others saw. `core/target-news.ts` has the rules. Nothing here waits.
 */
export interface Steering {
  /** An operator decides here. */
  drain(target: Named, isDrained: boolean): void;
  /** A probe, or an operator's test call, made a token there, or could not. */
  probed(target: Named, isSound: boolean): void;
  /** The same, seen by another process of this server. */
  probedElsewhere(identity: string, isSound: boolean): void;
  /** Decisions from elsewhere. Those that are later than what is known here count. */
  take(decisions: readonly Decision[]): void;
  /** All outages that one source knows of now: what it no longer tells is over. */
  hear(source: string, outages: readonly Outage[]): void;
  /** The configuration changed: what was said counts also for targets that came. */
  refresh(): void;
  decisions(): readonly Decision[];
  /** What was seen here, and what was heard: all but what came from `source`. */
  outages(source?: string): Outage[];
  /** Told of what changes here. */
  follow(listener: Partial<SteeringListener>): void;
}

export interface SteeringListener {
  /** A decision is new here, made here or taken from elsewhere. */
  decided(decision: Decision): void;
  /** A probe was made here. */
  probed(identity: string, isSound: boolean): void;
}

export interface SteeringNeeds {
  readonly catalogue: Pick<Catalogue, "names" | "targets">;
  readonly router: Pick<Router, "drain" | "probed" | "told" | "stateOf">;
  /** Names this process among all that share targets. */
  readonly process: string;
  readonly now: Clock;
  /** The router's time. */
  readonly monotonic: () => number;
}

interface Heard extends Pick<Outage, "identity" | "opening"> {
  /** By this process' own clock. */
  readonly until: number;
}

export function createSteering(needs: SteeringNeeds): Steering {
  return new Board(needs);
}

class Board implements Steering {
  private readonly needs: SteeringNeeds;
  private readonly decided = new Map<string, Decision>();
  private readonly heard = new Map<string, readonly Heard[]>();
  private readonly listeners: Partial<SteeringListener>[] = [];

  constructor(needs: SteeringNeeds) {
    this.needs = needs;
  }

  drain({ identity }: Named, isDrained: boolean): void {
    const known = this.decided.get(identity);
    this.decide({ identity, isDrained, at: Math.max(this.needs.now(), (known?.at ?? 0) + 1) });
  }

  probed(target: Named, isSound: boolean): void {
    this.needs.router.probed(target, isSound);
    for (const listener of this.listeners) listener.probed?.(target.identity, isSound);
  }

  probedElsewhere(identity: string, isSound: boolean): void {
    const target = this.targets().find((one) => one.identity === identity);
    if (target) this.needs.router.probed(target, isSound);
  }

  take(decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      if (isLater(decision, this.decided.get(decision.identity))) this.decide(decision);
    }
  }

  hear(source: string, outages: readonly Outage[]): void {
    const before = this.heard.get(source) ?? [];
    const now = this.needs.monotonic();
    const heard = outages.map(({ forMs, ...outage }) => ({ ...outage, until: now + forMs }));
    this.heard.set(source, heard);
    if (before.length > 0 || heard.length > 0) this.tell();
  }

  refresh(): void {
    for (const target of this.targets()) this.obey(target);
    this.tell();
  }

  decisions(): readonly Decision[] {
    return [...this.decided.values()];
  }

  outages(source?: string): Outage[] {
    const others = [...this.heard].filter(([name]) => name !== source).flatMap(([, all]) => all);
    const now = this.needs.monotonic();
    return [...seenHere(this.targets(), this.needs), ...outagesOf(others, now)];
  }

  follow(listener: Partial<SteeringListener>): void {
    this.listeners.push(listener);
  }

  private targets(): CatalogueTarget[] {
    const { catalogue } = this.needs;
    return catalogue.names().flatMap((name) => catalogue.targets(name));
  }

  private decide(decision: Decision): void {
    this.decided.set(decision.identity, decision);
    for (const target of this.targets()) this.obey(target);
    for (const listener of this.listeners) listener.decided?.(decision);
  }

  private obey(target: Named): void {
    const { router } = this.needs;
    const isDrained = this.decided.get(target.identity)?.isDrained ?? false;
    if (router.stateOf(target).isDrained !== isDrained) router.drain(target, isDrained);
  }

  private tell(): void {
    const { router, monotonic } = this.needs;
    const all = outagesOf([...this.heard.values()].flat(), monotonic());
    for (const target of this.targets()) {
      const its = all.filter(({ identity }) => identity === target.identity);
      router.told(target, its);
    }
  }
}

/** Of two at the same moment the careful one counts: all must come to the same end. */
function isLater(said: Decision, known: Decision | undefined): boolean {
  if (!known || said.at > known.at) return true;
  return said.at === known.at && said.isDrained && !known.isDrained;
}

/** Each once, though several models may use a target. */
function seenHere(
  targets: readonly Named[],
  { router, process, monotonic }: SteeringNeeds,
): Outage[] {
  const seen = new Map<string, Outage>();
  for (const target of targets) {
    const { identity } = target;
    const found = router.stateOf(target).breaker.seen(monotonic());
    if (!found) continue;
    seen.set(identity, { identity, opening: `${process}/${found.count}`, forMs: found.forMs });
  }
  return [...seen.values()];
}

function outagesOf(heard: readonly Heard[], now: number): Outage[] {
  return heard.map(({ until, ...outage }) => ({ ...outage, forMs: Math.max(0, until - now) }));
}
