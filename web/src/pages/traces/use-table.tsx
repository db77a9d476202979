import type { RunRow } from "../../../../src/http/trace-schemas.ts";
import { formatCost, formatCount } from "../../format.ts";

/** A run's tokens by kind and what they cost. */
export function UseTable({ run }: { run: RunRow }) {
  const kinds = tokenKinds(run);
  if (kinds.length === 0 && run.costNanos === null) return null;
  return (
    <section className="panel" aria-label="Tokens and cost">
      <div className="panel-head">
        <h2>Tokens and cost</h2>
        <span className="small quiet">{noteOf(run)}</span>
      </div>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Kind</th>
            <th scope="col" className="number">
              Tokens
            </th>
            <th scope="col" className="number">
              Cost
            </th>
          </tr>
        </thead>
        <tbody>
          {kinds.map(({ name, tokens, nanos, isPart }) => (
            <tr key={name}>
              <th scope="row" className={isPart ? "part" : ""}>
                {name}
              </th>
              <td className="number">{formatCount(tokens)}</td>
              <td className="number">{isPart ? "" : formatCost(nanos)}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">Together</th>
            <td className="number">{formatCount(run.inputTokens + run.outputTokens)}</td>
            <td className="number">{formatCost(run.costNanos)}</td>
          </tr>
        </tbody>
      </table>
    </section>
  );
}

function noteOf({ isEstimated, isCovered, priceVersion, costNanos }: RunRow): string {
  const notes = [
    isEstimated ? "the tokens are an estimate" : "",
    isCovered ? "counted at the call of this server below it" : "",
    priceVersion !== null ? `price ${priceVersion}` : "",
    costNanos === null ? "no known price" : "",
  ];
  return notes.filter(Boolean).join(", ");
}

interface Kind {
  readonly name: string;
  readonly tokens: number;
  readonly nanos: number | null;
  /** Included in the one above it. */
  readonly isPart: boolean;
}

export function tokenKinds(run: RunRow): Kind[] {
  if (run.inputTokens + run.outputTokens === 0) return [];
  const part = (name: string, tokens: number) => ({ name, tokens, nanos: null, isPart: true });
  return [
    { name: "Input", tokens: run.inputTokens, nanos: run.inputCostNanos, isPart: false },
    ...[
      part("cached", run.cachedTokens),
      part("written to the cache", run.cacheWriteTokens),
      part("images", run.imageTokens),
      part("audio", run.audioTokens),
    ].filter(({ tokens }) => tokens > 0),
    { name: "Output", tokens: run.outputTokens, nanos: run.outputCostNanos, isPart: false },
    ...(run.reasoningTokens > 0 ? [part("reasoning", run.reasoningTokens)] : []),
  ];
}
