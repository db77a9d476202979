import type { SpendRow } from "../../../../src/http/limit-schemas.ts";
import { formatCost, formatCount } from "../../format.ts";

/** What somebody has cost, whether or not anything limits it. */
export function Spent({ row }: { row: SpendRow | undefined }) {
  if (!row || row.monthCalls === 0) return <span className="quiet">nothing this month</span>;
  return (
    <>
      <span className="figures">{formatCost(row.dayNanos)}</span> today
      <div className="key-line figures">
        {formatCost(row.monthNanos)} this month, {formatCount(row.monthCalls)} calls
      </div>
    </>
  );
}
