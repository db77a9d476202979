import type { ScaledModel } from "../serve/scaled-models.ts";
import type { Signals } from "../ship/autoscale/signals.ts";

type Sums = Pick<Signals, "arrived" | "finished">;

/** What calls of one model asked for since the last time that one looked, and what stands now. */
export function createFigures({ sleeper, replicas }: ScaledModel) {
  const { demand } = sleeper;
  let before = sumsOf();

  function sumsOf(): Sums {
    return { arrived: { ...demand.arrived }, finished: { ...demand.finished } };
  }

  return {
    take(): Pick<Signals, "arrived" | "finished" | "waiting" | "running" | "kv"> {
      const now = sumsOf();
      const { arrived, finished } = before;
      before = now;
      return {
        arrived: {
          requests: now.arrived.requests - arrived.requests,
          promptTokens: now.arrived.promptTokens - arrived.promptTokens,
        },
        finished: {
          requests: now.finished.requests - finished.requests,
          promptTokens: now.finished.promptTokens - finished.promptTokens,
          cachedTokens: now.finished.cachedTokens - finished.cachedTokens,
          outputTokens: now.finished.outputTokens - finished.outputTokens,
        },
        waiting: { ...demand.waiting },
        running: demand.running,
        ...(replicas && { kv: cacheOf(replicas) }),
      };
    },
  };
}

/** What the engines' caches hold of answers in the making. */
function cacheOf({
  first,
  engines,
}: NonNullable<ScaledModel["replicas"]>): NonNullable<Signals["kv"]> {
  const { slots, context } = first.config;
  const replicaTokens = slots * (first.engine.info()?.contextTokens ?? context);
  const shares = [first.engine, ...engines].map((engine) => engine.stats().kvCacheUsage);
  return {
    replicaTokens,
    residentTokens: shares.reduce((sum, one) => sum + one, 0) * replicaTokens,
  };
}
