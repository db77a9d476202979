import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { Load } from "./overload.ts";

export interface LoadSampler {
  readonly last: Pick<Load, "heapShare" | "lagMs">;
  close(): void;
}

const EVERY_MS = 1000;
/** How often the delay is measured: what a timer is late anyway. */
const RESOLUTION_MS = 20;

/** Measures this process once a second; `sampled` is called after each time. */
export function startLoadSampler(sampled: () => void): LoadSampler {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let last = { heapShare: 0, lagMs: 0 };
  const timer = setInterval(() => {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    // Without a single measurement the maximum is 0, or nonsense: the resolution stands for it.
    const lagMs = delay.count === 0 ? 0 : delay.max / 1e6 - RESOLUTION_MS;
    last = { heapShare: used / limit, lagMs: Math.max(0, lagMs) };
    delay.reset();
    sampled();
  }, EVERY_MS).unref();
  return {
    get last() {
      return last;
    },
    close() {
      clearInterval(timer);
      delay.disable();
    },
  };
}
