import { CallMix } from "./call-mix.ts";
import { type Capacity, type Mix, capacityOf, workMs } from "./capacity.ts";
import { UnevenRate } from "./load.ts";
import { type Asked, type Rule, sizeOf } from "./rule.ts";
import type { Signals } from "./signals.ts";
import { type StepCost, StepModel } from "./step-model.ts";
import { PeakWindow } from "./window.ts";

export interface WorkRateSettings {
  /** The share of what a replica can do that is planned for; the rest is for what cannot be planned. 0.5 unless set. */
  readonly headroom?: number;
  /** So many standard deviations of the work of an interval are kept free for bursts. 1.5 unless set. */
  readonly bursts?: number;
  /** The longest mean time between tokens that is still good. 100 ms unless set. */
  readonly itlMs?: number;
  /** The most sequences that one replica runs at a time. 256 unless set. */
  readonly maxRunning?: number;
  /** What is believed of a replica until its steps are seen. */
  readonly prior?: StepCost;
  /** The size shrinks only to the most that was asked for in the last so many start delays. 10 unless set. */
  readonly patienceStarts?: number;
}

const HEADROOM = 0.5;
const BURSTS = 1.5;
const ITL_MS = 100;
const MAX_RUNNING = 256;
const PATIENCE_STARTS = 10;
/** Until a start was measured, and the bounds of what is derived from it. */
const START_DELAY_MS = 120_000;
const LEAST_PATIENCE_MS = 60_000;
const MOST_PATIENCE_MS = 30 * 60_000;
/** Half of the rate is forgotten after a start delay, within these: what is shorter is over before help comes. */
const LEAST_RATE_HALF_MS = 15_000;
const MOST_RATE_HALF_MS = 120_000;
/** What waits is to be worked off in so much time. */
const BACKLOG_MS = 60_000;
/** The cache may be filled so far: sequences grow. */
const KV_SHARE = 0.85;
/** After shrinking, what is left may be so near its limits. */
const FULL = 0.9;

/**
 * Scales by the work that arrives. Each call is work by its tokens (`workMs`), a replica takes so much of it
 * before its steps get too long or its cache too full (`capacityOf`), and what both cost is learned from steps
 * while they are taken. Arrivals show a new load before anything waits, and keep showing it when replicas are
 * so far behind that nothing finishes.
 */
export class WorkRateRule implements Rule {
  private readonly settings: WorkRateSettings;
  private readonly model: StepModel;
  private readonly mix = new CallMix();
  private readonly requests = new UnevenRate();
  private readonly prompts = new UnevenRate();
  private readonly work = new UnevenRate();
  private readonly steady = new PeakWindow();

  constructor(settings: WorkRateSettings) {
    this.settings = settings;
    this.model = new StepModel(settings.prior);
  }

  ask(signals: Signals): Asked {
    this.learn(signals);
    const need = this.needOf(signals);
    const steady = Math.max(need.planned, need.cache);
    const patienceMs = this.patienceOf(signals);
    // What waits is worked off once: it is no reason to stay large.
    const most = this.steady.add(steady, signals.elapsedMs, patienceMs);
    const now = whole(steady + need.backlog);
    const size = sizeOf(signals);
    const kept = now >= size ? now : Math.min(size, Math.max(now, whole(most)));
    const replicas = kept < size ? this.consolidated(kept, signals, need) : kept;
    return {
      replicas,
      why: reasonOf({ need, now, kept, replicas, patienceMs }),
      numbers: { ...numbersOf(need, this.model), now, kept, patienceSeconds: patienceMs / 1000 },
    };
  }

  private learn(signals: Signals): void {
    const { arrived, elapsedMs, steps } = signals;
    const halfMs = Math.min(Math.max(startDelayOf(signals), LEAST_RATE_HALF_MS), MOST_RATE_HALF_MS);
    this.mix.learn(signals);
    this.requests.add(arrived.requests, elapsedMs, halfMs);
    this.prompts.add(arrived.promptTokens, elapsedMs, halfMs);
    const seen = steps ?? [this.mix.seenStep(signals, this.prompts.mean)];
    this.model.learn(
      seen.filter((step) => step !== undefined),
      elapsedMs,
    );
    const mix = this.mix.of(arrived.requests > 0 ? arrived.promptTokens / arrived.requests : 0);
    this.work.add(arrived.requests * workMs(this.model.cost, mix), elapsedMs, halfMs);
  }

