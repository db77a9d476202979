/** In which order a call tries its targets: pure decisions over what is known of them. */
import type { Strategy } from "../../../config/routing.ts";

/** One target as a decision sees it. */
export interface Candidate {
  readonly weight: number;
  readonly inFlight: number;
  /** Undefined while it has answered nothing. */
  readonly firstContentMs: number | undefined;
  /** Dollars for a million tokens, roughly; undefined where no price is known. */
  readonly price: number | undefined;
  /** The share of this prompt's start that was sent there before, 0 to 1. */
  readonly prefixMatch: number;
  /** When it last got a call. */
  readonly usedAt: number;
}

export interface OrderRules {
  readonly strategy: Strategy;
  /** A preferred target may be so much busier than the average. */
  readonly balance: number;
  /** Names who must stay with one target; absent: nobody. */
  readonly stickyTo?: string | undefined;
}

/** A prompt of which less was seen is as good as new. */
const LEAST_MATCH = 0.2;
/** Targets whose match is nearly the best are equals: the less busy one is taken. */
const NEARLY_BEST = 0.8;

/**
 * The places of `candidates`, best first: what a failed attempt goes on to stands next. `ids` name
 * them for the choices that must be the same in every replica.
 */
export function orderTargets(
  candidates: readonly Candidate[],
  ids: readonly string[],
  rules: OrderRules,
  random: () => number,
): number[] {
  const places = byWeight(candidates, random);
  const preferred = preferredPlaces(candidates, ids, rules, random);
  if (rules.strategy !== "weighted") places.sort(compare(candidates, rules.strategy));
  if (rules.strategy === "latency") preferBetterOfTwo(places, candidates, random);
  const first = preferred.find((place) => !isTooBusy(place, candidates, rules.balance));
  return first === undefined ? places : [first, ...places.filter((place) => place !== first)];
}

/** Efraimidis and Spirakis: sorting by random^(1/weight) draws without replacement by weight. */
function byWeight(candidates: readonly Candidate[], random: () => number): number[] {
  const draws = candidates.map(({ weight }) => random() ** (1 / weight));
  return candidates.map((_, place) => place).sort((a, b) => (draws[b] ?? 0) - (draws[a] ?? 0));
}

function compare(candidates: readonly Candidate[], strategy: Strategy) {
  const of = (place: number): number => {
    const candidate = candidates[place];
    if (!candidate) return 0;
    if (strategy === "cost") return candidate.price ?? Number.MAX_VALUE;
    return strategy === "latency" ? expectedMs(candidate) : load(candidate);
  };
  // A prompt that is new everywhere goes where the longest ago something came: caches fill evenly.
  const usedAt = (place: number) => (strategy === "prefix" ? (candidates[place]?.usedAt ?? 0) : 0);
  return (a: number, b: number) => of(a) - of(b) || usedAt(a) - usedAt(b);
}

function load({ inFlight, weight }: Candidate): number {
  return (inFlight + 1) / weight;
}

/** What one more call would wait, roughly. A target that is not known yet is worth a try. */
function expectedMs(candidate: Candidate): number {
  return (candidate.firstContentMs ?? 0) * load(candidate);
}

/**
 * Power of two choices: all calls at once to the best would make it the worst before anybody knew.
 * Two are drawn by weight and the better one goes first; the rest stay in order for failures.
 */
function preferBetterOfTwo(
  places: number[],
  candidates: readonly Candidate[],
  random: () => number,
): void {
  if (places.length < 3) return;
  const [one = 0, two = 0] = byWeight(candidates, random);
  const better = places.indexOf(one) < places.indexOf(two) ? one : two;
  places.splice(places.indexOf(better), 1);
  places.unshift(better);
}

/** Targets that this call should keep to, best first, before their load is looked at. */
function preferredPlaces(
  candidates: readonly Candidate[],
  ids: readonly string[],
  { strategy, stickyTo }: OrderRules,
  random: () => number,
): number[] {
  if (stickyTo !== undefined) return byRendezvous(candidates, ids, stickyTo);
  if (strategy !== "prefix") return [];
  const best = Math.max(...candidates.map(({ prefixMatch }) => prefixMatch));
  if (best < LEAST_MATCH) return [];
  return byWeight(candidates, random)
    .filter((place) => (candidates[place]?.prefixMatch ?? 0) >= best * NEARLY_BEST)
    .sort(compare(candidates, "least-busy"));
}

/**
 * Highest random weight: each replica of Weir finds the same target for the same name, and only the
 * names of a target that goes away move.
 */
function byRendezvous(
  candidates: readonly Candidate[],
  ids: readonly string[],
  name: string,
): number[] {
  const scores = candidates.map(({ weight }, place) => {
    const unit = (hashText(`${name}\0${ids[place] ?? ""}`) + 0.5) / 2 ** 32;
    return -weight / Math.log(unit);
  });
  return candidates.map((_, place) => place).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
}

/** Bounded load: whatever speaks for a target, it must not become the one hot spot. */
function isTooBusy(place: number, candidates: readonly Candidate[], balance: number): boolean {
  const candidate = candidates[place];
  if (!candidate) return true;
  let inFlight = 1;
  let weights = 0;
  for (const one of candidates) {
    inFlight += one.inFlight;
    weights += one.weight;
  }
  const fairShare = (inFlight * candidate.weight) / weights;
  return candidate.inFlight + 1 > Math.ceil(fairShare * balance);
}

/** FNV-1a over UTF-16 units, with a last mix: FNV's high bits hang on the last characters too little. */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
