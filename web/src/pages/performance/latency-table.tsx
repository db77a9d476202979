import type { FigureRow } from "../../api/trace-queries.ts";
import { formatCount, formatMs } from "../../format.ts";

const ROWS = [
  ["durationMs", "End to end", "of runs that succeeded"],
  ["ttftMs", "First token", "of streamed answers"],
  ["perTokenMs", "Between tokens", "of streamed answers"],
  ["queueMs", "In the queue", "of this server's calls"],
] as const;

const STEPS = ["mean", "p50", "p90", "p95", "p99", "max"] as const;

/** What was waited for, and how it is distributed. */
export function LatencyTable({ total }: { total: FigureRow }) {
  return (
    <section className="panel" aria-labelledby="latency">
      <div className="panel-head">
        <h2 id="latency">Latency</h2>
      </div>
      <div className="table-box" tabIndex={0} role="region" aria-labelledby="latency">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Time</th>
              {STEPS.map((step) => (
                <th key={step} scope="col" className="number">
                  {step}
                </th>
              ))}
              <th scope="col" className="number">
                Measured
              </th>
            </tr>
          </thead>
          <tbody>
            {ROWS.map(([field, name, of]) => (
              <tr key={field}>
                <th scope="row">
                  {name} <span className="quiet small">{of}</span>
                </th>
                {STEPS.map((step) => (
                  <td key={step} className="number">
                    {formatMs(total[field][step])}
                  </td>
                ))}
                <td className="number">{formatCount(total[field].count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
