import { type Asked, type Rule, sizeOf } from "./rule.ts";
import type { Signals } from "./signals.ts";

export interface KnativeSettings {
  /** Calls at work for each replica. */
  readonly target: number;
}

const STABLE_MS = 60_000;
const PANIC_MS = 6_000;
/** Twice what is ready for in the short window: panic. */
const PANIC_AT = 2;

/**
 * Knative's autoscaler: calls at work, averaged over a minute; where the last seconds would need twice what is
 * ready it panics, which for a minute means that it only grows.
 */
export class KnativeRule implements Rule {
  private readonly settings: KnativeSettings;
  private recent: { readonly ms: number; readonly calls: number }[] = [];
  private panicMs = 0;
  private panicMost = 0;

  constructor(settings: KnativeSettings) {
    this.settings = settings;
  }

  ask(signals: Signals): Asked {
    const { target } = this.settings;
    const calls = signals.waiting.requests + signals.running;
    this.recent.push({ ms: signals.elapsedMs, calls });
    const stable = this.meanOf(STABLE_MS);
    const short = this.meanOf(PANIC_MS);
    const ready = Math.max(1, signals.replicas.ready);
    const inShort = Math.ceil(short / target);
    this.panicMs = inShort >= PANIC_AT * ready ? STABLE_MS : this.panicMs - signals.elapsedMs;
    const isPanic = this.panicMs > 0;
    this.panicMost = isPanic ? Math.max(this.panicMost, inShort, sizeOf(signals)) : 0;
    return {
      replicas: isPanic ? this.panicMost : Math.max(1, Math.ceil(stable / target)),
      why: isPanic
        ? `panic: ${short.toFixed(1)} calls at work, where ${target} for each replica are wanted`
        : `${stable.toFixed(1)} calls at work in the last minute, where ${target} for each replica are wanted`,
      numbers: { stable, short, target },
    };
  }

  private meanOf(windowMs: number): number {
    let [ms, sum] = [0, 0];
    for (let at = this.recent.length - 1; at >= 0 && ms < windowMs; at--) {
      const one = this.recent[at];
      ms += one?.ms ?? 0;
      sum += (one?.calls ?? 0) * (one?.ms ?? 0);
    }
    if (windowMs === STABLE_MS) this.recent = this.recent.slice(-STABLE_MS / 1000);
    return sum / ms;
  }
}
