import type { FigureRow } from "../../api/trace-queries.ts";
import { formatCompact, formatCount, formatMs, formatRate } from "../../format.ts";
import type { ChartProps } from "../../parts/chart.tsx";
import type { ChartSeries } from "../../parts/chart-options.ts";
import { bucketsOf, seriesOf, spanOf } from "../../parts/figure-window.ts";
import type { View } from "./performance-view.ts";

/** Lines differ by dash as well as by colour; the last look is that of the others. */
const LOOKS: readonly Pick<ChartSeries, "color" | "dash">[] = [
  { color: "--river" },
  { color: "--ochre", dash: [8, 4] },
  { color: "--clay", dash: [2, 4] },
  { color: "--moss", dash: [12, 4, 2, 4] },
  { color: "--ochre", dash: [16, 6] },
  { color: "--river", dash: [6, 2] },
  { color: "--moss", dash: [8, 3, 2, 3, 2, 3] },
  { color: "--clay", dash: [4, 8] },
];
const OTHERS: Pick<ChartSeries, "color" | "dash"> = { color: "--slate", dash: [1, 3] };

const TIMINGS = [
  ["End to end", "durationMs"],
  ["First token", "ttftMs"],
  ["Between tokens", "perTokenMs"],
  ["In the queue", "queueMs"],
] as const;

/** One value of the split, or all beyond the busiest ones. */
interface Value {
  readonly name: string;
  readonly look: Pick<ChartSeries, "color" | "dash">;
  readonly figures: readonly FigureRow[];
}

/** The window's course with a line for each value of the split, the busiest first. Pure. */
export function chartsByValue(
  { window, lines }: View,
  figures: readonly FigureRow[],
  nameOf: (value: string) => string,
  now: number,
): ChartProps[] {
  const step = lines === "all" ? "p95" : lines;
  const span = spanOf(window, now);
  const times = bucketsOf(span);
  const perMinute = 60_000 / span.bucketMs;
  const values = valuesOf(figures, nameOf);
  const chart = (
    title: string,
    format: (value: number) => string,
    shape: "line" | "step",
    read: (figure: FigureRow) => number | null,
  ): ChartProps => ({
    title,
    times,
    format,
    isNamed: true,
    summary: `${title}: ${values.map((value) => lastOf(value, read, format)).join(", ")} at the end.`,
    series: values.map(({ name, look, figures: own }) => ({
      label: name,
      ...look,
      shape,
      values: seriesOf(times, own, read, shape === "line" ? null : 0),
    })),
  });
  return [
    ...TIMINGS.map(([title, field]) =>
      chart(`${title}, ${step}`, formatMs, "line", (figure) => figure[field][step]),
    ),
    chart("Runs per minute", formatRate, "step", ({ runs }) => runs * perMinute),
    chart("Failed", formatCount, "step", ({ errors }) => errors),
    chart("Tokens in per minute", formatCompact, "step", (one) => one.inputTokens * perMinute),
    chart("Tokens out per minute", formatCompact, "step", (one) => one.outputTokens * perMinute),
  ];
}

function valuesOf(figures: readonly FigureRow[], nameOf: (value: string) => string): Value[] {
  const runsOf = (own: readonly FigureRow[]) => own.reduce((sum, { runs }) => sum + runs, 0);
  const rest = figures.filter(({ values }) => values.length === 0);
  const named = Map.groupBy(
    figures.filter(({ values }) => values.length > 0),
    ({ values }) => values[0] ?? "",
  );
  const values = [...named]
    .toSorted(([, some], [, more]) => runsOf(more) - runsOf(some))
    .map(([value, own], index) => ({
      name: nameOf(value),
      look: LOOKS[index % LOOKS.length] ?? OTHERS,
      figures: own,
    }));
  return rest.length === 0
    ? values
    : [...values, { name: "all others", look: OTHERS, figures: rest }];
}

function lastOf(
  { name, figures }: Value,
  read: (figure: FigureRow) => number | null,
  format: (value: number) => string,
): string {
  const last = figures.at(-1);
  const figure = last === undefined ? null : read(last);
  return `${name} ${figure === null ? "nothing" : format(figure)}`;
}
