import { useMemo } from "react";
import type { Bucket, Overview } from "../../../../src/http/admin-schemas.ts";
import { formatCompact, formatCost, formatFullTime, formatMs, formatRate } from "../../format.ts";
import { Chart, type ChartProps } from "../../parts/chart.tsx";
import type { ChartSeries } from "../../parts/chart-options.ts";

const DASHED = [8, 4] as const;
const DOTTED = [2, 4] as const;

/** The window's course in six charts that share one pointer, and as a table. */
export function Charts({ overview }: { overview: Overview }) {
  const charts = useMemo(() => chartsOf(overview), [overview]);
  return (
    <>
      <div className="charts">
        {charts.map((chart) => (
          <Chart key={chart.title} {...chart} />
        ))}
      </div>
      <FiguresTable series={overview.series} />
    </>
  );
}

function chartsOf(overview: Overview): ChartProps[] {
  const { series, totals } = overview;
  const times = series.map(({ at }) => at);
  const draw = (label: string, color: string, read: (bucket: Bucket) => number | null) => ({
    label,
    color,
    shape: "level" as const,
    values: series.map(read),
  });
  return [
    { times, ...throughput(overview) },
    {
      title: "Time to first token",
      summary: `p50 ${formatMs(totals.ttftMs.p50)}, p95 ${formatMs(totals.ttftMs.p95)} over the window.`,
      format: formatMs,
      times,
      series: percentiles(series, ({ ttftMs }) => ttftMs),
    },
    {
      title: "Latency",
      summary: `p50 ${formatMs(totals.durationMs.p50)}, p95 ${formatMs(totals.durationMs.p95)} over the window.`,
      format: formatMs,
      times,
      series: percentiles(series, ({ durationMs }) => durationMs),
    },
    {
      title: "Tokens",
      summary: `${formatCompact(totals.inputTokens)} in, ${formatCompact(totals.outputTokens)} out.`,
      format: formatCompact,
      times,
      series: [
        draw("in", "--slate", (bucket) => bucket.inputTokens),
        { ...draw("out", "--river", (bucket) => bucket.outputTokens), dash: DASHED },
      ],
    },
    {
      title: "Cost",
      summary: `${formatCost(totals.costNanos)} over the window.`,
      format: (dollars) => formatCost(dollars * 1e9),
      times,
      series: [draw("cost", "--ochre", (bucket) => bucket.costNanos / 1e9)],
    },
    {
      title: "Errors and guard hits",
      summary: `${totals.errors} errors, ${totals.guardHits} guard hits.`,
      format: formatRate,
      times,
      series: [
        draw("errors", "--clay", (bucket) => bucket.errors),
        { ...draw("guard hits", "--ochre", (bucket) => bucket.guardHits), dash: DASHED },
      ],
    },
  ];
}

/** Calls as a rate: by the second where buckets are short, else by the minute. */
function throughput({ series, bucketMs, totals }: Overview): Omit<ChartProps, "times"> {
  const [unit, unitMs] = bucketMs < 60_000 ? ["s", 1000] : ["min", 60_000];
  const values = series.map(({ calls }) => (calls * unitMs) / bucketMs);
  return {
    title: `Calls per ${unit === "s" ? "second" : "minute"}`,
    summary: `${totals.calls} calls; at most ${formatRate(Math.max(0, ...values))} per ${unit}.`,
    format: formatRate,
    series: [{ label: "calls", color: "--river", shape: "level", values }],
  };
}

function percentiles(
  series: readonly Bucket[],
  read: (bucket: Bucket) => Bucket["ttftMs"],
): ChartSeries[] {
  const line = (label: string, color: string, pick: "p50" | "p95" | "p99") => ({
    label,
    color,
    shape: "line" as const,
    values: series.map((bucket) => read(bucket)[pick]),
  });
  return [
    line("p50", "--river", "p50"),
    { ...line("p95", "--ochre", "p95"), dash: DASHED },
    { ...line("p99", "--clay", "p99"), dash: DOTTED },
  ];
}

/** The same figures for those who read rather than look; empty buckets are left out. */
function FiguresTable({ series }: { series: readonly Bucket[] }) {
  const rows = series.filter(({ calls }) => calls > 0).toReversed();
  const head = [
    "Time",
    "Calls",
    "Errors",
    "Guard hits",
    "First token p95",
    "Latency p95",
    "Tokens in",
    "Tokens out",
    "Cost",
  ];
  return (
    <details className="panel figures-table">
      <summary>The figures as a table</summary>
      <div className="table-box" tabIndex={0} role="region" aria-label="The figures as a table">
        <table className="table">
          <thead>
            <tr>
              {head.map((name, index) => (
                <th key={name} scope="col" className={index === 0 ? "" : "number"}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((bucket) => (
              <tr key={bucket.at}>
                <th scope="row">{formatFullTime(bucket.at)}</th>
                {cellsOf(bucket).map((cell, index) => (
                  <td key={head[index + 1]} className="number">
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function cellsOf(bucket: Bucket): (string | number)[] {
  return [
    bucket.calls,
    bucket.errors,
    bucket.guardHits,
    formatMs(bucket.ttftMs.p95),
    formatMs(bucket.durationMs.p95),
    bucket.inputTokens,
    bucket.outputTokens,
    formatCost(bucket.costNanos),
  ];
}
