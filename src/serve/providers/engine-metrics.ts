import type { EngineLoad } from "../provider.ts";

/**
 * An engine's Prometheus page in our words. Names changed between releases (`vllm:gpu_cache_usage_perc`
 * is `kv_cache_usage_perc` since 0.9.2), and counters come with and without `_total`: any of them is
 * taken, the first in a row wins.
 */
const NAMES = {
  running: [
    "vllm:num_requests_running",
    "sglang:num_running_reqs",
    "llamacpp:requests_processing",
    "tgi_batch_current_size",
  ],
  waiting: [
    "vllm:num_requests_waiting",
    "sglang:num_queue_reqs",
    "llamacpp:requests_deferred",
    "tgi_queue_size",
  ],
  kvCacheUsage: [
    "vllm:kv_cache_usage_perc",
    "vllm:gpu_cache_usage_perc",
    "sglang:token_usage",
    "llamacpp:kv_cache_usage_ratio",
  ],
  prefixQueries: ["vllm:prefix_cache_queries", "vllm:gpu_prefix_cache_queries"],
  prefixHits: ["vllm:prefix_cache_hits", "vllm:gpu_prefix_cache_hits"],
  prefixHitRate: ["sglang:cache_hit_rate", "vllm:gpu_prefix_cache_hit_rate"],
  promptTokens: ["vllm:prompt_tokens", "sglang:prompt_tokens", "llamacpp:prompt_tokens"],
  generatedTokens: [
    "vllm:generation_tokens",
    "sglang:generation_tokens",
    "llamacpp:tokens_predicted",
  ],
  batchTokens: ["tgi_batch_current_max_tokens"],
  batchTokensMost: ["tgi_batch_max_total_tokens"],
} as const;

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{[^}]*\})? (\S+)/;

/** Reads a metrics page. Values of several label sets (engines of one server) are added up. */
export function readEngineLoad(page: string): EngineLoad {
  const values = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const line of page.split("\n")) {
    const [, name, text] = SAMPLE.exec(line) ?? [];
    const value = Number(text);
    if (name === undefined || !Number.isFinite(value)) continue;
    const key = name.replace(/_total$/, "");
    values.set(key, (values.get(key) ?? 0) + value);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const found = (names: readonly string[]) => names.find((name) => values.has(name));
  const total = (key: keyof typeof NAMES) => values.get(found(NAMES[key]) ?? "");
  const mean = (key: keyof typeof NAMES) => {
    const value = total(key);
    return value === undefined ? undefined : value / (counts.get(found(NAMES[key]) ?? "") ?? 1);
  };
  const load = {
    running: total("running"),
    waiting: total("waiting"),
    // TGI has no gauge of its own: its current batch against the largest that fits.
    kvCacheUsage: mean("kvCacheUsage") ?? ratio(total("batchTokens"), total("batchTokensMost")),
    prefixCacheHitRate: ratio(total("prefixHits"), total("prefixQueries")) ?? mean("prefixHitRate"),
    promptTokens: total("promptTokens"),
    generatedTokens: total("generatedTokens"),
  };
  return Object.fromEntries(Object.entries(load).filter(([, value]) => value !== undefined));
}

function ratio(part: number | undefined, whole: number | undefined): number | undefined {
  if (part === undefined || whole === undefined) return undefined;
  return whole === 0 ? 0 : part / whole;
}
