import { type Metric, metricsText } from "../metrics-text.ts";
import { isBefore } from "../release.ts";

/** Histograms that have one name in every release. */
const SECONDS_AND_SIZES = {
  time_to_first_token_seconds: 0.05,
  e2e_request_latency_seconds: 0.5,
  request_queue_time_seconds: 0.01,
  request_inference_time_seconds: 0.48,
  request_prefill_time_seconds: 0.05,
  request_decode_time_seconds: 0.43,
  request_prompt_tokens: 8,
  request_generation_tokens: 4,
  request_max_num_generation_tokens: 4,
  request_params_n: 1,
  request_params_max_tokens: 4,
  request_prefill_kv_computed_tokens: 6,
  iteration_tokens_total: 4,
};

/** vLLM's metrics under the names that a release gives them. */
export function vllmMetrics(
  version: string | undefined,
  model: string,
  loras: readonly string[],
): string {
  const labels = { model_name: model, engine: "0" };
  const prefix = isBefore(version, "0.9.2") ? "vllm:gpu_" : "vllm:";
  const metric =
    (type: Metric["type"]) =>
    (name: string, value: number, more: Metric["labels"] = {}): Metric => ({
      name: name.includes(":") ? name : `vllm:${name}`,
      type,
      value,
      labels: { ...labels, ...more },
    });
  const gauge = metric("gauge");
  const counter = metric("counter");
  const histogram = metric("histogram");
  return metricsText([
    gauge("num_requests_running", 1),
    gauge("num_requests_waiting", 2),
    ...(isBefore(version, "0.11.1") ? [gauge("num_requests_swapped", 0)] : []),
    gauge(isBefore(version, "0.9.2") ? "gpu_cache_usage_perc" : "kv_cache_usage_perc", 0.25),
    counter(`${prefix}prefix_cache_queries_total`, 400),
    counter(`${prefix}prefix_cache_hits_total`, 100),
    counter("prompt_tokens_total", 1000),
    counter("generation_tokens_total", 500),
    counter("prompt_tokens_cached_total", 100),
    counter("num_preemptions_total", 3),
    counter("corrupted_requests_total", 0),
    ...["stop", "length", "abort"].map((finished_reason, index) =>
      counter("request_success_total", [8, 1, 0][index] ?? 0, { finished_reason }),
    ),
    histogram(
      isBefore(version, "0.11.0") ? "time_per_output_token_seconds" : "inter_token_latency_seconds",
      0.02,
    ),
    ...(isBefore(version, "0.11.0")
      ? []
      : [histogram("request_time_per_output_token_seconds", 0.02)]),
    ...Object.entries(SECONDS_AND_SIZES).map(([name, value]) => histogram(name, value)),
    counter("spec_decode_num_drafts_total", 10),
    counter("spec_decode_num_draft_tokens_total", 30),
    counter("spec_decode_num_accepted_tokens_total", 20),
    gauge("cache_config_info", 1, { block_size: "16", num_gpu_blocks: "2048" }),
    // The value is when it was last set, not a count.
    gauge("lora_requests_info", 1_700_000_000, {
      max_lora: "4",
      running_lora_adapters: loras.join(","),
      waiting_lora_adapters: "",
    }),
  ]);
}
