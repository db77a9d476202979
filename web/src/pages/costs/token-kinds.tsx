import type { CostReport } from "../../../../src/http/cost-schemas.ts";
import { formatCount, formatRate, formatShare } from "../../format.ts";

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
      <div className="table-box" tabIndex={0} role="region" aria-labelledby="kinds">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Kind</th>
              {["Tokens", "Share", "A request"].map((name) => (
                <th key={name} scope="col" className="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {KINDS.map(([field, name]) => (
              <tr key={field}>
                <th scope="row" className={name.startsWith("of it") ? "part" : ""}>
                  {name}
                </th>
                <td className="number">{formatCount(total[field])}</td>
                <td className="number">{formatShare(total[field], all)}</td>
                <td className="number">
                  {total.requests === 0 ? "–" : formatRate(total.perRequest[field])}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
