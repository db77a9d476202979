import { useMemo } from "react";
import type { CostReport } from "../../../../src/http/cost-schemas.ts";
import { formatCompact, formatCost } from "../../format.ts";
import { Chart, type ChartProps } from "../../parts/chart.tsx";
import { bucketOf, type CostView } from "./cost-view.ts";

const DASHED = [8, 4] as const;

/** The period's course: money and tokens in each of its parts. */
export function CostCharts({ view, report }: { view: CostView; report: CostReport }) {
  const charts = useMemo(() => chartsOf(view, report), [view.period, report]);
  return (
    <div className="charts">
      {charts.map((chart) => (
        <Chart key={chart.title} {...chart} />
      ))}
    </div>
  );
}

type Row = CostReport["rows"][number];

const STEP = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;

function chartsOf(view: CostView, { rows, from, to, total }: CostReport): ChartProps[] {
  const bucket = bucketOf(view);
  const times = timesOf(rows, bucket, from, to);
  const byTime = new Map(rows.map((row) => [row.at, row]));
  const level = (label: string, color: string, read: (row: Row) => number) => ({
    label,
    color,
    shape: "level" as const,
    values: times.map((at) => {
      const row = byTime.get(at);
      return row === undefined ? 0 : read(row);
    }),
  });
  const hasMachines = total.infraCostNanos > 0;
  return [
    {
      title: `Cost by ${bucket}`,
      summary: `${formatCost(total.costNanos)} in the period.`,
      format: (dollars) => formatCost(dollars * 1e9),
      times,
      series: [
        level("vendors", "--ochre", ({ apiCostNanos }) => apiCostNanos / 1e9),
        ...(hasMachines
          ? [
              {
                ...level("own machines", "--moss", ({ infraCostNanos }) => infraCostNanos / 1e9),
                dash: DASHED,
              },
            ]
          : []),
      ],
    },
    {
      title: `Tokens by ${bucket}`,
      summary: `${formatCompact(total.inputTokens)} in, ${formatCompact(total.outputTokens)} out.`,
      format: formatCompact,
      times,
      series: [
        level("in", "--slate", ({ inputTokens }) => inputTokens),
        { ...level("out", "--river", ({ outputTokens }) => outputTokens), dash: DASHED },
      ],
    },
  ];
}

/** Every part of the period; months are of different lengths, so only those with rows are known. */
function timesOf(
  rows: readonly Row[],
  bucket: keyof typeof STEP | "month",
  from: number,
  to: number,
): number[] {
  const known = rows.map(({ at }) => at).toSorted((a, b) => a - b);
  if (bucket === "month") return monthsOf(from, to);
  const step = STEP[bucket];
  const first = known[0];
  if (first === undefined) return [from, to];
  // Weeks begin where the server says: its rows show it.
  const start = first - Math.floor((first - from) / step) * step;
  const count = Math.min(1000, Math.max(1, Math.ceil((to - start) / step)));
  return Array.from({ length: count }, (_, index) => start + index * step);
}

function monthsOf(from: number, to: number): number[] {
  const first = new Date(from);
  const times: number[] = [];
  for (let month = 0; times.length < 24; month++) {
    const at = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + month);
    if (at >= to) break;
    times.push(at);
  }
  return times;
}
