import { useMemo } from "react";
import { useFigures, type FigureRow } from "../../api/trace-queries.ts";
import { formatCompact, formatMs, formatRate } from "../../format.ts";
import { Chart, type ChartProps } from "../../parts/chart.tsx";
import type { ChartSeries } from "../../parts/chart-options.ts";
import { Loaded, Skeleton } from "../../parts/feedback.tsx";
import { bucketsOf, refetchMs, seriesOf, spanOf } from "../../parts/figure-window.ts";
import { useValueNames } from "../../parts/dimensions.ts";
import { chartsByValue } from "./value-charts.ts";
import { seriesQuery, toSearch, type View } from "./performance-view.ts";

const DASHED = [8, 4] as const;
const DOTTED = [2, 4] as const;

/** The window's course in charts that share one pointer. */
export function Charts({ view }: { view: View }) {
  const query = () => seriesQuery(view, Date.now());
  const series = useFigures(`series ${toSearch(view)}`, query, refetchMs(view.window));
  return (
    <Loaded result={series} skeleton={<Skeleton height={520} />}>
      {(figures) => <Drawn view={view} figures={figures} />}
    </Loaded>
  );
}

function Drawn({ view, figures }: { view: View; figures: readonly FigureRow[] }) {
  const nameOf = useValueNames(view.by);
  const charts = useMemo(
    () =>
      view.lines === "all"
        ? chartsOf(view, figures)
        : chartsByValue(view, figures, nameOf, Date.now()),
    [view.window, view.lines, figures, nameOf],
  );
  return (
    <div className="charts">
      {charts.map((chart) => (
        <Chart key={keyOf(chart)} {...chart} />
      ))}
    </div>
  );
}

/** A chart with other lines is another chart. */
function keyOf({ title, series }: ChartProps): string {
  return [title, ...series.map(({ label }) => label)].join("\0");
}

type Timing = "durationMs" | "ttftMs" | "perTokenMs" | "queueMs";

function chartsOf({ window }: View, figures: readonly FigureRow[]): ChartProps[] {
  const span = spanOf(window, Date.now());
  const times = bucketsOf(span);
  const perMinute = 60_000 / span.bucketMs;
  const level = (label: string, color: string, read: (figure: FigureRow) => number) => ({
    label,
    color,
    shape: "level" as const,
    values: seriesOf(times, figures, read, 0),
  });
  const timing = (title: string, field: Timing): ChartProps => ({
    title,
    times,
    format: formatMs,
    summary: summaryOf(title, figures, field),
    series: percentiles(times, figures, field),
  });
  const counted = (title: string, series: readonly ChartSeries[], format = formatRate) => ({
    title,
    times,
    series,
    format,
    summary: `${title}, by ${series.map(({ label }) => label).join(", ")}.`,
  });
  return [
    timing("End to end", "durationMs"),
    timing("First token", "ttftMs"),
    timing("Between tokens", "perTokenMs"),
    timing("In the queue", "queueMs"),
    counted("Runs per minute", [level("runs", "--river", ({ runs }) => runs * perMinute)]),
    counted("Errors and guard", [
      level("failed", "--clay", ({ errors }) => errors),
      { ...level("blocked", "--ochre", ({ blocked }) => blocked), dash: DASHED },
      { ...level("guard hits", "--slate", ({ guarded }) => guarded), dash: DOTTED },
    ]),
    counted(
      "Tokens per minute",
      [
        level("in", "--slate", ({ inputTokens }) => inputTokens * perMinute),
        {
          ...level("out", "--river", ({ outputTokens }) => outputTokens * perMinute),
          dash: DASHED,
        },
      ],
      formatCompact,
    ),
    counted("Left by the client", [level("canceled", "--slate", ({ canceled }) => canceled)]),
  ];
}

function percentiles(
  times: readonly number[],
  figures: readonly FigureRow[],
  field: Timing,
): ChartSeries[] {
  const line = (label: "p50" | "p95" | "p99" | "mean", color: string) => ({
    label,
    color,
    shape: "line" as const,
    values: seriesOf(times, figures, (figure) => figure[field][label], null),
  });
  return [
    line("p50", "--river"),
    { ...line("p95", "--ochre"), dash: DASHED },
    { ...line("p99", "--clay"), dash: DOTTED },
    { ...line("mean", "--slate"), dash: [1, 3] },
  ];
}

function summaryOf(title: string, figures: readonly FigureRow[], field: Timing): string {
  const highest = Math.max(0, ...figures.map((figure) => figure[field].p95 ?? 0));
  const last = figures.at(-1)?.[field];
  return `${title}: p50 ${formatMs(last?.p50)}, p95 ${formatMs(last?.p95)} at the end; p95 at most ${formatMs(highest)}.`;
}
