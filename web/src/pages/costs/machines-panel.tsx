import type { CostReport } from "../../../../src/http/cost-schemas.ts";
import { formatCost, formatRate, formatShare } from "../../format.ts";

const HEAD = ["Per hour", "Hours", "Bill", "Busy", "Idle", "Busy share"];

/** Machines of one's own: what they cost, and how much of it calls caused. */
export function MachinesPanel({ report: { machines } }: { report: CostReport }) {
  if (machines.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="machines">
      <div className="panel-head">
        <h2 id="machines">Own machines</h2>
        <span className="small quiet">idle time is in nobody's cost</span>
      </div>
      <div className="table-box" tabIndex={0} role="region" aria-labelledby="machines">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Target</th>
              {HEAD.map((name) => (
                <th key={name} scope="col" className="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {machines.map((one) => (
              <tr key={`${one.model} ${one.target}`}>
                <th scope="row">
                  {one.target} <span className="quiet small">of {one.model}</span>
                </th>
                <td className="number">{formatCost(one.hourlyNanos)}</td>
                <td className="number">{formatRate(one.hours)}</td>
                <td className="number">{formatCost(one.billNanos)}</td>
                <td className="number">{formatCost(one.busyNanos)}</td>
                <td className="number">{formatCost(one.idleNanos)}</td>
                <td className="number">{formatShare(one.busyNanos, one.billNanos)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
