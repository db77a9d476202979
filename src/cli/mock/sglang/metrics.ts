import { type Metric, metricsText } from "../metrics-text.ts";
import { isBefore } from "../release.ts";

const GAUGES = {
  num_running_reqs: 1,
  num_queue_reqs: 2,
  token_usage: 0.25,
  cache_hit_rate: 0.2,
  spec_accept_rate: 0,
  num_retracted_requests: 0,
};
const COUNTERS = {
  prompt_tokens_total: 1000,
  generation_tokens_total: 500,
  cached_tokens_total: 100,
  num_requests_total: 10,
};

/** SGLang's metrics under the names that a release gives them. */
export function sglangMetrics(version: string | undefined, model: string): string {
  const between = isBefore(version, "0.4.5")
    ? "time_per_output_token_seconds"
    : "inter_token_latency_seconds";
  const histograms = {
    time_to_first_token_seconds: 0.05,
    [between]: 0.02,
    e2e_request_latency_seconds: 0.5,
    queue_time_seconds: 0.01,
  };
  const all = (type: Metric["type"], values: Readonly<Record<string, number>>): Metric[] =>
    Object.entries(values).map(([name, value]) => ({
      name: `sglang:${name}`,
      type,
      value,
      labels: { model_name: model },
    }));
  return metricsText([
    ...all("gauge", GAUGES),
    ...all("counter", COUNTERS),
    ...all("histogram", histograms),
  ]);
}
