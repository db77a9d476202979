import type { WeirConfig } from "../config/schema.ts";
import type { Log } from "../core/log.ts";
import { type AccessLog, createAccessLog } from "../http/access-log.ts";
import { followAddressOf } from "../http/client-address.ts";
import { startLoadSampler } from "../http/lane/load-sampler.ts";
import { type Traffic, createTraffic } from "../http/lane/traffic.ts";
import type { Gauge } from "../watch/metrics/exposition.ts";

/** How the server stands in the world: what it carries, and whether it is to end. */
export interface Operations {
  readonly traffic: Traffic;
  readonly accessLog: AccessLog;
  /** Set once the server is to end: /ready says no, and connections are not kept open. */
  isLeaving: boolean;
  /** Since when it turns calls away; undefined while it does not. */
  overloadedSince(): number | undefined;
  gauges(): Gauge[];
}

export interface OperationsNeeds {
  readonly server: () => WeirConfig["server"];
  readonly trustedProxies: () => readonly string[];
  readonly now: () => number;
  readonly log: Log;
}

export function openOperations(
  { server, trustedProxies, now, log }: OperationsNeeds,
  stack: AsyncDisposableStack,
): Operations {
  const lines = log.part("http");
  const accessLog = createAccessLog({
    level: () => levelOf(server().accessLog),
    write: (fields) => lines.batched("access", fields),
    monotonic: performance.now.bind(performance),
    addressOf: followAddressOf(trustedProxies),
  });
  let since: number | undefined;
  const sampler = startLoadSampler(() => {
    if (traffic.isOverloaded) since ??= now();
    else since = undefined;
  });
  stack.defer(() => sampler.close());
  const traffic = createTraffic({
    limits: () => server().overload,
    sample: () => sampler.last,
    accessLog,
  });
  return {
    traffic,
    accessLog,
    isLeaving: false,
    overloadedSince: () => since,
    gauges: () => gaugesOf(traffic),
  };
}

/** The command line says what `auto` means on a terminal. */
function levelOf(level: WeirConfig["server"]["accessLog"]): "off" | "errors" | "all" {
  return level === "auto" ? "errors" : level;
}

function gaugesOf({ shed, load }: Traffic): Gauge[] {
  const gauge = (name: string, help: string, value: number): Gauge => ({
    name,
    help,
    type: "gauge",
    values: [{ labels: {}, value }],
  });
  return [
    {
      name: "weir_shed_total",
      help: "Calls turned away because there were too many, by what was full.",
      type: "counter",
      values: Array.from(shed, ([reason, value]) => ({ labels: { reason }, value })),
    },
    gauge(
      "weir_event_loop_lag_seconds",
      "The longest that work waited for the processor in the last second.",
      load.lagMs / 1000,
    ),
    gauge("weir_request_body_bytes", "Request bodies held now, or announced.", load.bodyBytes),
    gauge("weir_heap_share", "Of the memory for objects, 0 to 1.", load.heapShare),
  ];
}
