import type { CostReport } from "../../../../src/http/cost-schemas.ts";
import { useCosts } from "../../api/cost-queries.ts";
import { formatCost, formatCount, formatShare } from "../../format.ts";
import { SplitPanel, type SplitLine } from "../../parts/split-panel.tsx";
import { splitQuery, toSearch, type CostView } from "./cost-view.ts";

const MOST = 100;
const COLUMNS = [
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

/** The period by the values of a dimension, the dearest first. */
export function CostTable(props: { view: CostView; onChange: (view: CostView) => void }) {
  const { view, onChange } = props;
  const split = useCosts(`split ${toSearch(view)}`, () => splitQuery(view, Date.now()));
  return (
    <SplitPanel
      split={view}
      note={view.by === "tag" ? "a run counts in each of its tags" : null}
      result={split}
      columns={COLUMNS}
      linesOf={linesOf}
      onChange={(changed) => onChange({ ...view, ...changed })}
    />
  );
}

function linesOf({ rows, total }: CostReport): SplitLine[] {
  return rows
    .filter(({ requests, costNanos }) => requests > 0 || costNanos > 0)
    .toSorted((a, b) => b.costNanos - a.costNanos || b.runs - a.runs)
    .slice(0, MOST)
    .map((row) => ({
      value: row.values[0] ?? "",
      name: row.labels[0] || row.values[0] || "none",
      cells: cellsOf(row, total.costNanos),
    }));
}

function cellsOf(row: CostReport["rows"][number], total: number): string[] {
  const isAsked = row.requests > 0;
  return [
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
}
