/** Prometheus' text exposition format, version 0.0.4, for what `metrics.ts` counts. Pure. */

export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly values: readonly { readonly labels: Readonly<Record<string, string>>; value: number }[];
}

/** Upper bounds of the latency histograms' buckets. */
export const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export interface Series {
  readonly labels: string;
  calls: number;
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  costNanos: number;
  duration: Histogram;
  ttft: Histogram;
}

export interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** The metrics of all calls and of the guard's findings. */
export function exposeCalls(all: readonly Series[], findings: ReadonlyMap<string, number>): string {
  const counters: [string, string, (entry: Series) => number][] = [
    ["weir_calls_total", "Calls, by how they ended.", ({ calls }) => calls],
    ["weir_input_tokens_total", "Prompt tokens.", ({ inputTokens }) => inputTokens],
    ["weir_output_tokens_total", "Generated tokens.", ({ outputTokens }) => outputTokens],
    [
      "weir_cached_tokens_total",
      "Prompt tokens found in a cache.",
      ({ cachedTokens }) => cachedTokens,
    ],
    ["weir_cost_dollars_total", "Cost in US dollars.", ({ costNanos }) => costNanos / 1e9],
  ];
  const lines = counters.map(([name, help, value]) =>
    block(
      name,
      help,
      "counter",
      all.map((entry) => `${name}{${entry.labels}} ${value(entry)}`),
    ),
  );
  return [
    ...lines,
    histogramBlock(
      "weir_call_duration_seconds",
      "From a request's head to its last byte.",
      all,
      "duration",
    ),
    histogramBlock(
      "weir_first_content_seconds",
      "From a request's head to its first content.",
      all,
      "ttft",
    ),
    block(
      "weir_guard_findings_total",
      "What the guard saw and did.",
      "counter",
      Array.from(findings, ([labels, count]) => `weir_guard_findings_total{${labels}} ${count}`),
    ),
  ].join("");
}

/** One gauge of each name for several processes: what counts is added up, of a state the worst is shown. */
export function sumGauges(gauges: readonly Gauge[]): Gauge[] {
  const sums = new Map<string, { gauge: Gauge; values: Map<string, Gauge["values"][number]> }>();
  for (const gauge of gauges) {
    const sum = sums.get(gauge.name) ?? { gauge, values: new Map() };
    sums.set(gauge.name, sum);
    for (const { labels, value } of gauge.values) {
      const key = formatLabels(labels);
      const known = sum.values.get(key)?.value ?? 0;
      const isState = gauge.name.endsWith("_state") || gauge.name.endsWith("_drained");
      sum.values.set(key, { labels, value: isState ? Math.max(value, known) : value + known });
    }
  }
  return Array.from(sums.values(), ({ gauge, values }) => ({
    ...gauge,
    values: [...values.values()],
  }));
}

export function exposeGauge({ name, help, type, values }: Gauge): string {
  const lines = values.map(({ labels, value }) => {
    const text = formatLabels(labels);
    return text ? `${name}{${text}} ${value}` : `${name} ${value}`;
  });
  return block(name, help, type, lines);
}

export function block(name: string, help: string, type: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("\n")}\n`;
}

function histogramBlock(
  name: string,
  help: string,
  all: readonly Series[],
  field: "duration" | "ttft",
): string {
  const lines = all.flatMap(({ labels, [field]: { counts, sum, count } }) => {
    let below = 0;
    const buckets = SECONDS.map((bound, index) => {
      below += counts[index] ?? 0;
      return `${name}_bucket{${labels},le="${bound}"} ${below}`;
    });
    return [
      ...buckets,
      `${name}_bucket{${labels},le="+Inf"} ${count}`,
      `${name}_sum{${labels}} ${sum}`,
      `${name}_count{${labels}} ${count}`,
    ];
  });
  return block(name, help, "histogram", lines);
}

export function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(
      ([name, value]) =>
        `${name}="${value.replace(/["\\\n]/g, (char) => (char === "\n" ? String.raw`\n` : `\\${char}`))}"`,
    )
    .join(",");
}
