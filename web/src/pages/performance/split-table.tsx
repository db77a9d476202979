import { useFigures, type FigureRow } from "../../api/trace-queries.ts";
import { formatCount, formatMs, formatShare } from "../../format.ts";
import { labelOf, useValueNames } from "../../parts/dimensions.ts";
import { Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { refetchMs } from "../../parts/figure-window.ts";
import { splitQuery, toSearch, type View } from "./performance-view.ts";

const MOST = 50;
const HEAD = [
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

/** The window by the values of a dimension, the busiest first; a value's name shows it alone. */
export function SplitTable({ view, onChange }: { view: View; onChange: (view: View) => void }) {
  const query = () => splitQuery(view, Date.now());
  const split = useFigures(`split ${toSearch(view)}`, query, refetchMs(view.window));
  const nameOf = useValueNames(view.by);
  return (
    <section className="panel" aria-labelledby="split">
      <div className="panel-head">
        <h2 id="split">By {labelOf(view.by).toLowerCase()}</h2>
        {(split.data?.length ?? 0) > MOST && (
          <span className="small quiet">
            the {MOST} busiest of {formatCount(split.data?.length)}
          </span>
        )}
      </div>
      <Loaded result={split} skeleton={<SkeletonRows count={3} />}>
        {(figures) => (
          <div className="table-box" tabIndex={0} role="region" aria-labelledby="split">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">{labelOf(view.by)}</th>
                  {HEAD.map((name) => (
                    <th key={name} scope="col" className="number">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {figures
                  .toSorted((a, b) => b.runs - a.runs)
                  .slice(0, MOST)
                  .map((figure) => (
                    <Row
                      key={figure.values[0] ?? ""}
                      name={nameOf(figure.values[0] ?? "")}
                      figure={figure}
                      onChoose={() =>
                        onChange({
                          ...view,
                          only: { dimension: view.by, value: figure.values[0] ?? "" },
                        })
                      }
                    />
                  ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </section>
  );
}

function Row(props: { name: string; figure: FigureRow; onChoose: () => void }) {
  const { name, figure, onChoose } = props;
  const { durationMs, ttftMs } = figure;
  const cells = [
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
  return (
    <tr>
      <th scope="row" className="split-name">
        <button type="button" className="link" title={name} onClick={onChoose}>
          {name}
        </button>
      </th>
      {cells.map((cell, index) => (
        <td key={HEAD[index]} className="number">
          {cell}
        </td>
      ))}
    </tr>
  );
}
