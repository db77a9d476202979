import type { CallRecord } from "../core/call.ts";
import type { GenerateRequest } from "../core/chat.ts";
import { later } from "../core/time.ts";
import type { House } from "./house.ts";

/** What the call path needs, joined from the parts that have it. */
export function gatewayOf(house: House) {
  const { catalogue, metrics, recorder } = house;
  const now = Date.now;
  return {
    models: catalogue,
    admission: house.limits.admission,
    gate: {
      inspect: (request: GenerateRequest) => house.live.gate.inspect(request),
      openOutput: () => house.live.gate.openOutput(),
    },
    recorder: {
      record(call: CallRecord): void {
        metrics.observe(call);
        house.operations.accessLog.settled(call);
        recorder.record(call);
      },
      active: (change: 1 | -1) => metrics.active(change),
    },
    router: house.router,
    now,
    monotonic: performance.now.bind(performance),
    later,
    random: Math.random,
  };
}

export type Gateway = ReturnType<typeof gatewayOf>;
