import uPlot from "uplot";
import { formatFullTime } from "../format.ts";

export interface ChartSeries {
  readonly label: string;
  /** The name of a CSS variable, as `--river`. */
  readonly color: string;
  readonly dash?: readonly number[];
  /** `level` draws steps filled down to zero, as counts by bucket, `step` the same unfilled; `line` joins what was measured. */
  readonly shape: "level" | "step" | "line";
  readonly values: readonly (number | null)[];
}

const HEIGHT = 190;
const FONT = '12px "Segoe UI", system-ui, "Liberation Sans", sans-serif';

/** Everything uPlot has to know, with the page's present colours. */
export function chartOptions(
  box: HTMLElement,
  series: readonly ChartSeries[],
  format: (value: number) => string,
): uPlot.Options {
  const color = createColorReader(box);
  const axis = {
    stroke: color("--ink-soft"),
    font: FONT,
    grid: { stroke: color("--line"), width: 1 },
    ticks: { stroke: color("--line"), width: 1, size: 4 },
  };
  return {
    width: Math.max(200, box.clientWidth),
    height: HEIGHT,
    padding: [10, 18, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      sync: { key: "overview" },
      points: { size: 7 },
    },
    scales: { y: { range: (_plot, _low, high) => [0, niceTop(high)] } },
    axes: [
      { ...axis, size: 30, space: 70, values: axisTimes },
      { ...axis, size: axisWidth, values: (_plot, splits) => splits.map(format) },
    ],
    series: [{}, ...series.map((line) => seriesOptions(line, color(line.color)))],
    hooks: tooltip(series, format),
  };
}

function seriesOptions({ label, dash, shape }: ChartSeries, stroke: string): uPlot.Series {
  const common = { label, stroke, width: 2, ...(dash ? { dash: [...dash] } : {}) };
  if (shape === "line")
    return { ...common, spanGaps: true, points: { size: 5, fill: stroke, show: isSparse } };
  const paths = uPlot.paths.stepped?.({ align: 1 });
  return {
    ...common,
    ...(shape === "level" && { fill: withAlpha(stroke, 0.16) }),
    points: { show: false },
    ...(paths ? { paths } : {}),
  };
}

/** Points that stand so far apart that a line between them says little, or a single one. */
function isSparse(plot: uPlot, series: number): boolean {
  const measured = Array.from(plot.data[series] ?? []).filter((value) => value != null).length;
  return measured * 14 < plot.over.clientWidth;
}

/** The upper end of the y axis: some air above the highest point, never an empty scale. */
function niceTop(high: number | null): number {
  return high === null || high <= 0 ? 1 : high * 1.12;
}

/** Room for the longest label of the y axis. */
function axisWidth(_plot: uPlot, values: readonly string[] | null): number {
  const longest = Math.max(2, ...(values ?? []).map((value) => value.length));
  return 14 + longest * 7;
}

const CLOCK = uPlot.fmtDate("{HH}:{mm}");
const CLOCK_SECONDS = uPlot.fmtDate("{HH}:{mm}:{ss}");
const DAY = uPlot.fmtDate("{D} {MMM}");

/** Times as short as the distance between them allows; midnight shows the day. */
function axisTimes(_plot: uPlot, splits: readonly number[]): string[] {
  const step = (splits[1] ?? 0) - (splits[0] ?? 0);
  return splits.map((seconds) => {
    const date = new Date(seconds * 1000);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
    if (step >= 86_400 || (isMidnight && step >= 3600)) return DAY(date);
    return step < 60 ? CLOCK_SECONDS(date) : CLOCK(date);
  });
}

/** A small table that follows the pointer, in the chart under it; the others show the same moment. */
function tooltip(
  series: readonly ChartSeries[],
  format: (value: number) => string,
): uPlot.Hooks.Arrays {
  const element = document.createElement("div");
  element.className = "chart-tip";
  element.hidden = true;
  return {
    init: [(plot) => plot.over.append(element)],
    setCursor: [
      (plot) => {
        const { idx, left = -1 } = plot.cursor;
        element.hidden = idx == null || left < 0 || !plot.over.matches(":hover");
        if (idx == null || element.hidden) return;
        fill(element, plot, idx);
        const flip = left > plot.over.clientWidth / 2;
        element.style.transform = `translate(${flip ? left - 12 : left + 12}px, 4px) translateX(${flip ? "-100%" : "0"})`;
      },
    ],
  };

  function fill(into: HTMLElement, plot: uPlot, index: number): void {
    const lines = series.map(({ label }, position) => {
      const value = plot.data[position + 1]?.[index];
      return row(label, value == null ? "–" : format(value));
    });
    into.replaceChildren(row(formatFullTime((plot.data[0][index] ?? 0) * 1000)), ...lines);
  }
}

function row(...texts: readonly string[]): HTMLElement {
  const line = document.createElement("div");
  line.append(
    ...texts.map((text) => {
      const part = document.createElement("span");
      part.textContent = text;
      return part;
    }),
  );
  return line;
}

/** Resolves CSS variables to plain colours: a canvas knows no `light-dark()`. */
function createColorReader(box: HTMLElement): (name: string) => string {
  return (name) => {
    box.style.color = `var(${name})`;
    const resolved = getComputedStyle(box).color;
    box.style.color = "";
    return resolved;
  };
}

function withAlpha(color: string, alpha: number): string {
  return color.replace(/^rgb\((.*)\)$/, (_all, parts: string) => `rgba(${parts}, ${alpha})`);
}
