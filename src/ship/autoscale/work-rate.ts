import type { Asked, Rule } from "./rule.ts";
import type { Signals } from "./signals.ts";
import type { StepCost } from "./step-model.ts";

export interface WorkRateSettings {
  /** The share of what a replica can do that is planned for; the rest is for bursts. */
  readonly headroom?: number;
  /** The longest mean time between tokens that is still good. 100 ms unless set. */
  readonly itlMs?: number;
  /** The longest time to the first token that is still good. 2 s unless set. */
  readonly ttftMs?: number;
  /** The most sequences that one replica runs at a time. 256 unless set. */
  readonly maxRunning?: number;
  /** What is believed of a replica until its steps are seen. */
  readonly prior?: StepCost;
  /** The size shrinks only to the most of so many start delays. */
  readonly patienceStarts?: number;
}

/** Until the next commit: a stand-in that never moves. Its settings and name are final. */
export class WorkRateRule implements Rule {
  readonly settings: WorkRateSettings;

  constructor(settings: WorkRateSettings) {
    this.settings = settings;
  }

  ask({ replicas }: Signals): Asked {
    return {
      replicas: replicas.ready + replicas.starting,
      why: "nothing is known yet",
      numbers: {},
    };
  }
}
