import type { CallRecord } from "../core/call.ts";
import { newTraceId } from "../core/ids.ts";
import { later } from "../core/time.ts";
import { createShadow } from "../serve/gateway/shadow.ts";
import type { CallHouse } from "./house.ts";

/** What the call path needs, joined from the parts that have it. */
export function gatewayOf(house: CallHouse) {
  const { catalogue, metrics, recorder } = house;
  const common = {
    gate: house.guard,
    recorder: {
      record(ended: CallRecord): void {
        const call = house.machines.price(ended);
        metrics.observe(call);
        house.operations.accessLog.settled(call);
        recorder.record(call);
      },
      active: (change: 1 | -1) => metrics.active(change),
    },
    now: Date.now,
    monotonic: performance.now.bind(performance),
    random: Math.random,
  };
  return {
    ...common,
    models: catalogue,
    admission: house.limits.admission,
    router: house.router,
    cache: house.answers.cache,
    shadow: createShadow({
      ...common,
      shadowOf: (model) => catalogue.shadow(model),
      newTraceId,
    }),
    releases: house.arms.releases(common.recorder),
    timingHeader: () => house.live.config.server.timingHeader,
    later,
  };
}

export type Gateway = ReturnType<typeof gatewayOf>;
