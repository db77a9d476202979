import type { CostReport } from "../../../../src/http/cost-schemas.ts";
import { formatCount, formatRate, formatShare } from "../../format.ts";
import { FigureTable } from "../../parts/figure-table.tsx";

const KINDS = [
  ["inputTokens", "Input, all"],
  ["cachedTokens", "of it cached"],
  ["cacheWriteTokens", "of it written to a cache"],
  ["imageTokens", "of it images"],
  ["audioTokens", "of it audio"],
  ["outputTokens", "Output, all"],
  ["reasoningTokens", "of it reasoning"],
] as const;

/** Tokens by kind: together, and of one request on average. */
export function TokenKinds({ report: { total } }: { report: CostReport }) {
  const all = total.inputTokens + total.outputTokens;
  return (
    <section className="panel" aria-labelledby="kinds">
      <div className="panel-head">
        <h2 id="kinds">Tokens by kind</h2>
      </div>
      <FigureTable
        labelledBy="kinds"
        of="Kind"
        columns={["Tokens", "Share", "A request"]}
        lines={KINDS.map(([field, name]) => ({
          key: field,
          title: name,
          titleClass: name.startsWith("of it") ? "part" : "",
          cells: [
            formatCount(total[field]),
            formatShare(total[field], all),
            total.requests === 0 ? "–" : formatRate(total.perRequest[field]),
          ],
        }))}
      />
    </section>
  );
}
