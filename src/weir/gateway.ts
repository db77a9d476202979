import type { CallRecord } from "../core/call.ts";
import type { GenerateRequest } from "../core/chat.ts";
import { createAdmission } from "../serve/gateway/limits.ts";
import { createRouter } from "../serve/gateway/route.ts";
import type { House } from "./house.ts";

const DAY_MS = 86_400_000;

/** What the call path needs, joined from the parts that have it. */
export async function gatewayOf(house: House) {
  const { catalogue, metrics, recorder, traces } = house;
  const now = Date.now;
  const today = Math.floor(now() / DAY_MS) * DAY_MS;
  const spent = await traces.spentByKey(today);
  return {
    models: catalogue,
    admission: createAdmission({
      allowance: () => house.live.config.limits.perKey,
      now,
      // Only what was spent before this start: the rest is counted as it happens.
      spentToday: (keyId, dayStart) => (dayStart === today ? (spent[keyId] ?? 0) : 0),
    }),
    gate: {
      inspect: (request: GenerateRequest) => house.live.gate.inspect(request),
      openOutput: () => house.live.gate.openOutput(),
    },
    recorder: {
      record(call: CallRecord): void {
        metrics.observe(call);
        recorder.record(call);
      },
      active: (change: 1 | -1) => metrics.active(change),
    },
    router: createRouter({ now, random: Math.random }),
    now,
    monotonic: performance.now.bind(performance),
    random: Math.random,
  };
}

export type Gateway = Awaited<ReturnType<typeof gatewayOf>>;
