/** One metric in Prometheus' text format; a histogram gets its buckets from one observation. */
export interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

const BUCKETS = [0.01, 0.1, 1, 10];

/** Metrics as a scrape answers them. */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics.map(linesOf).join("");
}

function linesOf({ name, type, value, labels = {} }: Metric): string {
  const line = (suffix: string, number: number, more: Readonly<Record<string, string>> = {}) =>
    `${name}${suffix}${labelsText({ ...labels, ...more })} ${number}\n`;
  const head = `# HELP ${name} ${name.replaceAll(/[:_]/g, " ")}\n# TYPE ${name} ${type}\n`;
  if (type !== "histogram") return head + line("", value);
  const buckets = BUCKETS.map((bound) =>
    line("_bucket", bound >= value ? 1 : 0, { le: String(bound) }),
  );
  return [
    head,
    ...buckets,
    line("_bucket", 1, { le: "+Inf" }),
    line("_sum", value),
    line("_count", 1),
  ].join("");
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
