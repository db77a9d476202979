/** What is shown at /metrics, in Prometheus' text format 0.0.4 and in OpenMetrics 1.0. Pure. */
import type { Exemplar, Histogram } from "./histogram.ts";

export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly values: readonly { readonly labels: Readonly<Record<string, string>>; value: number }[];
}

/** A metric with all of its series; labels are formatted. */
export type Family = {
  readonly name: string;
  readonly help: string;
} & (
  | {
      readonly type: "gauge" | "counter";
      readonly values: readonly { readonly labels: string; readonly value: number }[];
    }
  | {
      readonly type: "histogram";
      readonly values: readonly { readonly labels: string; readonly value: Histogram }[];
    }
);

export type Format = "text" | "openmetrics";

export const FORMAT_TYPES: Readonly<Record<Format, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** What a scraper asks for: Prometheus names OpenMetrics where it takes it, curl names nothing. */
export function formatFor(accept: string | undefined): Format {
  const ranges = (accept ?? "").toLowerCase().split(",");
  const wanted = ranges.find((range) => range.includes("application/openmetrics-text"));
  return wanted !== undefined && !/;\s*q=0(\.0*)?\s*(;|$)/.test(wanted) ? "openmetrics" : "text";
}

/** All metrics as one text. Metrics without a series are left out. */
export function expose(families: readonly Family[], format: Format = "text"): string {
  const blocks = families
    .filter(({ values }) => values.length > 0)
    .map((family) => `${headOf(family, format)}${linesOf(family, format).join("\n")}\n`);
  return blocks.join("") + (format === "openmetrics" ? "# EOF\n" : "");
}

function headOf({ name, help, type }: Family, format: Format): string {
  // OpenMetrics names a counter without its end, and knows no counter that lacks it.
  const isBare = type === "counter" && !name.endsWith("_total");
  const family = format === "openmetrics" && type === "counter" ? bareName(name) : name;
  const kind = format === "openmetrics" && isBare ? "unknown" : type;
  return `# HELP ${family} ${help}\n# TYPE ${family} ${kind}\n`;
}

function bareName(name: string): string {
  return name.endsWith("_total") ? name.slice(0, -"_total".length) : name;
}

function linesOf(family: Family, format: Format): string[] {
  const { name } = family;
  if (family.type === "histogram") {
    return family.values.flatMap(({ labels, value }) =>
      histogramLines(name, labels, value, format),
    );
  }
  return family.values.map(({ labels, value }) =>
    labels === "" ? `${name} ${value}` : `${name}{${labels}} ${value}`,
  );
}

function histogramLines(
  name: string,
  labels: string,
  histogram: Histogram,
  format: Format,
): string[] {
  const { bounds, counts, sum, count } = histogram;
  const before = labels === "" ? "" : `${labels},`;
  const within = labels === "" ? "" : `{${labels}}`;
  let below = 0;
  const buckets = counts.map((inBucket, at) => {
    below += inBucket;
    const line = `${name}_bucket{${before}le="${bounds[at] ?? "+Inf"}"} ${below}`;
    const exemplar = format === "openmetrics" ? histogram.exemplar(at) : undefined;
    return exemplar ? line + exemplarText(exemplar) : line;
  });
  return [...buckets, `${name}_sum${within} ${sum}`, `${name}_count${within} ${count}`];
}

function exemplarText({ traceId, value, at }: Exemplar): string {
  return ` # {trace_id="${traceId}"} ${value} ${(at / 1000).toFixed(3)}`;
}

export function toFamily({ values, ...gauge }: Gauge): Family {
  return {
    ...gauge,
    values: values.map(({ labels, value }) => ({ labels: formatLabels(labels), value })),
  };
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

export function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(
      ([name, value]) =>
        `${name}="${value.replace(/["\\\n]/g, (char) => (char === "\n" ? String.raw`\n` : `\\${char}`))}"`,
    )
    .join(",");
}
