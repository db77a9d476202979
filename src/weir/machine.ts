import { execFile } from "node:child_process";
import type { Gauge } from "../watch/metrics/exposition.ts";
import { createGpuReader, gpuGauges } from "../watch/metrics/gpu.ts";
import { hostGauges, readHost } from "../watch/metrics/host.ts";
import { traceGauges } from "../watch/metrics/trace-store.ts";
import type { House } from "./house.ts";

const TOOL_MS = 5000;

/** The machine's memory, load and graphics cards, and what the trace store, engines and upstreams say of themselves. */
export function measureMachine(house: House, stack: AsyncDisposableStack): void {
  const gpus = createGpuReader({
    run,
    every(ms, tick) {
      const timer = setInterval(tick, ms).unref();
      return () => clearInterval(timer);
    },
  });
  stack.defer(() => gpus.close());
  house.gauges.push(
    () => hostGauges(readHost()),
    () => gpuGauges(gpus.readings()),
    () => traceGauges(house.traces.figuresOfThread),
    () => engineGauges(house),
    () => upstreamGauges(house),
  );
}

function run(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { timeout: TOOL_MS }, (cause, output) => {
      if (!cause) resolve(output);
      else if (cause.code === "ENOENT") resolve(undefined);
      else reject(cause);
    });
  });
}

/** What the embedded engines hold in their KV caches, and the tokens that went through them. */
function engineGauges({ catalogue }: House): Gauge[] {
  const all = catalogue.engines().map((engine) => ({ name: engine.name, stats: engine.stats() }));
  const figure = (
    type: Gauge["type"],
    name: string,
    help: string,
    value: (stats: (typeof all)[number]["stats"]) => number,
  ): Gauge => ({
    name,
    help,
    type,
    values: all.map((one) => ({ labels: { engine: one.name }, value: value(one.stats) })),
  });
  return [
    figure(
      "gauge",
      "weir_engine_kv_cache_usage",
      "The share of the KV cache that running answers hold, 0 to 1.",
      (stats) => stats.kvCacheUsage,
    ),
    figure(
      "gauge",
      "weir_engine_kv_cache_kept",
      "The share of the KV cache that is kept of earlier answers, for prompts that begin alike.",
      (stats) => stats.kvCacheKept,
    ),
    figure(
      "counter",
      "weir_engine_prompt_tokens_total",
      "Prompt tokens computed.",
      (stats) => stats.promptTokens,
    ),
    figure(
      "counter",
      "weir_engine_prefix_cached_tokens_total",
      "Prompt tokens that the KV cache had.",
      (stats) => stats.cachedTokens,
    ),
    figure(
      "counter",
      "weir_engine_generated_tokens_total",
      "Tokens generated.",
      (stats) => stats.generatedTokens,
    ),
  ];
}

/** What the last probe read from an upstream's own metrics, beside its queue. */
function upstreamGauges({ catalogue, prober }: House): Gauge[] {
  const probes = catalogue.names().flatMap((model) =>
    catalogue.targets(model).flatMap((target) => {
      const load = prober.last(target)?.load;
      return load ? [{ labels: { model, target: target.id }, load }] : [];
    }),
  );
  const figure = (
    name: string,
    help: string,
    type: Gauge["type"],
    value: (load: (typeof probes)[number]["load"]) => number | undefined,
  ): Gauge => ({
    name,
    help,
    type,
    values: probes.flatMap(({ labels, load }) => {
      const known = value(load);
      return known === undefined ? [] : [{ labels, value: known }];
    }),
  });
  return [
    figure(
      "weir_target_prefix_cache_hit_rate",
      "0 to 1, since the engine's start.",
      "gauge",
      (load) => load.prefixCacheHitRate,
    ),
    figure(
      "weir_target_prompt_tokens_total",
      "Prompt tokens that the engine read.",
      "counter",
      (load) => load.promptTokens,
    ),
    figure(
      "weir_target_generated_tokens_total",
      "Tokens that the engine made.",
      "counter",
      (load) => load.generatedTokens,
    ),
  ];
}
