import type { CostReport } from "../../../../src/http/cost-schemas.ts";
import { formatCost, formatRate, formatShare } from "../../format.ts";
import { FigureTable } from "../../parts/figure-table.tsx";

const COLUMNS = ["Per hour", "Hours", "Bill", "Busy", "Idle", "Busy share"];

/** Machines of one's own: what they cost, and how much of it calls caused. */
export function MachinesPanel({ report: { machines } }: { report: CostReport }) {
  if (machines.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="machines">
      <div className="panel-head">
        <h2 id="machines">Own machines</h2>
        <span className="small quiet">idle time is in nobody's cost</span>
      </div>
      <FigureTable
        labelledBy="machines"
        of="Target"
        columns={COLUMNS}
        lines={machines.map((one) => ({
          key: `${one.model} ${one.target}`,
          title: (
            <>
              {one.target} <span className="quiet small">of {one.model}</span>
            </>
          ),
          cells: [
            formatCost(one.hourlyNanos),
            formatRate(one.hours),
            formatCost(one.billNanos),
            formatCost(one.busyNanos),
            formatCost(one.idleNanos),
            formatShare(one.busyNanos, one.billNanos),
          ],
        }))}
      />
    </section>
  );
}
