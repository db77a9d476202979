import { CallMix } from "./call-mix.ts";
import { capacityOf, workMs } from "./capacity.ts";
import { type Asked, type Rule, sizeOf } from "./rule.ts";
import type { Signals } from "./signals.ts";
import { StepModel } from "./step-model.ts";
import { FadingMean, PeakWindow, keepAfter } from "./window.ts";

export interface CompletionSettings {
  /** The share of a replica that is planned for. 0.5 unless set. */
  readonly headroom?: number;
  readonly itlMs?: number;
}

const HEADROOM = 0.5;
const ITL_MS = 100;
const MAX_RUNNING = 256;
const HALF_MS = 60_000;
const DOWN_AFTER_MS = 180_000;

/**
 * A planner that counts calls when they end, as NVIDIA Dynamo's does, with the capacity that `work-rate` has:
 * what comes of counting them when they arrive is the difference between the two.
 */
export class CompletionRule implements Rule {
  private readonly settings: CompletionSettings;
  private readonly model = new StepModel();
  private readonly mix = new CallMix();
  private readonly requests = new FadingMean();
  private readonly prompts = new FadingMean();
  private readonly recent = new PeakWindow();

  constructor(settings: CompletionSettings) {
    this.settings = settings;
  }

  ask(signals: Signals): Asked {
    const { finished, elapsedMs, steps = [], kv } = signals;
    const { headroom = HEADROOM, itlMs = ITL_MS } = this.settings;
    const keep = keepAfter(elapsedMs, HALF_MS);
    this.model.learn(steps, elapsedMs);
    this.mix.learn(signals);
    this.requests.add(finished.requests, elapsedMs, keep);
    this.prompts.add(finished.promptTokens, elapsedMs, keep);
    const rate = this.requests.value ?? 0;
    const mix = this.mix.of(rate > 0 ? (this.prompts.value ?? 0) / rate : 0);
    const limits = {
      itlMs,
      maxRunning: MAX_RUNNING,
      ...(kv && { kvTokens: kv.replicaTokens }),
    };
    const { share } = capacityOf(this.model.cost, mix, limits);
    const finishing = (rate * workMs(this.model.cost, mix)) / share;
    const wanted = Math.max(1, Math.ceil(finishing / headroom - 1e-9));
    const most = this.recent.add(wanted, elapsedMs, DOWN_AFTER_MS);
    const size = sizeOf(signals);
    return {
      replicas: wanted >= size ? wanted : Math.min(size, most),
      why: `calls that end were the work of ${finishing.toFixed(1)}, planned at ${Math.round(headroom * 100)} %`,
      numbers: { finishing, headroom },
    };
  }
}
