import type { CostReport } from "../../../../src/http/cost-schemas.ts";
import { useCosts } from "../../api/cost-queries.ts";
import { formatCost, formatCount, formatShare } from "../../format.ts";
import { labelOf } from "../../parts/dimensions.ts";
import { Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { splitQuery, toSearch, type CostView } from "./cost-view.ts";

const MOST = 100;
const HEAD = [
  "Cost",
  "Share",
  "Requests",
  "Cost a request",
  "Tokens in",
  "Cached",
  "Tokens out",
  "Reasoning",
  "Tokens a request",
  "No price",
];

/** The period by the values of a dimension, the dearest first; a value's name shows it alone. */
export function CostTable(props: { view: CostView; onChange: (view: CostView) => void }) {
  const { view, onChange } = props;
  const split = useCosts(`split ${toSearch(view)}`, () => splitQuery(view, Date.now()));
  return (
    <section className="panel" aria-labelledby="split">
      <div className="panel-head">
        <h2 id="split">By {labelOf(view.by).toLowerCase()}</h2>
        {view.by === "tag" && <span className="small quiet">a run counts in each of its tags</span>}
      </div>
      <Loaded result={split} skeleton={<SkeletonRows count={3} />}>
        {({ rows, total }) => (
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
                {rows
                  .filter(({ requests, costNanos }) => requests > 0 || costNanos > 0)
                  .toSorted((a, b) => b.costNanos - a.costNanos || b.runs - a.runs)
                  .slice(0, MOST)
                  .map((row) => (
                    <Line
                      key={row.values[0] ?? ""}
                      row={row}
                      total={total.costNanos}
                      onChoose={() =>
                        onChange({
                          ...view,
                          only: { dimension: view.by, value: row.values[0] ?? "" },
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

function Line(props: { row: CostReport["rows"][number]; total: number; onChoose: () => void }) {
  const { row, total, onChoose } = props;
  const name = row.labels[0] || row.values[0] || "none";
  const isAsked = row.requests > 0;
  const cells = [
    formatCost(row.costNanos),
    formatShare(row.costNanos, total),
    formatCount(row.requests),
    formatCost(isAsked ? row.perRequest.costNanos : null),
    formatCount(row.inputTokens),
    formatCount(row.cachedTokens),
    formatCount(row.outputTokens),
    formatCount(row.reasoningTokens),
    formatCount(isAsked ? row.perRequest.totalTokens : null),
    row.unpriced === 0 ? "–" : formatCount(row.unpriced),
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
