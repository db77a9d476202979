import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { chartOptions, type ChartSeries } from "./chart-options.ts";
import { onThemeChange } from "./theme.tsx";

export interface ChartProps {
  readonly title: string;
  /** One sentence with the figures that matter, for those who cannot see the lines. */
  readonly summary: string;
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** A single line is named, too. */
  readonly isNamed?: boolean;
}

/** A time chart. Lines differ by dash as well as by colour; the pointer shows exact figures. */
export function Chart({ title, summary, times, series, format, isNamed = false }: ChartProps) {
  const heading = useId();
  const box = useRef<HTMLDivElement>(null);
  usePlot(box, times, series, format);
  return (
    <figure className="panel chart" aria-labelledby={heading}>
      <figcaption className="panel-head">
        <h2 id={heading}>{title}</h2>
        {(series.length > 1 || isNamed) && <Legend series={series} />}
      </figcaption>
      <p className="for-screen-readers">{summary}</p>
      <div className="chart-box" ref={box} aria-hidden="true" />
    </figure>
  );
}

function Legend({ series }: { series: readonly ChartSeries[] }) {
  return (
    <ul className="legend" aria-hidden="true">
      {series.map(({ label, color, dash }) => (
        <li key={label}>
          <svg width="30" height="8" viewBox="0 0 30 8">
            <path
              d="M1 4h28"
              style={{ stroke: `var(${color})` }}
              strokeWidth="2.2"
              strokeDasharray={dash?.join(" ")}
            />
          </svg>
          {label}
        </li>
      ))}
    </ul>
  );
}

/** Draws into `box`: anew when the colours or the kinds of line change, else only new data. */
function usePlot(
  box: React.RefObject<HTMLDivElement | null>,
  times: readonly number[],
  series: readonly ChartSeries[],
  format: (value: number) => string,
): void {
  const plot = useRef<uPlot>(null);
  const latest = useRef({ times, series, format });
  const [theme, setTheme] = useState(0);
  useEffect(() => onThemeChange(() => setTheme((count) => count + 1)), []);
  useLayoutEffect(() => {
    latest.current = { times, series, format };
  });

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const { times, series, format } = latest.current;
    const options = chartOptions(element, series, format);
    const drawn = new uPlot(options, toData(times, series), element);
    plot.current = drawn;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0)
        drawn.setSize({ width: element.clientWidth, height: options.height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [box, theme]);

  useEffect(() => plot.current?.setData(toData(times, series)), [times, series]);
}

function toData(times: readonly number[], series: readonly ChartSeries[]): uPlot.AlignedData {
  return [times.map((at) => at / 1000), ...series.map(({ values }) => [...values])];
}
