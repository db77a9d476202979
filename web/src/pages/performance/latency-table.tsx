import type { FigureRow } from "../../api/trace-queries.ts";
import { formatCount, formatMs } from "../../format.ts";
import { FigureTable } from "../../parts/figure-table.tsx";

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
      <FigureTable
        labelledBy="latency"
        of="Time"
        columns={[...STEPS, "Measured"]}
        lines={ROWS.map(([field, name, of]) => ({
          key: field,
          title: (
            <>
              {name} <span className="quiet small">{of}</span>
            </>
          ),
          cells: [
            ...STEPS.map((step) => formatMs(total[field][step])),
            formatCount(total[field].count),
          ],
        }))}
      />
    </section>
  );
}