  private needOf({ waiting, kv }: Signals): Need {
    const { headroom = HEADROOM, bursts = BURSTS } = this.settings;
    const { itlMs = ITL_MS, maxRunning = MAX_RUNNING } = this.settings;
    const { cost } = this.model;
    const mix = this.mix.of(this.requests.mean > 0 ? this.prompts.mean / this.requests.mean : 0);
    const capacity = capacityOf(cost, mix, {
      itlMs,
      maxRunning,
      ...(kv && { kvTokens: kv.replicaTokens }),
    });
    const arriving = this.work.level / capacity.share;
    const spare = (bursts * this.work.spread) / capacity.share;
    const waitingMix = this.mix.of(waiting.promptTokens / Math.max(1, waiting.requests));
    const waitingMs = waiting.requests * workMs(cost, waitingMix);
    return {
      arriving,
      bursts: spare,
      planned: arriving / headroom + spare,
      headroom,
      backlog: waitingMs / BACKLOG_MS,
      waitingMs,
      cache: kv ? kv.residentTokens / (kv.replicaTokens * KV_SHARE) : 0,
      capacity,
      mix,
    };
  }

  private patienceOf(signals: Signals): number {
    const { patienceStarts = PATIENCE_STARTS } = this.settings;
    const wished = startDelayOf(signals) * patienceStarts;
    return Math.min(Math.max(wished, LEAST_PATIENCE_MS), MOST_PATIENCE_MS);
  }

  /** The least, from `kept` on, at which those that stay can take over what runs on those that go. */
  private consolidated(kept: number, signals: Signals, need: Need): number {
    const { maxRunning = MAX_RUNNING } = this.settings;
    const running = signals.running + signals.waiting.requests;
    const least = Math.max(
      need.arriving / FULL,
      running / (maxRunning * FULL),
      need.cache * (KV_SHARE / FULL),
    );
    return Math.min(sizeOf(signals), Math.max(kept, whole(least)));
  }
}

/** All in replicas, but for `waitingMs` and `headroom`. */
interface Need {
  /** As fast as calls come: so many would be at their limits all the time. */
  readonly arriving: number;
  readonly bursts: number;
  readonly planned: number;
  readonly headroom: number;
  readonly backlog: number;
  readonly waitingMs: number;
  /** The least that hold what caches hold now. */
  readonly cache: number;
  readonly capacity: Capacity;
  readonly mix: Mix;
}

/** Replicas are whole; a rounding error asks for none. */
function whole(replicas: number): number {
  return Math.max(1, Math.ceil(replicas - 1e-9));
}

function startDelayOf({ startDelayMs }: Signals): number {
  return startDelayMs ?? START_DELAY_MS;
}

interface Reasons {
  readonly need: Need;
  readonly now: number;
  readonly kept: number;
  readonly replicas: number;
  readonly patienceMs: number;
}

function reasonOf({ need, now, kept, replicas, patienceMs }: Reasons): string {
  const { arriving, headroom, bursts, backlog, cache, planned } = need;
  const parts = [
    `calls bring the work of ${short(arriving)}, planned at ${Math.round(headroom * 100)} %`,
    ...(bursts >= 0.05 ? [`${short(bursts)} more for bursts`] : []),
    ...(backlog >= 0.05 ? [`${short(backlog)} more for what waits`] : []),
  ];
  if (cache > planned) parts.push(`and what caches hold needs ${short(cache)}`);
  const why = parts.join(", ");
  if (replicas > kept) return `${why}; ${kept} could not take over what runs`;
  if (kept <= now) return why;
  return `${why}; ${now} would do now, but ${kept} were needed in the last ${Math.round(patienceMs / 60_000)} min`;
}

function numbersOf(need: Need, { cost, seen }: StepModel): Record<string, number> {
  const { arriving, bursts, planned, backlog, waitingMs, cache, capacity, mix } = need;
  return {
    arriving,
    bursts,
    planned,
    backlog,
    waitingSeconds: waitingMs / 1000,
    cache,
    capacityShare: capacity.share,
    promptTokens: mix.promptTokens,
    unreadTokens: mix.unreadTokens,
    outputTokens: mix.outputTokens,
    ...cost,
    stepsSeen: seen,
  };
}

function short(replicas: number): string {
  return replicas >= 10 ? replicas.toFixed(0) : replicas.toFixed(1);
}
