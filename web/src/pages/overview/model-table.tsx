import { Link } from "wouter";
import type { Overview } from "../../../../src/http/admin-schemas.ts";
import { formatCost, formatCount, formatMs, formatShare } from "../../format.ts";
import { FigureTable } from "../../parts/figure-table.tsx";

const COLUMNS = ["Calls", "Error rate", "p50", "p95", "Tokens in", "Tokens out", "Cost"];

/** The window by model, the busiest first; each name leads to its calls. */
export function ModelTable({ models }: { models: Overview["models"] }) {
  return (
    <section className="panel" aria-labelledby="by-model">
      <div className="panel-head">
        <h2 id="by-model">By model</h2>
      </div>
      <FigureTable
        labelledBy="by-model"
        of="Model"
        columns={COLUMNS}
        lines={models
          .toSorted((a, b) => b.calls - a.calls)
          .map((row) => ({
            key: row.model,
            title: <Link href={`/calls?model=${encodeURIComponent(row.model)}`}>{row.model}</Link>,
            cells: cellsOf(row),
          }))}
      />
    </section>
  );
}

function cellsOf(row: Overview["models"][number]): string[] {
  return [
    formatCount(row.calls),
    formatShare(row.errors, row.calls),
    formatMs(row.durationMs.p50),
    formatMs(row.durationMs.p95),
    formatCount(row.inputTokens),
    formatCount(row.outputTokens),
    formatCost(row.costNanos),
  ];
}
