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
  const { catalogue, router, now, monotonic } = needs;
  const decisions = new Map<string, Decision>();
  const heard = new Map<string, readonly Heard[]>();
  const listeners: Partial<SteeringListener>[] = [];
  const targets = () => catalogue.names().flatMap((name) => catalogue.targets(name));

  function decide(decision: Decision): void {
    decisions.set(decision.identity, decision);
    for (const target of targets()) obey(target);
    for (const listener of listeners) listener.decided?.(decision);
  }

  function obey(target: Named): void {
    const isDrained = decisions.get(target.identity)?.isDrained ?? false;
    if (router.stateOf(target).isDrained !== isDrained) router.drain(target, isDrained);
  }

  function tell(): void {
    const all = outagesOf([...heard.values()].flat(), monotonic());
    for (const target of targets()) {
      router.told(
        target,
        all.filter(({ identity }) => identity === target.identity),
      );
    }
  }

  return {
    drain({ identity }, isDrained) {
      const known = decisions.get(identity);
      decide({ identity, isDrained, at: Math.max(now(), (known?.at ?? 0) + 1) });
    },
    probed(target, isSound) {
      router.probed(target, isSound);
      for (const listener of listeners) listener.probed?.(target.identity, isSound);
    },
    probedElsewhere(identity, isSound) {
      const target = targets().find((one) => one.identity === identity);
      if (target) router.probed(target, isSound);
    },
    take(said) {
      for (const decision of said) {
        if (isLater(decision, decisions.get(decision.identity))) decide(decision);
      }
    },
    hear(source, outages) {
      const before = heard.get(source) ?? [];
      const from = monotonic();
      heard.set(
        source,
        outages.map(({ forMs, ...outage }) => ({ ...outage, until: from + forMs })),
      );
      if (before.length > 0 || outages.length > 0) tell();
    },
    refresh() {
      for (const target of targets()) obey(target);
      tell();
    },
    decisions: () => [...decisions.values()],
    outages(source) {
      const others = [...heard].filter(([name]) => name !== source).flatMap(([, all]) => all);
      return [...seenHere(targets(), needs), ...outagesOf(others, monotonic())];
    },
    follow: (listener) => void listeners.push(listener),
  };
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
