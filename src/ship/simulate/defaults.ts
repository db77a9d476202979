import { USUAL_COST } from "../autoscale/step-model.ts";
import type { ReplicaSpec } from "./replica.ts";
import type { Slo } from "./simulate.ts";

/** A replica of middle size: a model of about eight billion weights on one GPU. It was calibrated on no engine. */
export const USUAL_REPLICA: ReplicaSpec = {
  ...USUAL_COST,
  chunkTokens: 1024,
  maxRunning: 256,
  kvTokens: 120_000,
};

export const USUAL_SLO: Slo = { ttftMs: 2000, ttftFactor: 3, itlMs: 100 };
