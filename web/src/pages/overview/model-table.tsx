import { Link } from "wouter";
import type { Overview } from "../../../../src/http/admin-schemas.ts";
import { formatCost, formatCount, formatMs, formatShare } from "../../format.ts";

/** The window by model, the busiest first; each name leads to its calls. */
export function ModelTable({ models }: { models: Overview["models"] }) {
  return (
    <section className="panel" aria-labelledby="by-model">
      <div className="panel-head">
        <h2 id="by-model">By model</h2>
      </div>
      <div className="table-box" tabIndex={0} role="region" aria-labelledby="by-model">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Model</th>
              {["Calls", "Error rate", "p50", "p95", "Tokens in", "Tokens out", "Cost"].map(
                (name) => (
                  <th key={name} scope="col" className="number">
                    {name}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {models
              .toSorted((a, b) => b.calls - a.calls)
              .map((row) => (
                <ModelRow key={row.model} row={row} />
              ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function ModelRow({ row }: { row: Overview["models"][number] }) {
  return (
    <tr>
      <th scope="row">
        <Link href={`/calls?model=${encodeURIComponent(row.model)}`}>{row.model}</Link>
      </th>
      <td className="number">{formatCount(row.calls)}</td>
      <td className="number">{formatShare(row.errors, row.calls)}</td>
      <td className="number">{formatMs(row.durationMs.p50)}</td>
      <td className="number">{formatMs(row.durationMs.p95)}</td>
      <td className="number">{formatCount(row.inputTokens)}</td>
      <td className="number">{formatCount(row.outputTokens)}</td>
      <td className="number">{formatCost(row.costNanos)}</td>
    </tr>
  );
}
