import { type Asked, type Rule, sizeOf } from "./rule.ts";
import type { Signals } from "./signals.ts";

export interface RateSettings {
  /** Calls a second for each replica. */
  readonly target: number;
  /** The size grows or shrinks only after more, or fewer, were asked for all this time. */
  readonly upAfterMs?: number;
  readonly downAfterMs?: number;
}

/** SkyServe's delays, and its window. */
const UP_AFTER_MS = 300_000;
const DOWN_AFTER_MS = 1_200_000;
const WINDOW_MS = 60_000;

/** Scaling by calls a second, as SkyServe does it: a rate of the last minute, and two patient counters. */
export class RateRule implements Rule {
  private readonly settings: RateSettings;
  private recent: { readonly ms: number; readonly requests: number }[] = [];
  private moreMs = 0;
  private fewerMs = 0;
  private held: number | undefined;

  constructor(settings: RateSettings) {
    this.settings = settings;
  }

  ask(signals: Signals): Asked {
    const { target, upAfterMs = UP_AFTER_MS, downAfterMs = DOWN_AFTER_MS } = this.settings;
    const rate = this.rateWith(signals);
    const wanted = Math.ceil(rate / target);
    const held = this.held ?? sizeOf(signals);
    this.moreMs = wanted > held ? this.moreMs + signals.elapsedMs : 0;
    this.fewerMs = wanted < held ? this.fewerMs + signals.elapsedMs : 0;
    const isTime = this.moreMs >= upAfterMs || this.fewerMs >= downAfterMs;
    const isMove = isTime && wanted !== held;
    this.held = isMove ? wanted : held;
    if (isMove) this.moreMs = this.fewerMs = 0;
    return {
      replicas: this.held,
      why: `${rate.toFixed(1)} calls a second, where ${target} for each replica are wanted`,
      numbers: { rate, target, wanted },
    };
  }

  private rateWith({ arrived, elapsedMs }: Signals): number {
    this.recent.push({ ms: elapsedMs, requests: arrived.requests });
    let ms = this.recent.reduce((all, one) => all + one.ms, 0);
    while (this.recent.length > 1 && ms - (this.recent[0]?.ms ?? 0) >= WINDOW_MS) {
      ms -= this.recent.shift()?.ms ?? 0;
    }
    return (this.recent.reduce((all, one) => all + one.requests, 0) / ms) * 1000;
  }
}
