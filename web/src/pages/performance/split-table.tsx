import { useFigures, type FigureRow } from "../../api/trace-queries.ts";
import { formatCount, formatMs, formatShare } from "../../format.ts";
import { useValueNames } from "../../parts/dimensions.ts";
import { refetchMs } from "../../parts/figure-window.ts";
import { SplitPanel } from "../../parts/split-panel.tsx";
import { splitQuery, toSearch, type View } from "./performance-view.ts";

const MOST = 50;
const COLUMNS = [
  "Runs",
  "Failed",
  "Mean",
  "p50",
  "p95",
  "p99",
  "Max",
  "First token p95",
  "Tokens in",
  "Tokens out",
];

/** The window by the values of a dimension, the busiest first. */
export function SplitTable({ view, onChange }: { view: View; onChange: (view: View) => void }) {
  const query = () => splitQuery(view, Date.now());
  const split = useFigures(`split ${toSearch(view)}`, query, refetchMs(view.window));
  const nameOf = useValueNames(view.by);
  const count = split.data?.length ?? 0;
  return (
    <SplitPanel
      split={view}
      note={count > MOST ? `the ${MOST} busiest of ${formatCount(count)}` : null}
      result={split}
      columns={COLUMNS}
      linesOf={(figures) =>
        figures
          .toSorted((a, b) => b.runs - a.runs)
          .slice(0, MOST)
          .map((figure) => {
            const value = figure.values[0] ?? "";
            return { value, name: nameOf(value), cells: cellsOf(figure) };
          })
      }
      onChange={(changed) => onChange({ ...view, ...changed })}
    />
  );
}

function cellsOf(figure: FigureRow): string[] {
  const { durationMs, ttftMs } = figure;
  return [
    formatCount(figure.runs),
    formatShare(figure.errors, figure.runs),
    formatMs(durationMs.mean),
    formatMs(durationMs.p50),
    formatMs(durationMs.p95),
    formatMs(durationMs.p99),
    formatMs(durationMs.max),
    formatMs(ttftMs.p95),
    formatCount(figure.inputTokens),
    formatCount(figure.outputTokens),
  ];
}
